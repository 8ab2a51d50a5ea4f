"""Tells partners what was rejected: each rejection once or more on ``tuntas.rejections.<partner>``.

At least once: what was sent is noted after Kafka has it, so a crash in between sends it again. A message is a
CloudEvent whose id is the record's place in Kafka; readers drop repeats by it.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from domain.errors import Reason
from domain.vocabulary import PARTNER_CODES, REJECTION_TOPIC_PREFIX
from projections.reading.rejections import readable, unpacked
from projections.storage.sql import load
from services.cloudevents.rejection import RecordHeader, RecordRejected, Rejection

SQL = load("services.projector", "announced.sql")
LIMIT_PER_LANE = 100
BYTES_PER_LANE = 1024 * 1024
"""So much of a lane is announced at a time, or one more rejection: some hold 64 KiB of a record and of its headers."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Transaction = Callable[[], AbstractContextManager[Any]]


class Announcement(NamedTuple):
    """One message: topic, key (the record's own) and value."""

    topic: str
    key: bytes | None
    value: bytes


Send = Callable[[Sequence[Announcement]], None]
"""Sends messages and returns when Kafka has all of them; raises KafkaFailure otherwise."""


class Rejected(NamedTuple):
    """A row of the query next_rejections."""

    lane_id: int
    topic: str
    partition: int
    offset: int
    partner_id: int
    reason: str
    detail: str
    event_id: str | None
    record_key: bytes | None
    record: bytes
    record_size: int
    recorded: int
    headers: bytes | None = None


def announce(transaction: Transaction, send: Send) -> int:
    """Sends the next rejections of every lane; returns how many. Blocks on PostgreSQL and Kafka."""
    with transaction() as cursor:
        cursor.execute(SQL["claim"])
        if not cursor.fetchone()[0]:
            return 0
        bounds = {"limit": LIMIT_PER_LANE, "bytes": BYTES_PER_LANE}
        cursor.execute(SQL["next_rejections"], bounds)
        rows = [Rejected(*row) for row in cursor.fetchall()]
        if rows:
            send([message(row) for row in rows])
        for row in {row.lane_id: row for row in rows}.values():
            reached = {
                "partner_id": row.partner_id,
                "lane_id": row.lane_id,
                "next_offset": row.offset + 1,
            }
            cursor.execute(SQL["announced"], reached)
    return len(rows)


def message(row: Rejected) -> Announcement:
    """The message about one rejected record."""
    partner = PARTNER_CODES[row.partner_id]
    record = bytes(row.record)
    text, encoding = readable(record, cut=row.record_size > len(record))
    rejected = RecordRejected(
        partner=partner,
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        reason=Reason(row.reason),
        detail=row.detail,
        event_id=row.event_id,
        record_size=row.record_size,
        truncated=row.record_size > len(record),
        record=text if encoding == "utf-8" else UNSET,
        record_base64=text if encoding == "base64" else UNSET,
        headers=[RecordHeader(name, *readable(value)) for name, value in unpacked(row.headers)],
    )
    event = Rejection(
        id=f"{row.topic}/{row.partition}/{row.offset}",
        time=EPOCH + timedelta(microseconds=row.recorded),
        data=rejected,
    )
    key = None if row.record_key is None else bytes(row.record_key)
    return Announcement(REJECTION_TOPIC_PREFIX + partner, key, msgspec.json.encode(event))
