"""What partners' figures came to at the end of some days: as their list as of these days says it, in one question.

A session is in one snapshot, in which the sums over time may answer (`evaluations_days.usable`).
"""

from collections.abc import Sequence
from typing import Final

from domain.vocabulary import PARTNER_CODES
from projections.days.changed import BLOCK_OF, Kind
from projections.days.tallies import Tally, days_in, summed
from projections.reading import evaluations_days as sums
from projections.reading.evaluations_figures import counts
from projections.reading.evaluations_shown import Counts
from projections.reading.session import Session
from projections.storage.sql import load

SQL: Final = load("projections.reading", "trend.sql")
KIND: Final = Kind.PARTNER_PLAIN


async def last_changed(session: Session, partner_ids: Sequence[int], upto: int) -> int | None:
    """The last day until ``upto`` on which anything changed; None: there is none."""
    rows = await session.fetch(SQL["newest"], int(KIND), list(partner_ids), upto, BLOCK_OF[KIND])
    found: list[int] = []
    for block, content in rows:
        before = (block << BLOCK_OF[KIND]) - 1
        found.append(max((day for day, _ in days_in(content) if day <= upto), default=before))
    return max(found, default=None)


async def together(
    session: Session, partner_ids: Sequence[int], days: Sequence[int]
) -> list[Counts]:
    """What stood at the end of each of some days, of all these partners."""
    tallies = await _at_ends(session, partner_ids, days)
    count = len(partner_ids)
    starts = range(0, len(tallies), count)
    return [_counts(summed(tallies[start : start + count])) for start in starts]


async def by_partner(session: Session, partner_ids: Sequence[int], day: int) -> dict[str, Counts]:
    """What stood at the end of a day, of each of these partners by its code."""
    tallies = await _at_ends(session, partner_ids, [day])
    return {
        PARTNER_CODES[partner_id]: _counts(tally)
        for partner_id, tally in zip(partner_ids, tallies, strict=True)
    }


async def _at_ends(
    session: Session, partner_ids: Sequence[int], days: Sequence[int]
) -> list[Tally]:
    wanted = [(sums.sum_of_partner(each), day) for day in days for each in partner_ids]
    return await sums.until_each(session, [of for of, _ in wanted], [day for _, day in wanted])


def _counts(tally: Tally) -> Counts:
    return Counts(**counts(sums.counted(tally)))


async def differing(session: Session, partner_ids: Sequence[int], most: int) -> dict[str, int]:
    """Partner to how many of its purchases have an amount that differs, ``most`` at most; without those of none."""
    rows = await session.fetch(SQL["differing"], list(partner_ids), most)
    return {PARTNER_CODES[partner_id]: n for partner_id, n in rows}
