"""What the consumer group decides about this consumer, kept for the thread that polls."""

from threading import Lock

from kafka import ConsumerRebalanceListener, TopicPartition

from services.kafka.fetching import PartnerKafkaConsumer


class RebalanceListener(ConsumerRebalanceListener):  # type: ignore[misc]  # without annotations
    """Hears of changes on the I/O thread, holds new partitions still, and keeps them for `poll`."""

    def __init__(self, kafka: PartnerKafkaConsumer) -> None:
        self._kafka = kafka
        self._lock = Lock()
        self._given: set[tuple[str, int]] = set()
        self._lost: set[tuple[str, int]] = set()
        self.has_joined = False
        """Whether the group has ever given this consumer its share, which may be nothing."""

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Place and pause what is new, so that neither Kafka's offsets nor a reset are asked."""
        self.has_joined = True
        new = self._kafka.unplaced(assigned)
        for tp in new:
            self._kafka.seek(tp, 0)
            self._kafka.pause(tp)
        with self._lock:
            self._given.update(new)

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Nothing: whether they come back is known when the rebalance is through."""

    def on_partitions_lost(self, lost: set[TopicPartition]) -> None:
        with self._lock:
            self._lost.update(lost)
            self._given.clear()

    def collect(self) -> tuple[set[tuple[str, int]], set[tuple[str, int]]]:
        """What was given and lost since the last time."""
        with self._lock:
            given, lost = self._given, self._lost
            self._given, self._lost = set(), set()
        return given, lost
