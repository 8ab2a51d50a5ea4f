"""Looks for one message among those that partners are told."""

from collections.abc import Callable
from contextlib import closing
from time import monotonic

from kafka import KafkaConsumer, TopicPartition
from msgspec import Struct

from services.kafka.errors import translated
from services.kafka.security import UNSECURED, Security


class Told(Struct, frozen=True):
    """One message and where it stands."""

    topic: str
    partition: int
    offset: int
    value: bytes


def find(
    bootstrap: str,
    topic: str,
    is_wanted: Callable[[bytes], bool],
    *,
    timeout_seconds: float = 20.0,
    security: Security = UNSECURED,
) -> Told | None:
    """The first message that is wanted, from the topic's beginning on; None: it has not come in time.

    Belongs to no consumer group. Raises KafkaFailure.
    """
    deadline = monotonic() + timeout_seconds
    with (
        translated(f"reading {topic}", security.who),
        closing(
            KafkaConsumer(
                bootstrap_servers=bootstrap.split(","),
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                **security.options(),
            )
        ) as consumer,
    ):
        places = [
            TopicPartition(topic, number)
            for number in sorted(consumer.partitions_for_topic(topic) or ())
        ]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        while monotonic() < deadline:
            for records in consumer.poll(timeout_ms=200).values():
                for record in records:
                    if record.value is not None and is_wanted(record.value):
                        return Told(record.topic, record.partition, record.offset, record.value)
    return None
