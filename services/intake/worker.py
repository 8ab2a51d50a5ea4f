"""The ingest service: reads the lanes that Kafka assigns to this process, batch after batch.

The offsets that count are in the lane rows. Whenever something breaks (the database or the broker is away, another
worker owns a lane, an answer to COMMIT was lost) the worker says so, drops everything it holds, waits, and starts
again from the lane rows. Nothing that was not committed was ever promised to anybody.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable

from psycopg2.extensions import connection

from domain.errors import Reason, Refusal
from domain.vocabulary import PARTNER_IDS, TOPIC_PREFIX
from projections.status import StaleRows
from services.cloudevents.decode import decode
from services.intake.batch import Decoded, Lane, LaneBatch, RawRecord
from services.intake.writer import StaleRules, Writer
from services.kafka.consumer import PartnerConsumer
from services.kafka.errors import KafkaFailure
from services.kafka.records import CorruptRecord, Fetched
from services.logs import pairs
from services.postgres import ledger
from services.postgres.connect import close, transaction
from services.postgres.errors import PostgresError
from services.resume import run_until_stopped

log = logging.getLogger("tuntas.intake")

LaneName = tuple[str, int]
"""Topic and partition."""


class Worker:
    """One ingest process. Start as many as there are cores; Kafka divides the lanes among them."""

    def __init__(
        self,
        connect: Callable[[], connection],
        subscribe: Callable[[], PartnerConsumer],
        *,
        batch_records: int,
        poll_seconds: float,
        cached_participants: int,
    ) -> None:
        """``connect`` and ``subscribe`` open what the worker needs, again after each failure."""
        self._connect = connect
        self._subscribe = subscribe
        self._batch_records = batch_records
        self._poll_seconds = poll_seconds
        self._cached_participants = cached_participants

    def run(self, stop: threading.Event) -> None:
        """Reads until ``stop`` is set; a batch that was begun is finished. Never gives up on broken infrastructure."""
        broken = (PostgresError, KafkaFailure, StaleRows, StaleRules)
        run_until_stopped(self._run_until_broken, stop, broken, log)

    def _run_until_broken(self, stop: threading.Event) -> None:
        session = self._connect()
        try:
            consumer = self._subscribe()
            try:
                _Reading(session, consumer, self._cached_participants).run(
                    stop, self._poll_seconds, self._batch_records
                )
            finally:
                consumer.close()
        finally:
            close(session)


class _Reading:
    """The lanes of one membership in the consumer group, on one database connection."""

    def __init__(
        self, session: connection, consumer: PartnerConsumer, cached_participants: int
    ) -> None:
        self._session = session
        self._consumer = consumer
        self._writer = Writer(session, cached_participants)
        self._lanes: dict[LaneName, Lane] = {}

    def run(self, stop: threading.Event, poll_seconds: float, batch_records: int) -> None:
        while not stop.is_set():
            polled = self._consumer.poll(poll_seconds, batch_records)
            for name in polled.revoked | polled.lost:
                self._give_up(name)
            if polled.assigned:
                self._take_over(polled.assigned)
            batches = [
                lane_batch(self._lanes[(fetched.topic, fetched.partition)], fetched)
                for fetched in polled.fetched
                if (fetched.topic, fetched.partition) in self._lanes
            ]
            if batches:
                self._write(batches)

    def _give_up(self, name: LaneName) -> None:
        lane = self._lanes.pop(name, None)
        if lane is not None:
            self._writer.drop_lane(lane)
            log.info("lane given up %s", pairs(topic=lane.topic, partition=lane.partition))

    def _take_over(self, names: Iterable[LaneName]) -> None:
        """Makes this worker the owner of the lanes and reads on where their rows say."""
        log_id = self._consumer.cluster_id()
        starts = {name: self._consumer.beginning_offset(*name) for name in sorted(names)}
        with transaction(self._session) as work:
            opened = [
                ledger.open_lane(
                    work,
                    log_id=log_id,
                    topic=topic,
                    partition=partition,
                    partner_id=partner_id_of(topic),
                    first_offset=start,
                )
                for (topic, partition), start in starts.items()
            ]
            states = ledger.take_over(work, [lane.lane_id for lane in opened])
        for state in states:
            if not self._consumer.seek(state.topic, state.partition, state.next_offset):
                continue  # taken away again meanwhile, as the next poll will say
            self._lanes[(state.topic, state.partition)] = Lane(
                state.lane_id,
                state.topic,
                state.partition,
                state.partner_id,
                state.epoch,
                state.next_offset,
            )
            log.info(
                "lane taken over %s",
                pairs(
                    topic=state.topic,
                    partition=state.partition,
                    next_offset=state.next_offset,
                    epoch=state.epoch,
                ),
            )

    def _write(self, batches: list[LaneBatch]) -> None:
        started = time.monotonic()
        outcome = self._writer.write(batches)
        self._consumer.commit(
            {(b.lane.topic, b.lane.partition): b.lane.next_offset for b in batches}
        )
        log.info(
            "batch %s",
            pairs(
                lanes=len(batches),
                accepted=sum(len(lane.events) for lane in outcome.lanes),
                duplicate=sum(len(lane.duplicates) for lane in outcome.lanes),
                rejected=sum(len(lane.rejections) for lane in outcome.lanes),
                seconds=time.monotonic() - started,
            ),
        )


def lane_batch(lane: Lane, fetched: Fetched) -> LaneBatch:
    """The fetched records of a lane, decoded. What cannot be read as a record is refused in its place."""
    partner = lane.topic.removeprefix(TOPIC_PREFIX)
    decoded: list[Decoded] = []
    for record in fetched.records:
        if isinstance(record, CorruptRecord):
            refusal = Refusal(Reason.CORRUPT_RECORD, record.detail)
            decoded.append(Decoded(record.offset, refusal, RawRecord(None, None)))
        else:
            outcome = decode(partner, record.key, record.headers, record.value)
            raw = RawRecord(record.key, record.value)
            decoded.append(Decoded(record.offset, outcome, raw))
    return LaneBatch(lane, decoded, fetched.next_offset, fetched.high_water)


def partner_id_of(topic: str) -> int:
    """The number of the partner that a topic belongs to."""
    return PARTNER_IDS[topic.removeprefix(TOPIC_PREFIX)]
