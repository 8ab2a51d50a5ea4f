"""Lanes that are not read on until somebody decides: which, why, and what is done about them."""

from collections.abc import Iterator, Sequence
from enum import Enum, auto

from msgspec import Struct
from psycopg2.extensions import cursor

from projections.reading.kafka_log import KafkaLog
from services.kafka.errors import REPLACED, log_mismatch, topic_made_anew
from services.running.lanes import SQL, LaneStatus


class Remedy(Enum):
    """What helps a lane."""

    RESTART = auto()
    """Its log is another one, or lost its end: close it and read the log there is from its start."""
    SKIP = auto()
    """Kafka deleted what was next: go on where the log begins."""


class Ill(Struct, frozen=True):
    """A lane that is not read on; ``why`` says what to do. ``begin`` is where the log there is begins."""

    lane: LaneStatus
    remedy: Remedy
    why: str
    begin: int


def ill(lanes: Sequence[LaneStatus], log: KafkaLog) -> Iterator[Ill]:
    """The lanes of Kafka's log that cannot be read on, as they were read from the database."""
    for lane in lanes:
        place = (lane.topic, lane.partition)
        if not lane.is_current or lane.log_id != log.log_id or place not in log.ends:
            continue
        begin, end = log.begins[place], log.ends[place]
        if not log.is_of(lane.log_id, lane.topic, lane.topic_id):
            why = str(topic_made_anew(*place, lane.next_offset))
            yield Ill(lane, Remedy.RESTART, why, begin)
        elif lane.trouble and REPLACED in lane.trouble:
            yield Ill(lane, Remedy.RESTART, lane.trouble, begin)
        elif lane.next_offset > end:
            why = str(log_mismatch(place, lane.next_offset, begin, end))
            yield Ill(lane, Remedy.RESTART, why, begin)
        elif lane.next_offset < begin:
            why = str(log_mismatch(place, lane.next_offset, begin, end))
            yield Ill(lane, Remedy.SKIP, why, begin)


def repair(work: cursor, found: Ill) -> bool:
    """Whether the remedy was applied: not where the lane has moved on meanwhile. Its owner begins with it anew."""
    values = {
        "lane_id": found.lane.lane_id,
        "next_offset": found.lane.next_offset,
        "begin": found.begin,
    }
    work.execute(SQL["close" if found.remedy is Remedy.RESTART else "skip"], values)
    return bool(work.fetchall())
