"""Publishes records in bulk: acknowledged by all replicas, each once, errors counted."""

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from time import time
from types import TracebackType
from typing import Any, Final, Protocol, Self

import msgspec
from kafka.errors import KafkaError

from domain.vocabulary import TYPE_PREFIX
from services.kafka.encode_batch import encode_record, seal_batch
from services.kafka.errors import PublishFailed
from services.kafka.partitioning import partition_of
from services.kafka.topics import partner_topic
from services.kafka.writing import BatchWriter

_BATCH_BYTES: Final = 512 * 1024
"""Of one partition; brokers take up to 1 MiB by default."""
_REQUEST_BYTES: Final = 2 * 1024 * 1024
_ALONE_BYTES: Final = 256 * 1024
"""A larger record travels alone, so that its refusal takes no neighbour with it."""
_SEQUENCES: Final = 2**31
"""Sequence numbers start again at 0 behind the largest 32-bit integer."""
_KEYLESS_RUN: Final = 100
"""So many records without a key go to one partition before the next one's turn."""

STRUCTURED: Final[Sequence[tuple[str, bytes]]] = (
    ("content-type", b"application/cloudevents+json"),
)

Progress = Callable[[int], None]
"""Called with the count of records acknowledged since the last call."""


class Outgoing(Protocol):
    """A record to be published; `services.simulator`'s SimulatedRecord is one."""

    @property
    def topic(self) -> str: ...

    @property
    def key(self) -> bytes | None: ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...

    @property
    def value(self) -> bytes | None: ...


def publish(bootstrap: str, records: Iterable[Outgoing], progress: Progress | None = None) -> int:
    """How many records were published: all of them, to their topics, in order for each key.

    Raises PublishFailed when some were refused (the others are published), BrokerUnavailable.
    """
    with Producer(bootstrap, progress) as producer:
        for record in records:
            producer.send(record.topic, record.key, record.headers, record.value)
        producer.flush()
        return producer.acknowledged


def publish_lines(
    bootstrap: str, partner: str, lines: Iterable[bytes], progress: Progress | None = None
) -> int:
    """How many lines were published to the partner's topic, each as a structured CloudEvent.

    Lines are sent as they are, valid or not; empty ones are left out. The key is what the contract
    (section 2) says: class_code or package_code of catalogue events, otherwise participant_id;
    none where a line does not tell. Raises as `publish` does.
    """
    topic = partner_topic(partner)
    with Producer(bootstrap, progress) as producer:
        for line in lines:
            if value := line.strip():
                producer.send(topic, key_of(value), STRUCTURED, value)
        producer.flush()
        return producer.acknowledged


class _Data(msgspec.Struct):
    participant_id: str | None = None
    class_code: str | None = None
    package_code: str | None = None


class _Event(msgspec.Struct):
    data: _Data
    type: str = ""


_read_event: Final = msgspec.json.Decoder(_Event).decode


def key_of(event: bytes) -> bytes | None:
    """The Kafka key of a structured CloudEvent; None where the event does not tell."""
    try:
        found = _read_event(event)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if found.type == TYPE_PREFIX + "class.published.v1":
        key = found.data.class_code
    elif found.type == TYPE_PREFIX + "package.published.v1":
        key = found.data.package_code
    else:
        key = found.data.participant_id
    return None if key is None else key.encode()


class _OpenBatch:
    """Encoded records of one partition that are not sent yet."""

    __slots__ = ("records", "size")

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.size = 0


class _Sent(msgspec.Struct):
    """What is on its way to the brokers."""

    answers: list[Any]
    batches: dict[tuple[str, int], bytes]
    counts: dict[tuple[str, int], int]


