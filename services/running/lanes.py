"""How far each lane is: lane rows, and what Kafka says it holds."""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace
from psycopg2.extensions import cursor

from projections.reading.heartbeats import Heard, from_row
from projections.reading.intake import SQL as READING
from projections.reading.kafka_log import KafkaLog
from projections.storage.sql import load

SQL = load("services.running", "lanes.sql")


class LaneStatus(Struct, frozen=True):
    """One lane of one log. ``lag`` counts what Kafka holds of it that was not read; None: Kafka cannot be asked.

    Before ``first_offset`` Kafka held nothing any more when this database began to read the lane.
    """

    topic: str
    partition: int
    log_id: str
    is_current: bool
    next_offset: int
    high_water: int
    lag: int | None
    accepted: int
    duplicate: int
    rejected: int
    skipped: int
    unknown_fields: int
    last_read: str | None
    topic_id: str | None = None
    trouble: str | None = None
    lane_id: int = 0
    first_offset: int = 0


def lanes(work: cursor) -> list[LaneStatus]:
    """Every lane, by topic and partition; ``lag`` is what was known when each was read last."""
    work.execute(SQL["lanes"])
    return [LaneStatus(*row) for row in work.fetchall()]


def compared(found: Iterable[LaneStatus], log: KafkaLog | None) -> list[LaneStatus]:
    """The lanes with what Kafka says of them now; None: it cannot be asked."""
    return [_compared(lane, log) for lane in found]


def _compared(lane: LaneStatus, log: KafkaLog | None) -> LaneStatus:
    if log is None:
        return replace(lane, lag=None if lane.is_current else 0)
    if not lane.is_current or not log.is_of(lane.log_id, lane.topic, lane.topic_id):
        return replace(lane, is_current=False, lag=0)
    end = max(log.ends.get((lane.topic, lane.partition), 0), lane.high_water)
    return replace(lane, lag=max(end - lane.next_offset, 0))


def unopened(found: Sequence[LaneStatus], log: KafkaLog) -> int:
    """How many records wait in partitions that no lane of `compared` is of: nobody has begun to read them."""
    known = {(lane.topic, lane.partition) for lane in found if lane.is_current}
    return sum(end - log.begins[place] for place, end in log.ends.items() if place not in known)


def answers_behind(work: cursor) -> int:
    """Events and catalogue changes of which nobody was told yet what they change in answers."""
    work.execute(READING["answers_behind"])
    return sum(behind for _, behind in work.fetchall())


def heard(work: cursor) -> list[Heard]:
    """What processes said of themselves within a day, and the last word of each service."""
    work.execute(READING["heartbeats"])
    return [from_row(row) for row in work.fetchall()]
