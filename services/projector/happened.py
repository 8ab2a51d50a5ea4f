"""Counts how many events of each kind happened on each day in Jakarta, and what was paid: each event once.

Behind the intake and without it, in a transaction that also notes how far each lane is counted. Partners' own totals
are compared with these counts (projections/reading/totals.py).
"""

from collections import Counter
from typing import Final

from domain.events import PurchasePaid
from projections.reading.totals import amount_of
from projections.status.rejudge import Transaction
from projections.storage.sql import load
from services.projector.steps import next_step

SQL: Final = load("services.projector", "happened.sql")
EVENTS: Final = 20_000
"""So many events of a lane are counted at once."""


def count(opened: Transaction, events: int = EVENTS) -> bool:
    """Counts the next events of each lane; whether events still wait, False while another one counts."""
    with opened() as cursor:
        step = next_step(cursor, SQL, events)
        if step is None:
            return False
        values = {**step.values, "topic_id": PurchasePaid.number}
        cursor.execute(SQL["count"], values)
        cursor.execute(SQL["paid"], values)
        paid: Counter[tuple[int, int]] = Counter()
        for partner_id, day, state in cursor.fetchall():
            paid[partner_id, day] += amount_of(bytes(state))
        if paid:
            days = sorted(paid)
            of = {"partner_ids": [at for at, _ in days], "days": [day for _, day in days]}
            cursor.execute(
                SQL["add_amounts"], {**values, **of, "amounts": [paid[at] for at in days]}
            )
        cursor.execute(SQL["counted_to"], values)
        return step.more
