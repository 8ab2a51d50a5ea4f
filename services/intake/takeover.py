"""Becoming the owner of lanes, whatever became of their last one."""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from psycopg2.extensions import connection

from domain.vocabulary import PARTNER_IDS, TOPIC_PREFIX
from projections.storage.sql import load
from services.logs import pairs
from services.postgres import lane_rows
from services.postgres.connect import transaction
from services.postgres.errors import Retry
from services.postgres.lane_rows import LaneState

SQL: Final = load("services.intake", "takeover.sql")

ATTEMPTS: Final = 5
WAIT_SECONDS: Final = 3
FROZEN_SECONDS: Final = 5
"""A transaction in which so long nothing came from its owner: that process stands still or is cut off."""

log = logging.getLogger("tuntas.intake")

LaneName = tuple[str, int]
"""Topic and partition."""


def take_over(session: connection, log_id: str, starts: Mapping[LaneName, int]) -> list[LaneState]:
    """The lanes in their next epoch; those that are new are to be read from the offset given.

    Waits for a batch that their last owner is writing. An owner that stands still in the middle of it does not keep
    its lanes: its transaction is ended. Blocks on PostgreSQL; raises its errors, Retry when others hold the rows on.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _attempt(session, log_id, starts)
        except Retry:
            if attempt == ATTEMPTS:
                raise
            _end_frozen(session)
    raise AssertionError


def made_anew(
    session: connection, lanes: Sequence[LaneState], topic_ids: Mapping[str, str | None]
) -> list[LaneState]:
    """Those of the lanes whose topic is another one now than the one that was read, under the same name.

    ``topic_ids`` are Kafka's of the topics, None where it has none.
    """
    with transaction(session) as work:
        given = {
            "lane_ids": [lane.lane_id for lane in lanes],
            "topic_uuids": [topic_ids.get(lane.topic) for lane in lanes],
        }
        work.execute(SQL["compare_topics"], given)
        others = {lane_id for (lane_id,) in work.fetchall()}
    return [lane for lane in lanes if lane.lane_id in others]


def note_trouble(session: connection, log_id: str, name: LaneName, trouble: str) -> None:
    """Notes why a lane is not read on, for whoever asks."""
    topic, partition = name
    with transaction(session) as work:
        names = {"log_id": log_id, "topic": topic, "partition": partition, "trouble": trouble}
        work.execute(SQL["note_trouble"], names)


def partner_id_of(topic: str) -> int:
    """The number of the partner that a topic belongs to."""
    return PARTNER_IDS[topic.removeprefix(TOPIC_PREFIX)]


def _attempt(session: connection, log_id: str, starts: Mapping[LaneName, int]) -> list[LaneState]:
    with transaction(session) as work:
        work.execute(SQL["patience"], {"milliseconds": WAIT_SECONDS * 1_000})
        opened = [
            lane_rows.open_lane(
                work,
                log_id=log_id,
                topic=topic,
                partition=partition,
                partner_id=partner_id_of(topic),
                first_offset=start,
            )
            for (topic, partition), start in starts.items()
        ]
        return lane_rows.take_over(work, [lane.lane_id for lane in opened])


def _end_frozen(session: connection) -> None:
    with transaction(session) as work:
        work.execute(SQL["end_frozen"], {"seconds": FROZEN_SECONDS})
        for (pid,) in work.fetchall():
            log.warning("ended the transaction of a worker that stands still %s", pairs(pid=pid))
