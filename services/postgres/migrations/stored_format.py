"""In which form facts and snapshots are stored, as a number and a fingerprint: programs of two forms share no database.

Two programs that store the same fact in other bytes take repeats for conflicts and do not find what was withdrawn. So
the form is stamped into the database, and whoever starts on it compares.
"""

from functools import cache
from typing import Any, Final

import msgspec

from domain.events import FACTS
from domain.snapshot import Snapshot
from projections.storage.facts import UPCASTS
from services.postgres.ledger import TOPIC_NUMBERS
from services.postgres.migrations.files import checksum

STORED_FORMAT: Final = 1
"""Raised together with a migration that says ``stored format: …``, whenever the fingerprint changes after a release."""


@cache
def fingerprint() -> str:
    """What tells this program's form from others: topics by name and number, and the fields of whatever is stored."""
    shapes, parts = msgspec.json.schema_components((*FACTS.values(), Snapshot))
    form = (
        list(FACTS),
        _without_prose(shapes),
        _without_prose(parts),
        sorted(UPCASTS),
        sorted(TOPIC_NUMBERS.items()),
    )
    return checksum(msgspec.json.encode(form, order="sorted").decode())[:16]


def _without_prose(schema: Any) -> Any:
    """The schema without what docstrings say in it."""
    if isinstance(schema, dict):
        return {
            name: _without_prose(part)
            for name, part in schema.items()
            if name not in {"description", "title"} or not isinstance(part, str)
        }
    if isinstance(schema, list | tuple):
        return [_without_prose(part) for part in schema]
    return schema
