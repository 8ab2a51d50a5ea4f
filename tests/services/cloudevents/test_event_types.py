"""One table of types: what is made of it fits together, and its numbers in storage keep their meaning."""

import msgspec
import pytest

from domain.events import FACTS
from domain.vocabulary import TYPE_PREFIX
from services.cloudevents.envelope import ENVELOPES
from services.cloudevents.event_type import EventType
from services.cloudevents.event_types import DATA, EVENT_TYPES, FIELDS, READERS
from services.cloudevents.shape import Field, Fields
from tests.services.cloudevents.samples import FULL, accepted, envelope

PINNED = {
    "paid": (1, "purchase.paid.v1"),
    "refunded": (2, "purchase.refunded.v1"),
    "redeemed": (3, "class.redeemed.v1"),
    "progressed": (4, "class.progressed.v1"),
    "completed": (5, "class.completed.v1"),
    "assessed": (6, "class.assessed.v1"),
    "certificate": (7, "certificate.issued.v1"),
    "reviewed": (8, "class.reviewed.v1"),
    "voided": (9, "event.voided.v1"),
    "class": (10, "class.published.v1"),
    "package": (11, "package.published.v1"),
    "started": (12, "class.started.v1"),
    "attended": (13, "class.attended.v1"),
    "declared": (14, "totals.declared.v1"),
}
"""Topic in storage to number and name. A line is added at the end, none is ever changed or taken away."""


def test_topics_and_numbers_keep_their_meaning() -> None:
    assert {topic: (fact.number, fact.name) for topic, fact in FACTS.items()} == PINNED


def test_each_fact_has_one_type_and_each_type_one_of_everything() -> None:
    assert {kind.fact for kind in EVENT_TYPES} == set(FACTS.values())
    for made in (DATA, READERS, FIELDS, ENVELOPES):
        assert len(made) == len(EVENT_TYPES) == len(FACTS)


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda kind: kind.fact.name)
def test_its_example_is_accepted_as_its_fact_by_the_short_way(kind: EventType) -> None:
    event = accepted(envelope(kind.fact.name, kind.example.data))
    assert type(event.fact) is kind.fact
    assert event.unknown_fields == 0


def identifiers(tree: object, fields: Fields) -> list[object]:
    """Every value in a field that holds an identifier."""
    found: list[object] = []
    if isinstance(tree, list):
        return [each for item in tree for each in identifiers(item, fields)]
    assert isinstance(tree, dict)
    for name, field in fields.items():
        value = tree.get(name)
        if field.fields is not None and value is not None:
            found += identifiers(value, field.fields)
        elif field.kind == "identifier" and value is not None:
            found += value if isinstance(value, list) else [value]
    return found


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda kind: kind.fact.name)
def test_all_identifiers_are_read_however_deep(kind: EventType) -> None:
    data = FULL[kind.fact.name]
    typed = msgspec.convert(data, kind.data)
    read = [value for value in READERS[kind.data].identifiers_of(typed) if value is not None]
    assert sorted(read) == sorted(map(str, identifiers(data, FIELDS[TYPE_PREFIX + kind.fact.name])))
    assert read or kind.fact.name == "totals.declared.v1"


def test_a_field_is_described_whatever_its_depth() -> None:
    score = FIELDS["id.tuntas.class.assessed.v1"]["score"]
    assert isinstance(score, Field)
    assert score.fields is not None
    assert score.fields["raw"].required
    assert not score.fields["min"].required
