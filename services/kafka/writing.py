"""Writes record batches, one a partition at a time, to the leaders of their partitions."""

from collections.abc import Mapping
from time import monotonic, sleep
from typing import Any, Final

from kafka import TopicPartition
from kafka.errors import (
    DuplicateSequenceNumberError,
    KafkaError,
    KafkaTimeoutError,
    NoError,
    RetriableError,
    for_code,
)
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.protocol.producer import InitProducerIdRequest, ProduceRequest

from services.kafka.errors import BrokerUnavailable, translated
from services.kafka.sockets import CLOSING_SOCKETS

_REQUEST_TIMEOUT_MS: Final = 15_000
_RETRY_AFTER_SECONDS: Final = 0.1
_ALL_REPLICAS: Final = -1
_Topic = ProduceRequest.TopicProduceData
_Partition = _Topic.PartitionProduceData


class BatchWriter:
    """A connection to the brokers that takes sealed batches; for one thread."""

    def __init__(
        self, bootstrap: str, client_id: str, *, unavailable_after_seconds: float = 15.0
    ) -> None:
        """Connect; raises BrokerUnavailable after ``unavailable_after_seconds``."""
        self._bootstrap = bootstrap
        self._unavailable_after = unavailable_after_seconds
        self._net = NetworkSelector()
        self._manager = KafkaConnectionManager(
            self._net,
            bootstrap_servers=bootstrap.split(","),
            client_id=client_id,
            proxy_url=CLOSING_SOCKETS,
            request_timeout_ms=_REQUEST_TIMEOUT_MS,
            reconnect_backoff_max_ms=1_000,
            receive_message_max_bytes=100_000_000,
        )
        # Asking for a topic by its name would have some brokers create it.
        self._manager.cluster.need_all_topic_metadata = True
        self._net.start()
        try:
            with translated(f"connecting to Kafka at {bootstrap}"):
                self._manager.bootstrap(round(unavailable_after_seconds * 1000))
        except BaseException:
            self.close()
            raise

    def producer_id(self) -> tuple[int, int]:
        """A new producer id and its epoch from the broker, for batches that are taken only once.

        (-1, -1) when the broker gives none: then a batch whose answer is lost may be taken twice.
        """
        request = InitProducerIdRequest(
            transactional_id=None,
            transaction_timeout_ms=0,
            producer_id=-1,
            producer_epoch=-1,
            min_version=0,
            max_version=4,
        )
        with translated("asking Kafka for a producer id"):
            deadline = monotonic() + self._unavailable_after
            while True:
                try:
                    answer = self._manager.run(self._manager.send, request)
                except RetriableError:
                    if monotonic() > deadline:
                        raise
                else:
                    error = for_code(answer.error_code)
                    if error is NoError:
                        return answer.producer_id, answer.producer_epoch
                    if not issubclass(error, RetriableError) or monotonic() > deadline:
                        return -1, -1
                sleep(_RETRY_AFTER_SECONDS)

    def partitions(self, topic: str) -> int:
        """How many partitions the topic has; raises BrokerUnavailable when it stays unknown."""
        deadline = monotonic() + self._unavailable_after
        while not (found := self._manager.cluster.partitions_for_topic(topic)):
            if monotonic() > deadline:
                raise BrokerUnavailable(f"Kafka at {self._bootstrap} has no topic {topic}.")
            self._refresh()
        return len(found)

    def start(self, batches: Mapping[tuple[str, int], bytes]) -> list[Any]:
        """Send the batches without waiting; the answers are to be given to `finish`."""
        by_leader: dict[int, dict[str, list[Any]]] = {}
        unsent: list[tuple[str, int]] = []
        for (topic, partition), batch in batches.items():
            leader = self._manager.cluster.leader_for_partition(TopicPartition(topic, partition))
            if leader is None or leader < 0:
                unsent.append((topic, partition))
                continue
            topics = by_leader.setdefault(leader, {})
            topics.setdefault(topic, []).append(_Partition(index=partition, records=batch))
        return [
            self._manager.call_soon(self._manager.send, _request(topics), leader)
            for leader, topics in by_leader.items()
        ]

    def finish(
        self, answers: list[Any], batches: Mapping[tuple[str, int], bytes]
    ) -> dict[tuple[str, int], KafkaError]:
        """The batches that were refused for good, and why; blocks until all have their answer.

        What fails in a way that may pass (no leader, lost connection) is sent again, as it is.
        Raises BrokerUnavailable when batches have no answer after ``unavailable_after_seconds``.
        """
        refused: dict[tuple[str, int], KafkaError] = {}
        deadline = monotonic() + self._unavailable_after
        open_batches = dict(batches)
        while True:
            last_error = self._settle(answers, open_batches, refused)
            if not open_batches:
                return refused
            if monotonic() > deadline:
                raise BrokerUnavailable(
                    f"Kafka at {self._bootstrap} did not take {len(open_batches)} batches within "
                    f"{self._unavailable_after:.0f} seconds: {last_error}"
                )
            sleep(_RETRY_AFTER_SECONDS)
            self._refresh()
            answers = self.start(open_batches)

    def close(self) -> None:
        """Disconnect."""
        self._manager.close()
        self._net.close()

    def _settle(
        self,
        answers: list[Any],
        open_batches: dict[tuple[str, int], bytes],
        refused: dict[tuple[str, int], KafkaError],
    ) -> str:
        """Take what is decided out of ``open_batches``; the last error that may pass."""
        passing = "no leader is known"
        for future in answers:
            try:
                answer = self._manager.run(
                    self._manager.wait_for, future, _REQUEST_TIMEOUT_MS + 1_000
                )
            except (RetriableError, OSError) as error:
                passing = f"{type(error).__name__}: {error}"
                continue
            for topic in answer.responses:
                for partition in topic.partition_responses:
                    kind = for_code(partition.error_code)
                    if issubclass(kind, RetriableError):
                        passing = kind.__name__
                        continue
                    open_batches.pop((topic.name, partition.index), None)
                    if kind not in (NoError, DuplicateSequenceNumberError):
                        message = partition.error_message or kind.description
                        refused[topic.name, partition.index] = kind(message)
        return passing

    def _refresh(self) -> None:
        """Learn topics and leaders anew, as far as a broker answers."""
        future = self._manager.cluster.request_update()
        try:
            self._manager.run(self._manager.wait_for, future, 2_000)
        except (KafkaTimeoutError, RetriableError):
            sleep(_RETRY_AFTER_SECONDS)


def _request(topics: Mapping[str, list[Any]]) -> Any:
    return ProduceRequest(
        transactional_id=None,
        acks=_ALL_REPLICAS,
        timeout_ms=_REQUEST_TIMEOUT_MS,
        topic_data=[_Topic(name=name, partition_data=parts) for name, parts in topics.items()],
        min_version=3,
        max_version=9,
    )
