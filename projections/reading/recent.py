"""Partners of whose recent records many were rejected.

Recent are the records among the last RECENT_OFFSETS offsets that were read of each of a partner's topic partitions:
what the ledger holds says it, whoever asks, and when. A partner sends mostly what is rejected where that is more than
half of them, and LEAST at least: one bad record of one is no alarm.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Final

from msgspec import Struct

from domain.vocabulary import PARTNER_CODES
from projections.reading.intake import SQL as _NAMED
from projections.reading.meaning import means
from projections.reading.session import Session

RECENT_OFFSETS: Final = 1_000
LEAST: Final = 20

SQL: Final = _NAMED["recent"].format(offsets=RECENT_OFFSETS, least=LEAST)


class Recent(Struct, frozen=True):
    """What became of a partner's recent records, where at least 20 of them were rejected."""

    partner: Annotated[str, means("Whose records.")]
    records: Annotated[
        int,
        means("Its recent records: those among the last 1,000 offsets read of each partition."),
    ]
    rejected: Annotated[int, means("How many of them were rejected.")]
    mostly_rejected: Annotated[bool, means("Whether that is more than half.")]


def recent(rows: Iterable[Any]) -> list[Recent]:
    """The partners in the rows of the statement of whose recent records at least LEAST were rejected."""
    return [
        Recent(PARTNER_CODES[partner_id], records, rejected, 2 * rejected > records)
        for partner_id, rejected, records in rows
        if records is not None
    ]


async def read(session: Session, partner_ids: Iterable[int]) -> list[Recent]:
    """As `recent`, of some partners."""
    wanted = {PARTNER_CODES[partner_id] for partner_id in partner_ids}
    found = recent(tuple(row) for row in await session.fetch(SQL))
    return [each for each in found if each.partner in wanted]
