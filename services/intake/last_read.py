"""Whether a log still holds what was read of it last.

A broker that lacked the end of a log, and came to lead it, writes on where its own end was: the offsets that were read
last hold other records then, and what stands below the next offset would never be read. Nothing in the offsets shows
that. So who takes a lane over begins with the record that was read last, and compares it with its outcome.
"""

from collections.abc import Collection, Sequence
from typing import Final

from psycopg2.extensions import connection

from domain.errors import Reason
from projections.storage.sql import load
from services.intake.batch import Decoded
from services.intake.lanes import LastRead
from services.postgres.connect import transaction
from services.postgres.outcomes import KEPT_BYTES, storable

SQL: Final = load("services.intake", "last_read.sql")


def holds(last: LastRead, first: Sequence[Decoded]) -> bool:
    """Whether a log may still hold what was read last, where ``first`` is the first that it holds from there on.

    Where nothing stands at that offset any more, as after compaction, nothing can be compared.
    """
    return not first or first[0].offset != last.offset or _is_same(last, first[0])


def _is_same(last: LastRead, found: Decoded) -> bool:
    raw = found.raw
    if last.size is not None and (last.size, last.value) != (
        raw.size,
        last.value and (raw.value or b"")[:KEPT_BYTES],
    ):
        return False
    told = found.outcome.event_id
    return last.event_id is None or (told is not None and storable(told) == last.event_id)


def last_read(session: connection, lane_ids: Collection[int]) -> dict[int, LastRead]:
    """By lane; not of lanes of which nothing was read, or of which the last record could not be read as one."""
    with transaction(session) as work:
        work.execute(SQL["last_read"], {"lane_ids": list(lane_ids)})
        return {
            lane_id: LastRead(offset, event_id, size, bytes(value or b""))
            for lane_id, offset, event_id, size, value, reason in work.fetchall()
            if reason != Reason.CORRUPT_RECORD
        }
