"""Participants by number and by pseudonym, as the vault has them: the one place where the read side asks it."""

from collections.abc import Iterable, Mapping
from typing import Final

from projections.reading.session import Session
from projections.storage.people import nameless
from projections.storage.sql import load

SQL: Final = load("projections.reading", "people.sql")

LOWEST: Final = 0
"""Before every participant's number."""


async def number(session: Session, participant_id: str) -> int | None:
    """The number of a participant, None: nobody ever reported anything of one."""
    row = await session.fetchrow(SQL["number"], participant_id)
    return None if row is None else row[0]


async def names(session: Session, persons: Iterable[int]) -> Mapping[int, str]:
    """The participants of some numbers."""
    wanted = list(dict.fromkeys(persons))
    if not wanted:
        return {}
    found = dict(tuple(row) for row in await session.fetch(SQL["names"], wanted))
    return {person: found.get(person) or nameless(person) for person in wanted}
