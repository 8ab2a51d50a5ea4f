"""Who participants are: pseudonyms of numbers, as the vault has them."""

from collections.abc import Iterable, Mapping
from typing import Final

from projections.storage.copy import bigint_array
from projections.storage.cursor import Cursor
from projections.storage.sql import load

SQL: Final = load("projections.storage", "people.sql")


def names(cursor: Cursor, persons: Iterable[int]) -> Mapping[int, str]:
    """The participants of some numbers, each with a name."""
    wanted = dict.fromkeys(persons)
    if not wanted:
        return {}
    cursor.execute(SQL["names"], {"persons": bigint_array(wanted)})
    found = dict(cursor.fetchall())
    return {person: found.get(person) or nameless(person) for person in wanted}


def nameless(person: int) -> str:
    """What stands for a participant whose pseudonym is gone from the vault: it names nobody."""
    return f"#{person}"
