"""Lane rows: opened, taken over and moved on, each by one statement.

Every function works on a cursor inside the caller's transaction and lets psycopg2's errors pass:
``services.postgres.connect.transaction`` translates them.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct
from psycopg2.extensions import cursor

from projections.storage.sql import load
from services.postgres.errors import LaneLost

SQL: Final = load("services.postgres", "lane_rows.sql")


class LaneState(Struct, frozen=True):
    """A lane row: first_offset + accepted + duplicate + rejected + skipped = next_offset."""

    lane_id: int
    log_id: str
    topic: str
    partition: int
    partner_id: int
    first_offset: int
    next_offset: int
    high_water: int
    position: int
    epoch: int
    accepted: int
    duplicate: int
    rejected: int
    skipped: int
    unknown_fields: int


class Step(Struct, frozen=True, gc=False):
    """What one batch did to one lane: offsets ``expected_offset`` to ``next_offset`` − 1."""

    lane_id: int
    epoch: int
    expected_offset: int
    next_offset: int
    accepted: int
    duplicate: int
    rejected: int
    skipped: int
    unknown_fields: int
    high_water: int


def open_lane(
    work: cursor, *, log_id: str, topic: str, partition: int, partner_id: int, first_offset: int
) -> LaneState:
    """The lane of a topic partition; a new one is to be read from ``first_offset``."""
    names = {"log_id": log_id, "topic": topic, "partition": partition}
    work.execute(SQL["find_lane"], names)
    if not work.rowcount:
        new = names | {"partner_id": partner_id, "first_offset": first_offset}
        work.execute(SQL["open_lane"], new)
        work.execute(SQL["find_lane"], names)
    ((*row,),) = work.fetchall()
    return LaneState(*row)


def take_over(work: cursor, lane_ids: Iterable[int]) -> list[LaneState]:
    """The lanes in their next epoch, by id; earlier owners can no longer advance them.

    Waits for a batch of theirs that is being written. Raises LaneLost for an id without a lane.
    """
    wanted = sorted(set(lane_ids))
    work.execute(SQL["take_over"], {"lane_ids": wanted})
    lanes = sorted((LaneState(*row) for row in work.fetchall()), key=lambda lane: lane.lane_id)
    if len(lanes) != len(wanted):
        raise LaneLost(tuple(set(wanted) - {lane.lane_id for lane in lanes}))
    return lanes


def advance(work: cursor, steps: Sequence[Step]) -> dict[int, int]:
    """Lane id to the position of its first new event; the first statement of a batch.

    Compare-and-set: raises LaneLost, naming the lanes, unless every lane stands at
    ``expected_offset`` in ``epoch``; the caller rolls back then. Each lane occurs once. That the
    counts add up to the offsets is checked by the table (lane_adds_up).
    """
    columns = {name: [getattr(step, name) for step in steps] for name in Step.__struct_fields__}
    work.execute(SQL["advance"], columns)
    first_positions: dict[int, int] = dict(work.fetchall())
    if len(first_positions) != len(steps):
        raise LaneLost(tuple(s.lane_id for s in steps if s.lane_id not in first_positions))
    return first_positions
