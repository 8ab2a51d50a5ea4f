"""How many of a partner's event ids were only ever rejected, by the time that their records say.

They are kept behind the intake; what is not followed yet is looked at beside them. Where too much is not, all
rejections are.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from projections.reading.session import SnapshotSession
from projections.storage.sql import load

SQL: Final = load("projections.reading", "only_rejected.sql")

MOST_BEHIND: Final = 10_000
"""What lacks more offsets or events than these is not asked."""

Microseconds = Callable[[str], int | None]
"""Reads an RFC 3339 time; None: it is none."""


async def between(
    session: SnapshotSession,
    partner_id: int,
    times: Sequence[int],
    as_of: int,
    microseconds: Microseconds,
) -> tuple[list[int], int]:
    """How many say that they happened before the first of some times, between it and the next, and so on.

    ``times`` (microseconds UTC) rise; what says to be behind ``as_of`` is left out. The second number is how many
    say no time that can be read.
    """
    found: Counter[int | None] = Counter()

    def add(happened: int | None, n: int) -> None:
        if happened is None:
            found[None] += n
        elif happened <= as_of:
            found[bisect_right(times, happened)] += n

    (is_usable,) = await session.fetchrow(SQL["usable"], partner_id, MOST_BEHIND)
    if is_usable:
        for row in await session.fetch(SQL["kept"], partner_id, times, as_of):
            found[row["bucket"]] += row["ids"]
        for (happened,) in await session.fetch(SQL["accepted_since"], partner_id):
            add(happened, -1)
        for said, is_kept, happened in await session.fetch(SQL["rejected_since"], partner_id):
            new = earliest(said, microseconds)
            if is_kept:
                add(happened, -1)
                new = _first((new, happened))
            add(new, 1)
    else:
        async for rows in session.parts(SQL["every"], partner_id):
            for (said,) in rows:
                add(earliest(said, microseconds), 1)
    return [found[bucket] for bucket in range(len(times) + 1)], found[None]


def earliest(said: Iterable[str | None], microseconds: Microseconds) -> int | None:
    """The earliest of the times that an id's records say; None: none of them can be read."""
    return _first(microseconds(each) for each in said if each is not None)


def _first(times: Iterable[int | None]) -> int | None:
    return min((time for time in times if time is not None), default=None)
