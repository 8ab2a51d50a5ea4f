"""Whole participant records, for answers that span classes.

The table of purchases shows what stands now. A purchase whose payments were all withdrawn has no row there any more,
and one that lost a payment may show another package than it once had. What stood at an earlier time is therefore
asked from the records of those of whom a payment was withdrawn: they are few, found by an index, and their evidence
keeps all of it.
"""

from collections.abc import AsyncIterator, Iterable
from typing import Final

from projections.reading.session import Session
from projections.record import Record
from projections.sql import load

SQL: Final = load("projections.reading", "purchases.sql")

RECORDS_AT_A_TIME: Final = 250


async def records(
    session: Session, partner_id: int, participant_ids: Iterable[str]
) -> dict[str, Record]:
    """The whole records of some participants at one partner. One query."""
    found = {participant_id: Record(participant_id) for participant_id in participant_ids}
    for participant_id, class_code, version, completion, evidence in await session.fetch(
        SQL["records"], partner_id, list(found)
    ):
        found[participant_id].load(class_code, version, completion, evidence)
    return found


async def with_withdrawn_payments(
    session: Session, partner_id: int, purchase_id: str | None = None
) -> AsyncIterator[Record]:
    """The records of one partner in which a payment was withdrawn (of one purchase, if given), by participant."""
    rows = await session.fetch(SQL["withdrew_payment"], partner_id, purchase_id)
    withdrew = [participant_id for (participant_id,) in rows]
    for start in range(0, len(withdrew), RECORDS_AT_A_TIME):
        found = await records(session, partner_id, withdrew[start : start + RECORDS_AT_A_TIME])
        for record in found.values():
            yield record
