"""docs/events.md says what the code does."""

import json
import re
from pathlib import Path

import pytest

from domain.errors import Reason
from domain.vocabulary import PARTNERS, TYPE_PREFIX
from services.cloudevents.event_types import FIELDS
from services.cloudevents.guide import with_sections
from services.cloudevents.mode import ATTRIBUTES
from services.cloudevents.shape import Fields
from tests.services.cloudevents.samples import TYPES, accepted

GUIDE = (Path(__file__).parents[3] / "docs" / "events.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
SECTIONS = dict(re.findall(r"^### (\S+)\n(.*?)(?=^##)", GUIDE, re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_each_example_is_accepted(example: str) -> None:
    assert accepted(example).unknown_fields == 0


def test_each_type_has_a_section_with_an_example_of_it() -> None:
    assert list(SECTIONS) == TYPES
    for name, section in SECTIONS.items():
        example = json.loads(re.findall(r"```json\n(.*?)```", section, re.DOTALL)[0])
        assert example["type"] == TYPE_PREFIX + name


def test_its_sections_are_those_of_the_table() -> None:
    assert with_sections(GUIDE) == GUIDE, "run: python -m services.cloudevents.guide docs/events.md"


def named(fields: Fields) -> set[str]:
    inner = [named(field.fields) for field in fields.values() if field.fields]
    return set(fields).union(*inner)


@pytest.mark.parametrize("name", TYPES)
def test_each_field_is_named_in_its_section(name: str) -> None:
    prose = SECTIONS[name].partition("```json")[0] + "`purchase_id`"
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", prose))))
    assert named(FIELDS[TYPE_PREFIX + name]) - words == set()


def test_each_reason_has_a_row_and_each_attribute_too() -> None:
    rows = re.findall(r"^\| (?:✱)?`(\w+)` \|", GUIDE, re.MULTILINE)
    assert set(Reason) <= set(rows)
    assert set(ATTRIBUTES) <= set(rows)


def test_each_partner_is_named() -> None:
    assert [partner for partner in PARTNERS if f"`{partner}`" not in GUIDE] == []
