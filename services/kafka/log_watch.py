"""What Kafka holds, asked by somebody who reads nothing of it: where each partition ends, and how old what waits is.

Two questions, because one broker answers one of them wrongly: the embedded broker's "latest" offset counts batches, and
its high-water mark, which comes with a fetch, is right. Of Apache Kafka both are. So the end is the greater of the two.
"""

from collections.abc import Collection, Iterable, Mapping
from time import monotonic, time
from typing import Any, Final

from kafka import TopicPartition
from kafka.errors import OffsetOutOfRangeError

from projections.reading.kafka_log import KafkaLog, Place
from services.kafka.errors import translated
from services.kafka.failures import BrokerUnavailable
from services.kafka.fetching import PartnerKafkaConsumer
from services.kafka.security import UNSECURED, Security

ANSWER_SECONDS: Final = 5.0
FETCH_SECONDS: Final = 0.1
AGES_SECONDS: Final = 1.0
"""So long it looks, at most, for the first records that wait."""


class LogWatch:
    """One consumer outside of any group; for one thread at a time."""

    def __init__(self, bootstrap: str, security: Security = UNSECURED) -> None:
        """Connects; raises BrokerUnavailable and BrokerRefused."""
        self._bootstrap = bootstrap
        self._who = security.who
        self._high: dict[Any, int] = {}
        self._ages: dict[Place, tuple[int, int]] = {}
        self._topic_ids: dict[str, str] = {}
        with translated(f"connecting to Kafka at {bootstrap}", self._who):
            self._kafka = PartnerKafkaConsumer(
                bootstrap_servers=bootstrap.split(","),
                bootstrap_timeout_ms=round(ANSWER_SECONDS * 1000),
                client_id="tuntas-watch",
                **security.options(),
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                allow_auto_create_topics=False,
                metadata_max_age_ms=round(ANSWER_SECONDS * 1000),
                request_timeout_ms=round(ANSWER_SECONDS * 2000),
                fetch_max_wait_ms=10,
                # A broker gives one batch all the same: that is where the age of what waits comes from.
                fetch_max_bytes=1,
                max_partition_fetch_bytes=1,
                metrics_enabled=False,
            )

    def look(self, topics: Collection[str], next_offsets: Mapping[Place, int]) -> KafkaLog:
        """What Kafka holds of some topics. Blocks for some seconds; raises KafkaFailure.

        ``next_offsets`` are those that are read next; where none is given, that is the first one there is.
        """
        with translated("asking Kafka how much it holds", self._who):
            looked_at = round(time() * 1e6)
            tps = self._partitions(topics)
            timeout_ms = round(ANSWER_SECONDS * 1000)
            begins = self._kafka.beginning_offsets(tps, timeout_ms)
            ends = self._kafka.end_offsets(tps, timeout_ms)
            nexts = {tp: max(next_offsets.get(tuple(tp), 0), begins[tp]) for tp in tps}
            since = self._fetch(tps, nexts, ends)
        return KafkaLog(
            self._kafka.log_id or "",
            looked_at,
            {tuple(tp): begins[tp] for tp in tps},
            {tuple(tp): self._end(tp, ends[tp]) for tp in tps},
            since,
            dict(self._topic_ids),
        )

    def close(self) -> None:
        """Disconnects; never raises for a broker that is gone."""
        self._kafka.close(autocommit=False, timeout_ms=1_000)

    def _partitions(self, topics: Collection[str]) -> list[Any]:
        """The partitions there are now; what was known of a topic that was made anew is forgotten."""
        found = []
        for topic in sorted(topics):
            numbers = self._kafka.partitions_for_topic(topic) or ()
            found += [TopicPartition(topic, number) for number in sorted(numbers)]
            topic_id = self._kafka.topic_id(topic)
            if topic_id is not None and self._topic_ids.get(topic, topic_id) != topic_id:
                self._forget(tp for tp in self._high if tp.topic == topic)
            if topic_id is not None:
                self._topic_ids[topic] = topic_id
        if not found:
            raise BrokerUnavailable(f"Kafka at {self._bootstrap} has none of the partners' topics.")
        return found

    def _forget(self, tps: Iterable[Any]) -> None:
        for tp in list(tps):
            self._high.pop(tp, None)
            self._ages.pop(tuple(tp), None)

    def _end(self, tp: Any, listed: int) -> int:
        return max(listed, self._high.get(tp, 0))

    def _fetch(
        self, tps: list[Any], nexts: Mapping[Any, int], ends: Mapping[Any, int]
    ) -> dict[Place, int]:
        """Fetches for high-water marks, and what is next where something waits; returns since when it does."""
        since = {
            tuple(tp): self._ages[tuple(tp)][1]
            for tp in tps
            if self._ages.get(tuple(tp), (None,))[0] == nexts[tp]
        }
        self._kafka.assign(tps)
        for tp in tps:
            behind = nexts[tp] < self._end(tp, ends[tp]) and tuple(tp) not in since
            self._kafka.seek(tp, nexts[tp] if behind else self._end(tp, ends[tp]))
        deadline = monotonic() + AGES_SECONDS
        looking = True
        while looking and monotonic() < deadline:
            try:
                polled = self._kafka.poll(round(FETCH_SECONDS * 1000), max_records=len(tps))
            except OffsetOutOfRangeError as error:
                # The log ends before what was said a moment ago: it is another one, or was cut.
                self._forget(error.args[0])
                for tp in error.args[0]:
                    self._kafka.seek(tp, ends[tp])
                continue
            for tp, records in polled.items():
                sent_ms = getattr(records[0], "sent_ms", -1)
                if records[0].offset >= nexts[tp] and sent_ms >= 0 and tuple(tp) not in since:
                    since[tuple(tp)] = sent_ms * 1000
                    self._ages[tuple(tp)] = (nexts[tp], sent_ms * 1000)
                self._kafka.seek(tp, max(self._end(tp, ends[tp]), self._kafka.highwater(tp) or 0))
            for tp in tps:
                high = self._kafka.highwater(tp)
                if high is not None:
                    self._high[tp] = max(high, self._high.get(tp, 0))
            waits = (tp for tp in tps if nexts[tp] < self._end(tp, ends[tp]))
            looking = not all(tuple(tp) in since for tp in waits)
            looking = looking or any(tp not in self._high for tp in tps)
        return since
