"""What became of what a partner sent, day by day: by when a record was read, the newest day first."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Final

from msgspec import Struct

from domain.vocabulary import PARTNER_CODES
from projections.reading.meaning import means
from projections.reading.page import Key, Page
from projections.reading.session import Session
from projections.storage.sql import load

SQL: Final = load("projections.reading", "deliveries.sql")


class DeliveryDay(Struct, frozen=True):
    """One day in Jakarta (UTC+7) on which records of a partner were read."""

    partner: Annotated[str, means("Whose records.")]
    day: Annotated[str, means("The day in Jakarta on which they were read, YYYY-MM-DD.")]
    records: Annotated[int, means("How many were read; the three outcomes add up to it.")]
    accepted: Annotated[int, means("Of them, accepted.")]
    duplicate: Annotated[int, means("Of them, repeats of accepted ones.")]
    rejected: Annotated[int, means("Of them, rejected.")]


async def pages(
    session: Session, partner_id: int, after: Key | None, page_rows: int
) -> AsyncIterator[Page[DeliveryDay]]:
    """The days of a partner behind the key ``after`` = (number of a day since year 1,)."""
    before = date.max if after is None else date.fromordinal(int(after[0]))
    while True:
        rows = await session.fetch(SQL["before"], partner_id, before, page_rows)
        if rows:
            before = rows[-1][0]
            items: list[tuple[Key, DeliveryDay]] = [
                ((day.toordinal(),), _shown(partner_id, day, *counts)) for day, *counts in rows
            ]
            yield Page(items, (before.toordinal(),), len(rows))
        if len(rows) < page_rows:
            return


async def waiting(session: Session, partner_id: int) -> int:
    """How many offsets of a partner were read and are in no day's counts yet."""
    (waits,) = await session.fetchrow(SQL["waiting"], partner_id)
    return int(waits)


def _shown(partner_id: int, day: date, accepted: int, duplicate: int, rejected: int) -> DeliveryDay:
    records = accepted + duplicate + rejected
    partner = PARTNER_CODES[partner_id]
    return DeliveryDay(partner, day.isoformat(), records, accepted, duplicate, rejected)
