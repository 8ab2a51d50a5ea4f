"""Reads partners' topics: the one place that touches kafka-python's consumer.

Where to read from is known to the lanes in PostgreSQL, not to Kafka: a partition given to this
consumer stands still until `seek`. How partitions change hands, as the caller sees it:

- All changes are reported by `poll`, on the caller's thread. (kafka-python's own listener runs on
  its I/O thread, where most calls on the consumer raise.)
- While the group rebalances, `poll` waits inside and hands out nothing. What the caller still has
  in hand it may commit: as long as nobody took the lane over, that is right, and from then on the
  lane's epoch refuses it. So nothing has to be finished in a hurry on revocation: after a
  partition is reported `revoked` or `lost`, forget its state and throw away what is unwritten.
- A partition that stays with this consumer across a rebalance is not reported and reads on: a
  member that was not part of a generation learns it as `lost`.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from time import monotonic
from typing import Final

from kafka import TopicPartition
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.errors import KafkaError, LogTruncationError, OffsetOutOfRangeError

from services.kafka.continuity import Continuity
from services.kafka.errors import log_mismatch, missing_offsets, translated
from services.kafka.failures import BrokerUnavailable, LogMismatch
from services.kafka.fetching import FETCHED_BYTES, PartnerKafkaConsumer
from services.kafka.group_offsets import GroupOffsets
from services.kafka.rebalance import RebalanceListener
from services.kafka.records import Fetched, Polled
from services.kafka.security import UNSECURED, Security
from services.kafka.topics import PARTNER_TOPICS
from services.kafka.watchdog import Watchdog, leave_the_process

FETCH_MAX_BYTES: Final = 16 * 1024 * 1024
PARTITION_FETCH_MAX_BYTES: Final = 1024 * 1024
FETCH_MIN_BYTES: Final = 64 * 1024
FETCH_MAX_WAIT_MS: Final = 20
"""The broker waits so long for so much. Otherwise it answers each time with the few records that came since, and
reading its answers takes more than half of a processor."""

_BOUNDS_TIMEOUT_MS: Final = 10_000

_log = logging.getLogger(__name__)


class PartnerConsumer:
    """One member of a consumer group over the partners' topics; for one thread."""

    def __init__(
        self,
        bootstrap: str,
        group: str,
        topic_pattern: str = PARTNER_TOPICS,
        *,
        security: Security = UNSECURED,
        client_id: str = "tuntas-ingest",
        log_id: str | None = None,
        commit_every_seconds: float = 5.0,
        unavailable_after_seconds: float = 15.0,
        stuck_after_seconds: float = 60.0,
        on_stuck: Callable[[], None] = leave_the_process,
    ) -> None:
        """Connect to ``bootstrap`` (`host:port,…`) and subscribe; joining happens in `poll`.

        ``log_id`` stands in for the cluster id of brokers that have none of their own.
        ``on_stuck`` is called on another thread when a call did not return. Raises BrokerRefused, and
        BrokerUnavailable after ``unavailable_after_seconds``.
        """
        self._bootstrap = bootstrap
        self._who = security.who
        self._log_id = log_id
        self._unavailable_after = unavailable_after_seconds
        self._stuck_after = stuck_after_seconds
        self._held: set[tuple[str, int]] = set()
        self._continuity = Continuity(unavailable_after_seconds)
        with translated(f"connecting to Kafka at {bootstrap}", self._who):
            self._kafka = PartnerKafkaConsumer(
                bootstrap_servers=bootstrap.split(","),
                bootstrap_timeout_ms=round(unavailable_after_seconds * 1000),
                group_id=group,
                client_id=client_id,
                **security.options(),
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                allow_auto_create_topics=False,
                # New topics are looked for this often, and the broker is known to be there.
                metadata_max_age_ms=round(1000 * min(5.0, unavailable_after_seconds / 3)),
                session_timeout_ms=6_000,
                heartbeat_interval_ms=1_000,
                # So long a rebalance waits for a member that does not poll.
                max_poll_interval_ms=45_000,
                request_timeout_ms=30_000,
                partition_assignment_strategy=[StickyPartitionAssignor],
                fetch_min_bytes=FETCH_MIN_BYTES,
                fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
                fetch_max_bytes=FETCH_MAX_BYTES,
                max_partition_fetch_bytes=PARTITION_FETCH_MAX_BYTES,
                metrics_enabled=False,
            )
        self._group_offsets = GroupOffsets(self._kafka, commit_every_seconds)
        self._listener = RebalanceListener(self._kafka)
        self._kafka.subscribe(pattern=topic_pattern, listener=self._listener)
        self._watchdog = Watchdog(on_stuck)

    def poll(
        self,
        timeout_seconds: float,
        max_records: int,
        max_bytes: int = FETCHED_BYTES,
        held: Collection[tuple[str, int]] = (),
    ) -> Polled:
        """What arrived, after at most about ``timeout_seconds``; ``fetched`` may be empty.

        At most ``max_records`` in all, not many more than ``max_bytes``, and nothing of the lanes ``held``; each other
        lane that has records has its share. Raises BrokerUnavailable when no broker has answered for
        the bound given to the constructor, LogMismatch (again at every poll, until the partition
        is sought elsewhere, paused or gone) when a log does not hold the next offset.
        """
        with self._watchdog.watch(timeout_seconds + self._stuck_after):
            self._kafka.bound(max_bytes, held)
            try:
                with translated("reading from Kafka", self._who):
                    found = self._kafka.poll(round(timeout_seconds * 1000), max_records)
            except (OffsetOutOfRangeError, LogTruncationError) as error:
                raise self._log_mismatch(error) from error
        if not found and (silent := monotonic() - self._kafka.answered) > self._unavailable_after:
            said = f" {refused}" if (refused := self._kafka.refused) else ""
            raise BrokerUnavailable(
                f"Kafka at {self._bootstrap} has not answered for {silent:.0f} seconds.{said}"
            )
        self._group_offsets.tell_now_and_then(self._held)
        assigned, revoked, lost = self._changes()
        places = [
            (tp, next_offset, next_offset if end is None else end)
            for tp, next_offset, end in self._kafka.places()
            # Not sought, or not fetched, yet: its position says nothing.
            if tp in self._continuity and (end is not None or tp in found)
        ]
        for tp, offset in self._continuity.ended(places):
            if tp not in self._kafka.paused():
                raise self._mismatch(tp, offset)
        fetched = []
        for tp, next_offset, high_water in places:
            if self._goes_on(tp, next_offset) and self._continuity.take(
                tp, next_offset, high_water
            ):
                records = found.get(tp, [])
                fetched.append(Fetched(tp.topic, tp.partition, records, next_offset, high_water))
        return Polled(fetched, assigned, revoked, lost)

    @property
    def has_joined(self) -> bool:
        """Whether the group has ever given this consumer its share, which may be nothing."""
        return self._listener.has_joined

    def seek(self, topic: str, partition: int, offset: int, reached: int = 0) -> bool:
        """Whether the partition is still this consumer's; it then reads on from ``offset``.

        After a batch was rolled back, this makes it be read again. False: wait for the next poll
        to report it as revoked or lost. A log that ends before ``reached`` is a LogMismatch.
        """
        tp = TopicPartition(topic, partition)
        try:
            self._kafka.seek(tp, offset)
            self._kafka.forget_fetched(tp)
            self._kafka.resume(tp)
        except (ValueError, KeyError):
            return False
        self._continuity.begin(tp, offset, reached)
        return True

    def pause(self, topic: str, partition: int) -> None:
        """Hand out nothing of the partition until `resume`; what is buffered stays buffered."""
        self._switch(self._kafka.pause, topic, partition)

    def resume(self, topic: str, partition: int) -> None:
        """Go on behind what was handed out; without effect before the first `seek`."""
        if (topic, partition) in self._continuity:
            self._switch(self._kafka.resume, topic, partition)

    def commit(self, next_offsets: Mapping[tuple[str, int], int]) -> None:
        """Tell Kafka, now and then, up to where each partition was read; for lag tools only.

        Never raises and never blocks: the truth is in the lanes.
        """
        self._group_offsets.note(next_offsets)
        self._group_offsets.tell_now_and_then(self._held)

    def beginning_offsets(
        self, partitions: Collection[tuple[str, int]]
    ) -> dict[tuple[str, int], int]:
        """As `beginning_offset`, for many partitions at once."""
        tps = [TopicPartition(*partition) for partition in partitions]
        return self._bounds(self._kafka.beginning_offsets, tps)

    def beginning_offset(self, topic: str, partition: int) -> int:
        """The first offset the log still holds; asks the broker. Raises BrokerUnavailable."""
        tp = TopicPartition(topic, partition)
        return self._bounds(self._kafka.beginning_offsets, [tp])[tp]

    def end_offset(self, topic: str, partition: int) -> int:
        """The offset that the next record gets; asks the broker. Raises BrokerUnavailable.

        Of the embedded broker this is wrong (it counts batches): use `Fetched.high_water`.
        """
        tp = TopicPartition(topic, partition)
        return self._bounds(self._kafka.end_offsets, [tp])[tp]

    def cluster_id(self) -> str:
        """The id of the log that all offsets are of; another id: another log, other offsets."""
        return self._log_id or self._kafka.log_id or ""

    def topic_id(self, topic: str) -> str | None:
        """Kafka's id of a topic: another one that is made under its name has another; None: it has none."""
        return self._kafka.topic_id(topic)

    def close(self) -> None:
        """Commit for lag tools, leave the group (so that others need not wait) and disconnect.

        Never raises for a broker that does not answer; blocks for some seconds then.
        """
        with self._watchdog.watch(self._stuck_after):
            self._group_offsets.tell_the_last(self._held)
            try:
                self._kafka.close(autocommit=False, timeout_ms=3_000)
            except KafkaError as error:
                _log.info("the consumer group was not left in order: %s", error)
        self._watchdog.close()

    def _changes(
        self,
    ) -> tuple[frozenset[tuple[str, int]], frozenset[tuple[str, int]], frozenset[tuple[str, int]]]:
        """What was assigned, revoked and lost since the last time."""
        given, lost = self._listener.collect()
        now = set(self._kafka.assignment())
        lost &= self._held
        assigned = given & now
        # Held and given: it was somebody else's in between.
        revoked = ((self._held - now) | (self._held & given)) - lost
        for tp in lost | revoked:
            self._group_offsets.forget(tp)
            self._continuity.forget(tp)
        self._held = now
        return frozenset(assigned), frozenset(revoked), frozenset(lost)

    def _switch(self, switch: Callable[[TopicPartition], None], topic: str, partition: int) -> None:
        try:
            switch(TopicPartition(topic, partition))
        except KeyError:
            return  # no longer ours, as the next poll will say

    def _bounds(
        self,
        ask: Callable[[list[TopicPartition], int], Mapping[TopicPartition, int]],
        tps: list[TopicPartition],
    ) -> dict[tuple[str, int], int]:
        with (
            self._watchdog.watch(self._stuck_after),
            translated("asking for the bounds of logs", self._who),
        ):
            return dict(ask(tps, _BOUNDS_TIMEOUT_MS))

    def _goes_on(self, tp: TopicPartition, next_offset: int) -> bool:
        """Whether what was taken begins where was read to; otherwise it is not handed out, and is read again.

        What a poll took, and then raised before it was handed out, is found so, and whatever moves a position besides.
        """
        wanted = self._continuity.next_offset(tp)
        began = self._kafka.began(tp)
        if (next_offset if began is None else began) == wanted:
            return True
        _log.warning("read again topic=%s partition=%d offset=%d", *tp, wanted)
        self._kafka.seek(tp, wanted)
        self._kafka.forget_fetched(tp)
        return False

    def _log_mismatch(self, error: KafkaError) -> LogMismatch:
        tp, offset = next(iter(missing_offsets(error).items()))
        return self._mismatch(tp, self._continuity.reached(tp) if offset is None else offset)

    def _mismatch(self, tp: tuple[str, int], offset: int) -> LogMismatch:
        return log_mismatch(tp, offset, self.beginning_offset(*tp), self.end_offset(*tp))
