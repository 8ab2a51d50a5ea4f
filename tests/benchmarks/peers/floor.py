"""The floor: poll, COPY of the raw bytes, one offset row a lane. `python -m tests.benchmarks.peers.floor …`."""

import struct
import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Final

import psycopg2
from psycopg2.extensions import connection

BATCH_RECORDS: Final = 5_000
FETCH_BYTES: Final = 16 * 1024 * 1024
TOPICS: Final = "^tuntas\\.partner\\..*"

Taken = tuple[str, int, int, bytes]
"""Topic, partition, offset, value."""

SCHEMA: Final = """
CREATE TABLE floor_record (lane integer NOT NULL, kafka_offset bigint NOT NULL, value bytea);
CREATE TABLE floor_offset (
    lane integer PRIMARY KEY, topic text NOT NULL, partition integer NOT NULL, next_offset bigint NOT NULL
) WITH (fillfactor = 50);
"""
UPSERT: Final = """
INSERT INTO floor_offset VALUES (%s, %s, %s, %s)
ON CONFLICT (lane) DO UPDATE SET next_offset = excluded.next_offset
"""
_ROW: Final = struct.Struct("!hiiiqi").pack
"""Three columns: lane, offset, and the length of the value that follows."""


def main() -> None:
    client, bootstrap, database_url, group = sys.argv[1:]
    session = psycopg2.connect(database_url)
    with session, session.cursor() as work:
        work.execute(SCHEMA)
    poll = {"kafka-python": kafka_python, "confluent-kafka": confluent}[client]
    lanes: dict[tuple[str, int], int] = {}
    for batch in poll(bootstrap, group):
        write(session, batch, lanes)


def kafka_python(bootstrap: str, group: str) -> Iterator[Iterable[Taken]]:
    """kafka-python's consumer, with crc32c installed; polls for ever."""
    from kafka import KafkaConsumer  # noqa: PLC0415 - each client is there only where it is used

    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_bytes=FETCH_BYTES,
        max_partition_fetch_bytes=1024 * 1024,
        check_crcs=True,
    )
    consumer.subscribe(pattern=TOPICS)
    while True:
        polled = consumer.poll(timeout_ms=200, max_records=BATCH_RECORDS)
        if polled:
            yield [
                (record.topic, record.partition, record.offset, record.value)
                for records in polled.values()
                for record in records
            ]


def confluent(bootstrap: str, group: str) -> Iterator[Iterable[Taken]]:
    """confluent-kafka's consumer; polls for ever."""
    from confluent_kafka import Consumer  # noqa: PLC0415

    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.max.bytes": FETCH_BYTES,
            "check.crcs": True,
        }
    )
    consumer.subscribe([TOPICS])
    while True:
        messages = consumer.consume(BATCH_RECORDS, timeout=0.2)
        if messages:
            yield [
                (message.topic(), message.partition(), message.offset(), message.value())
                for message in messages
                if message.error() is None
            ]


def write(session: connection, batch: Iterable[Taken], lanes: dict[tuple[str, int], int]) -> None:
    """One transaction: a binary COPY of the bytes, and the offset row of each lane of the batch."""
    parts = [b"PGCOPY\n\xff\r\n\0" + bytes(8)]
    ends: dict[tuple[str, int], int] = {}
    for topic, partition, offset, value in batch:
        name = (topic, partition)
        lane = lanes.setdefault(name, len(lanes))
        ends[name] = offset + 1
        parts += (_ROW(3, 4, lane, 8, offset, len(value)), value)
    parts.append(b"\xff\xff")
    with session, session.cursor() as work:
        work.copy_expert(
            "COPY floor_record FROM STDIN (FORMAT binary)", BytesIO(b"".join(parts)), 1 << 20
        )
        work.executemany(UPSERT, [(lanes[name], *name, end) for name, end in ends.items()])


if __name__ == "__main__":
    main()
