import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from time import monotonic
from typing import Any

import pytest
from kafka import KafkaAdminClient

from services.embedded.broker import Broker
from services.kafka.consumer import PartnerConsumer
from services.kafka.failures import KafkaFailure
from services.kafka.producer import Producer
from services.kafka.records import AnyRecord, Fetched, Polled, Record


def create_topic(bootstrap: str, partitions: int = 1, name: str = "", **configs: str) -> str:
    """A new topic's name, unlike any other."""
    topic = name or f"test-{uuid.uuid4().hex[:12]}"
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics({topic: {"num_partitions": partitions, "configs": configs}})
    admin.wait_for_topics([topic])
    admin.close()
    return topic


@pytest.fixture
def bootstrap(kafka_broker: Broker) -> str:
    return kafka_broker.bootstrap


DEADLINE_SECONDS = 90.0


class Subscribe:
    """Makes consumers of topics that match a pattern, in a group of the test's own."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.group = f"test-{uuid.uuid4().hex[:12]}"
        self.opened: list[PartnerConsumer] = []

    def __call__(self, pattern: str, **settings: Any) -> PartnerConsumer:
        consumer = PartnerConsumer(self.bootstrap, self.group, pattern, **settings)
        self.opened.append(consumer)
        return consumer


@pytest.fixture
def subscribe(bootstrap: str) -> Iterator[Subscribe]:
    found = Subscribe(bootstrap)
    yield found
    for consumer in found.opened:
        with suppress(KafkaFailure):
            consumer.close()


def only(topic: str) -> str:
    return f"^{re.escape(topic)}$"


def write(bootstrap: str, topic: str, values: Iterable[bytes]) -> None:
    """Publish to a topic of one partition."""
    with Producer(bootstrap) as producer:
        for value in values:
            producer.send(topic, b"k", (), value)
        producer.flush()


def numbers(first: int, end: int) -> list[bytes]:
    return [b"%d" % n for n in range(first, end)]


class Reader:
    """Polls one consumer, seeks what it is given as a lane would, and remembers what it saw."""

    def __init__(self, consumer: PartnerConsumer, start: int | None = 0) -> None:
        """`start`: where to seek in each new partition; None: leave it where it stands."""
        self.consumer = consumer
        self.start = start
        self.deadline = monotonic() + DEADLINE_SECONDS
        self.held: set[tuple[str, int]] = set()
        self.polls: list[Polled] = []
        self.records: dict[tuple[str, int], list[AnyRecord]] = {}
        self.next_offsets: dict[tuple[str, int], int] = {}

    def poll(self, seconds: float = 0.2, most: int = 1_000) -> Polled:
        assert monotonic() < self.deadline, "what the test waits for does not come"
        polled = self.consumer.poll(seconds, most)
        self.polls.append(polled)
        self.held -= polled.revoked | polled.lost
        self.held |= polled.assigned
        if self.start is not None:
            for topic, partition in polled.assigned:
                assert self.consumer.seek(topic, partition, self.start)
        for fetched in polled.fetched:
            self._take(fetched)
        return polled

    def poll_on(self) -> None:
        """Poll until that raises."""
        while True:
            self.poll()

    def _take(self, fetched: Fetched) -> None:
        lane = (fetched.topic, fetched.partition)
        assert lane in self.held
        self.records.setdefault(lane, []).extend(fetched.records)
        self.next_offsets[lane] = fetched.next_offset

    @property
    def values(self) -> list[bytes | None]:
        return [r.value for rs in self.records.values() for r in rs if isinstance(r, Record)]
