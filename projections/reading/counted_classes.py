"""In which classes a list can have rows at all, where few rows have what it asks for.

What is counted (projections/sums) is written in the transaction that changes the rows, as a change on its way to
the sums. In one snapshot the sums and what is on its way therefore say together which classes have any such row.
"""

from typing import Final

from domain.counting import Metric
from domain.vocabulary import FLAGS
from projections.reading.session import Session
from projections.storage.sql import load
from projections.sums import queue

SQL: Final = load("projections.reading", "counted_classes.sql")

COUNTED: Final[dict[str, Metric | int]] = {
    "completed": Metric.COMPLETED,
    "never_reported": Metric.NEVER_REPORTED,
    "in_progress": Metric.DROP_OFF,
    "passed": Metric.PASSED,
    "failed": Metric.FAILED,
    **{flag: Metric.FLAG + bit for bit, flag in enumerate(FLAGS)},
}
"""States and flags of purchased classes to the metric under which they are counted."""

RARE: Final = 100
"""What fewer than one in so many purchased classes has is rare."""

MOST_WAITING: Final = 200
"""So many changes on their way are looked through; where more wait, all rows are."""


async def classes_with(session: Session, partner_id: int, state: str) -> list[str] | None:
    """The codes of the partner's classes that may have a row in this state, in order; None: look through all rows.

    That is where it is not rare, or not known. The session is in one snapshot.
    """
    metric = COUNTED.get(state)
    if metric is None:
        return None
    purchased, having = await session.fetchrow(SQL["counted"], partner_id, int(metric))
    if having * RARE > purchased:
        return None
    waiting = await session.fetch(SQL["waiting"], partner_id, MOST_WAITING + 1)
    if len(waiting) > MOST_WAITING:
        return None
    rows = await session.fetch(SQL["classes_counted"], partner_id, int(metric)) if having else ()
    found = {class_code for (class_code,) in rows}
    for (counts,) in waiting:
        found.update(queue.classes_counted(queue.decode(counts), metric))
    return sorted(found - {""})
