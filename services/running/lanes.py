"""How far each lane is, read from the lane rows."""

from msgspec import Struct
from psycopg2.extensions import cursor

from projections.sql import load

SQL = load("services.running", "lanes.sql")


class LaneStatus(Struct, frozen=True):
    """One lane. ``lag`` counts offsets that Kafka had when the lane was last read and that were not read yet."""

    topic: str
    partition: int
    log_id: str
    next_offset: int
    high_water: int
    lag: int
    accepted: int
    duplicate: int
    rejected: int
    skipped: int
    unknown_fields: int
    last_read: str | None


def lanes(work: cursor) -> list[LaneStatus]:
    """Every lane, by topic and partition."""
    work.execute(SQL["lanes"])
    return [LaneStatus(*row) for row in work.fetchall()]
