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

SQL: Final = load("services.projector", "happened.sql")
EVENTS: Final = 20_000
"""So many events of a lane are counted at once."""


def count(opened: Transaction, events: int = EVENTS) -> bool:
    """Counts the next events of each lane; whether events still wait, False while another one counts."""
    with opened() as cursor:
        cursor.execute(SQL["claim"])
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(SQL["lanes"], {"events": events})
        lanes = cursor.fetchall()
        if not lanes:
            return False
        partner_ids, lane_ids, seen, upto, followed = (
            list(column) for column in zip(*lanes, strict=True)
        )
        step = {
            "lane_ids": lane_ids,
            "seen": seen,
            "upto": upto,
            "topic_id": PurchasePaid.number,
            "partner_ids": partner_ids,
        }
        cursor.execute(SQL["count"], step)
        cursor.execute(SQL["paid"], step)
        paid: Counter[tuple[int, int]] = Counter()
        for partner_id, day, state in cursor.fetchall():
            paid[partner_id, day] += amount_of(bytes(state))
        if paid:
            days = sorted(paid)
            of = {"partner_ids": [at for at, _ in days], "days": [day for _, day in days]}
            cursor.execute(SQL["add_amounts"], {**step, **of, "amounts": [paid[at] for at in days]})
        cursor.execute(SQL["counted_to"], step)
        return upto != followed
