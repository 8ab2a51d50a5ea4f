"""Counts how many records were read on each day in Jakarta, and what became of them.

Each record is counted once, behind the intake and without it: in a transaction that also notes how far each lane is
counted.
"""

from typing import Final

from projections.status.rejudge import Transaction
from projections.storage.sql import load

SQL: Final = load("services.projector", "delivered.sql")
OFFSETS: Final = 50_000
"""So many offsets of a lane are counted at once."""


def count(opened: Transaction, offsets: int = OFFSETS) -> bool:
    """Counts the next offsets of each lane, and returns whether records still wait; False while another one counts."""
    with opened() as cursor:
        cursor.execute(SQL["claim"])
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(SQL["count"], {"offsets": offsets})
        return bool(cursor.fetchone()[0])
