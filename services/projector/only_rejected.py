"""Finds the ids under which records were only ever rejected, and since when their events should be here.

Behind the intake and without it, in a transaction that also notes how far each lane is followed. Partners' own totals
are compared with how many there are (projections/reading/only_rejected.py).
"""

from typing import Final

from projections.reading.only_rejected import earliest
from projections.status.rejudge import Transaction
from projections.storage.sql import load
from services.cloudevents.time import microseconds
from services.projector.steps import POSITIONS, next_step

SQL: Final = load("services.projector", "only_rejected.sql")
STEP: Final = 20_000
"""So many offsets and so many events of a lane are looked at at once."""


def find(opened: Transaction, step: int = STEP) -> bool:
    """Follows the next rejections and events of each lane; whether more wait, False while another one follows."""
    with opened() as cursor:
        taken = next_step(cursor, SQL, step, (*POSITIONS, "since", "before"))
        if taken is None:
            return False
        of = taken.values
        cursor.execute(SQL["rejected"], of)
        found: dict[tuple[int, str], int | None] = {}
        for partner_id, event_id, said in cursor.fetchall():
            found[partner_id, event_id] = earliest(said, microseconds)
        ids = {
            "partner_ids": [partner_id for partner_id, _ in found],
            "event_ids": [event_id for _, event_id in found],
            "happened": list(found.values()),
        }
        if found:
            cursor.execute(SQL["keep"], ids)
        # What was accepted before it was looked for is not kept; what is accepted later is behind what is followed now.
        cursor.execute(SQL["accepted"], of)
        cursor.execute(SQL["followed"], of)
        return taken.more
