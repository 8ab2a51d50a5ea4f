"""Whole participant records, for answers that span classes.

The table of purchases shows what stands now. A purchase whose payments were all withdrawn has no row there any more,
and one that lost a payment may show another package than it once had. What stood at an earlier time is therefore
asked from the records of those who withdrew a payment: they are few, and their evidence keeps all of it.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Final

from projections.evidence import decode
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


async def with_withdrawn_payments(session: Session, partner_id: int) -> AsyncIterator[Record]:
    """The records of one partner in which a payment was withdrawn, by participant."""
    behind = ""
    while True:
        rows: Sequence[Any] = await session.fetch(
            SQL["remainders"], partner_id, behind, RECORDS_AT_A_TIME
        )
        withdrew = [participant_id for participant_id, held in rows if decode(held).voids]
        if withdrew:
            for _, record in sorted((await records(session, partner_id, withdrew)).items()):
                if _withdrew_payment(record):
                    yield record
        if len(rows) < RECORDS_AT_A_TIME:
            return
        behind = rows[-1][0]


def _withdrew_payment(record: Record) -> bool:
    return any(
        paid.voided_at is not None
        for purchase in record.state.purchases.values()
        for paid in purchase.paid
    )
