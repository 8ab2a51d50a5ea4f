"""Publishes records in bulk: acknowledged by all replicas, each once, errors counted."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Any, Final, Protocol, Self

import msgspec
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    MessageSizeTooLargeError,
    RetriableError,
)

from domain.vocabulary import TYPE_PREFIX
from services.kafka.bounded_producer import BoundedProducer
from services.kafka.errors import not_allowed, translated
from services.kafka.failures import BrokerUnavailable, PublishFailed
from services.kafka.security import UNSECURED, Security
from services.kafka.topics import partner_topic

_OPEN_RECORDS: Final = 20_000
_OPEN_BYTES: Final = 32 * 1024 * 1024
"""Without an answer at most; kafka-python itself sets no limit to what it holds."""
_LATE_SECONDS: Final = 1.0
"""How much later than its bound kafka-python may say that a record was not delivered."""

STRUCTURED: Final[Sequence[tuple[str, bytes]]] = (
    ("content-type", b"application/cloudevents+json"),
)

Progress = Callable[[int], None]
"""Called with the count of records acknowledged since the last call."""


class Outgoing(Protocol):
    """A record to be published."""

    @property
    def topic(self) -> str: ...

    @property
    def key(self) -> bytes | None: ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...

    @property
    def value(self) -> bytes | None: ...


def publish(
    bootstrap: str,
    records: Iterable[Outgoing],
    progress: Progress | None = None,
    security: Security = UNSECURED,
) -> int:
    """How many records were published: all of them, to their topics, in order for each key.

    Raises PublishFailed when some were refused, with the counts (see `Producer`); BrokerUnavailable.
    """
    with Producer(bootstrap, progress, security=security) as producer:
        for record in records:
            producer.send(record.topic, record.key, record.headers, record.value)
        producer.flush()
        return producer.acknowledged


def publish_lines(
    bootstrap: str,
    partner: str,
    lines: Iterable[bytes],
    progress: Progress | None = None,
    security: Security = UNSECURED,
) -> int:
    """How many lines were published to the partner's topic, each as a structured CloudEvent.

    Lines are sent as they are, valid or not; empty ones are left out. The key is what the contract
    (section 2) says: class_code or package_code of catalogue events, otherwise participant_id;
    none where a line does not tell. Raises as `publish` does.
    """
    topic = partner_topic(partner)
    with Producer(bootstrap, progress, security=security) as producer:
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


class Producer:
    """Sends records through kafka-python's idempotent producer; for one thread.

    Records of one key keep their order, and one that is sent again because its answer was lost is
    taken once. What was sent before a failure may be in the topic or not: publishing it again is
    harmless, the same event id with the same content is a duplicate.

    A record that is too large is refused before it is sent, and its neighbours are not touched.
    When it is the broker that refuses one (no permission; a topic that takes less), kafka-python's
    producer gives up: what has no answer yet and what is sent afterwards counts as refused, too.
    """

    def __init__(
        self,
        bootstrap: str,
        progress: Progress | None = None,
        *,
        security: Security = UNSECURED,
        client_id: str = "tuntas-publish",
        unavailable_after_seconds: float = 15.0,
        transactional_id: str | None = None,
    ) -> None:
        """Connect; raises BrokerRefused, and BrokerUnavailable after ``unavailable_after_seconds``.

        ``transactional_id``: for services/kafka/outbox.py.
        """
        self.acknowledged = 0
        self.failed = 0
        self._bootstrap = bootstrap
        self._who = security.who
        self._progress = progress
        self._unavailable_after = unavailable_after_seconds
        self._topics: set[str] = set()
        self._open: deque[tuple[Any, int]] = deque()
        self._open_bytes = 0
        self._first_error: KafkaError | None = None
        with translated(f"connecting to Kafka at {bootstrap}", self._who):
            self._kafka = BoundedProducer(
                bootstrap, client_id, unavailable_after_seconds, security, transactional_id
            )

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
    ) -> Any:
        """Add a record, which has a key or a value; blocks while too many have no answer.

        Returns kafka-python's future, whose ``value`` after `flush` is the record's place; None: it is too large.
        Raises BrokerUnavailable when the topic stays unknown or records stay without an answer.
        """
        if topic not in self._topics:
            self._find(topic)
        try:
            answer = self._kafka.send(topic, value, key, list(headers))
        except MessageSizeTooLargeError as error:
            self._refused(error)
            return None
        size = len(key or b"") + len(value or b"")
        self._open.append((answer, size))
        self._open_bytes += size
        if len(self._open) > _OPEN_RECORDS or self._open_bytes > _OPEN_BYTES:
            self._take_answers(_OPEN_RECORDS // 2, _OPEN_BYTES // 2)
        return answer

    def flush(self) -> None:
        """Send what is open and block until everything has its answer.

        Raises PublishFailed when records were refused since the last flush, with their count;
        BrokerUnavailable.
        """
        # What became of a record is told by its own answer, also where kafka-python gives up
        # waiting because it has just divided a batch that was too large.
        with suppress(KafkaError):
            self._kafka.flush(self._unavailable_after)
        self._take_answers(0, 0)
        if self.failed:
            failed, self.failed = self.failed, 0
            error, self._first_error = self._first_error, None
            raise PublishFailed(
                f"Kafka refused {failed} records, {self.acknowledged} were published. "
                f"The first reason: {self._reason(error)}",
                acknowledged=self.acknowledged,
                failed=failed,
            ) from error

    def close(self) -> None:
        """Disconnect; what was not flushed may have been sent or not."""
        self._kafka.close()

    def _find(self, topic: str) -> None:
        try:
            with translated(f"looking for the topic {topic}", self._who):
                self._kafka.partitions_for(topic)
        except BrokerUnavailable as error:
            raise BrokerUnavailable(
                f"Kafka at {self._bootstrap} has no topic {topic}, or {self._who} may not use it."
            ) from error.__cause__
        self._topics.add(topic)

    def _take_answers(self, records: int, size: int) -> None:
        """Block until no more than so many records, of so many bytes, have no answer."""
        deadline = monotonic() + self._unavailable_after + _LATE_SECONDS
        acknowledged = 0
        try:
            while len(self._open) > records or self._open_bytes > size:
                answer, length = self._open[0]
                try:
                    answer.get(max(0.0, deadline - monotonic()))
                except RetriableError as error:
                    raise BrokerUnavailable(
                        f"Kafka at {self._bootstrap} did not take {len(self._open)} records within "
                        f"{self._unavailable_after:.0f} seconds: {error}"
                    ) from error
                except KafkaError as error:
                    self._refused(error)
                else:
                    acknowledged += 1
                self._open.popleft()
                self._open_bytes -= length
        finally:
            self.acknowledged += acknowledged
            if self._progress is not None and acknowledged:
                self._progress(acknowledged)

    def _refused(self, error: KafkaError) -> None:
        self.failed += 1
        self._first_error = self._first_error or error

    def _reason(self, error: KafkaError | None) -> str:
        return (
            not_allowed(error, self._who) if isinstance(error, AuthorizationError) else str(error)
        )
