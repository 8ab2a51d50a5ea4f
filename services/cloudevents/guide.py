"""The part of the partner's guide that tells of each type: ``python -m services.cloudevents.guide docs/events.md``.

It is made of the table of types, and takes the place of what stands between two marks in the file.
"""

import json
import re
import sys
from inspect import getdoc
from pathlib import Path
from textwrap import fill
from typing import Final

from domain.vocabulary import PARTNERS, TYPE_PREFIX
from services.cloudevents.event_type import EventType
from services.cloudevents.event_types import EVENT_TYPES
from services.cloudevents.shape import Fields, fields_of

BEGINS: Final = "<!-- from here on made by services/cloudevents/guide.py -->\n"
ENDS: Final = "<!-- up to here -->\n"

_PARTNER: Final = "pijar-mahir"
assert _PARTNER in PARTNERS  # noqa: S101 - the examples are of a partner that there is


def sections() -> str:
    """A section for each type: what it says, its fields, an example."""
    return "\n".join(map(_section, EVENT_TYPES))


def with_sections(guide: str) -> str:
    """The guide with its sections made anew. Raises ValueError where the marks are not there."""
    before, begins, rest = guide.partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not begins or not ends:
        raise ValueError("the guide has no marks")
    return f"{before}{BEGINS}\n{sections()}\n{ENDS}{after}"


def _section(kind: EventType) -> str:
    text = re.sub(r"\s*\n\s*", " ", getdoc(kind.data) or "").replace("``", "`")
    text = fill(text, 118, break_long_words=False, break_on_hyphens=False)
    rows = "\n".join(_rows(fields_of(kind.data), ""))
    return (
        f"### {kind.name.removeprefix(TYPE_PREFIX)}\n{text}\n\n"
        f"| field | is |\n| --- | --- |\n{rows}\n\n```json\n{_example(kind)}\n```\n"
    )


def _rows(fields: Fields, within: str) -> list[str]:
    rows = []
    for name, field in fields.items():
        says = f"{field.title}: " if field.title else ""
        required = "✱" if field.required else ""
        rows.append(
            f"| {required}`{within}{name}` | {says}{field.description} |".replace("``", "`")
        )
        if field.fields is not None:
            inner = f"{name}[]." if field.is_list else f"{name}."
            rows += _rows(field.fields, within + inner)
    return rows


def _example(kind: EventType) -> str:
    attributes = kind.example_attributes(_PARTNER)
    head = json.dumps(attributes)[:-1].replace(', "type"', ',\n "type"')
    return f'{head},\n "data": {json.dumps(kind.example.data, ensure_ascii=False)}}}'


def main(file: Path) -> None:
    """Make the sections of the guide anew."""
    file.write_text(with_sections(file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