class Producer:
    """Collects records and sends them in batches; for one thread.

    Records of one key keep their order. What was sent before a failure may be in the topic or not:
    publishing it again is harmless, the same event id with the same content is a duplicate.
    """

    def __init__(
        self,
        bootstrap: str,
        progress: Progress | None = None,
        *,
        client_id: str = "tuntas-publish",
        unavailable_after_seconds: float = 15.0,
    ) -> None:
        """Connect; raises BrokerUnavailable after ``unavailable_after_seconds``."""
        self.acknowledged = 0
        self.failed = 0
        self._progress = progress
        self._open: dict[tuple[str, int], _OpenBatch] = {}
        self._open_bytes = 0
        self._sent: _Sent | None = None
        self._partitions: dict[str, int] = {}
        self._keyless = count()
        self._first_error: KafkaError | None = None
        self._writer = BatchWriter(
            bootstrap, client_id, unavailable_after_seconds=unavailable_after_seconds
        )
        try:
            self._begin()
        except BaseException:
            self._writer.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def send(
        self,
        topic: str,
        key: bytes | None,
        headers: Sequence[tuple[str, bytes]],
        value: bytes | None,
    ) -> None:
        """Add a record; blocks while earlier ones are on their way and this one fills a batch."""
        partitions = self._partitions.get(topic)
        if partitions is None:
            partitions = self._partitions[topic] = self._writer.partitions(topic)
        if key is None:
            target = (topic, next(self._keyless) // _KEYLESS_RUN % partitions)
        else:
            target = (topic, partition_of(key, partitions))
        batch = self._open.get(target)
        if batch is None:
            batch = self._open[target] = _OpenBatch()
        record = encode_record(len(batch.records), key, headers, value)
        size = len(record)
        if batch.records and (size > _ALONE_BYTES or batch.size + size > _BATCH_BYTES):
            self._send_open()
            batch = self._open[target] = _OpenBatch()
            record = encode_record(0, key, headers, value)
        batch.records.append(record)
        batch.size += size
        self._open_bytes += size
        if size > _ALONE_BYTES or self._open_bytes > _REQUEST_BYTES:
            self._send_open()

    def flush(self) -> None:
        """Send what is open and block until everything has its answer.

        Raises PublishFailed when records were refused since the last flush, with their count.
        """
        if self._open:
            self._send_open()
        self._take_answers()
        if self.failed:
            failed, self.failed = self.failed, 0
            raise PublishFailed(
                f"Kafka refused {failed} records, {self.acknowledged} were published. "
                f"The first reason: {self._first_error}",
                acknowledged=self.acknowledged,
                failed=failed,
            ) from self._first_error

    def close(self) -> None:
        """Disconnect; what was not flushed is not sent."""
        self._writer.close()

    def _begin(self) -> None:
        """Start counting batches anew, under a producer id of its own."""
        self._producer_id, self._epoch = self._writer.producer_id()
        self._sequences: dict[tuple[str, int], int] = {}

    def _send_open(self) -> None:
        """Send the open batches, behind those on their way: one request at a time keeps order."""
        self._take_answers()
        now = round(time() * 1000)
        batches: dict[tuple[str, int], bytes] = {}
        counts: dict[tuple[str, int], int] = {}
        for target, batch in self._open.items():
            counts[target] = len(batch.records)
            sequence = self._sequences.get(target, 0)
            batches[target] = seal_batch(
                b"".join(batch.records),
                counts[target],
                now,
                producer_id=self._producer_id,
                producer_epoch=self._epoch,
                sequence=sequence if self._producer_id >= 0 else -1,
            )
            self._sequences[target] = (sequence + counts[target]) % _SEQUENCES
        self._open = {}
        self._open_bytes = 0
        self._sent = _Sent(self._writer.start(batches), batches, counts)

    def _take_answers(self) -> None:
        """Block until what is on its way was acknowledged or refused."""
        sent, self._sent = self._sent, None
        if sent is None:
            return
        refused = self._writer.finish(sent.answers, sent.batches)
        failed = sum(sent.counts[target] for target in refused)
        acknowledged = sum(sent.counts.values()) - failed
        self.acknowledged += acknowledged
        if refused:
            self.failed += failed
            self._first_error = self._first_error or next(iter(refused.values()))
            self._begin()  # the broker counts on from the last batch it took
        if self._progress is not None and acknowledged:
            self._progress(acknowledged)
