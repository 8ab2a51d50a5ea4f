"""The ingest service: reads the lanes that Kafka assigns to this process, batch after batch.

The offsets that count are in the lane rows. Whenever something breaks (the database or the broker is away, another
worker owns a lane, an answer to COMMIT was lost) the worker says so, drops everything it holds, waits, and starts
again from the lane rows. Nothing that was not committed was ever promised to anybody.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor

from domain.errors import Reason, Refusal
from domain.events import PartnerEvent
from domain.vocabulary import TOPIC_PREFIX
from projections.status import StaleRows
from services.cloudevents.decode import decode
from services.cloudevents.examine import TOO_LARGE, TOO_MUCH_BESIDE
from services.intake.batch import Decoded, Lane, LaneBatch, entry_of
from services.intake.takeover import LaneName, take_over
from services.intake.writer import StaleRules, Writer
from services.kafka.consumer import PartnerConsumer
from services.kafka.errors import KafkaFailure, LogMismatch
from services.kafka.one_batch import MAX_VALUE_BYTES
from services.kafka.records import AnyRecord, CorruptRecord, Fetched, Polled, Record
from services.logs import pairs
from services.postgres.connect import close
from services.postgres.errors import PostgresError
from services.postgres.waiting import WaitingConnection
from services.resume import run_until_stopped
from services.turns import Turn

log = logging.getLogger("tuntas.intake")

WHILE_WRITING_SECONDS = 0.005
"""How long to wait for more records while some are being written, or could be."""

TURN_RECORDS = 20
"""So many records are decoded before the writer is let in: some tenths of a millisecond."""

AHEAD = 1
"""So many batches are decoded and wait to be written."""

TRY_AGAIN_SECONDS = 60.0
"""How long a lane whose log does not hold the next offset is left alone."""


class Worker:
    """One ingest process. Start as many as there are cores; Kafka divides the lanes among them."""

    def __init__(
        self,
        connect: Callable[[], WaitingConnection],
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
    """The lanes of one membership in the consumer group, on one database connection.

    While one batch is being written, on a thread of its own, the next ones are fetched, and decoded whenever the writer
    waits for PostgreSQL. Batches that are ready wait in line, so that there is work at both ends. At most one is being
    written, `AHEAD` are ready and one is gathered: that is the back-pressure.
    """

    def __init__(
        self, session: WaitingConnection, consumer: PartnerConsumer, cached_participants: int
    ) -> None:
        self._turn = session.turn = Turn()
        self._session = session
        self._consumer = consumer
        self._writer = Writer(session, cached_participants)
        self._lanes: dict[LaneName, Lane] = {}
        self._gathered: dict[LaneName, LaneBatch] = {}
        self._gathered_records = 0
        self._ready: deque[list[LaneBatch]] = deque()
        self._writing: Future[None] | None = None
        self._aside: dict[LaneName, float] = {}

    def run(self, stop: threading.Event, poll_seconds: float, batch_records: int) -> None:
        """Reads until ``stop`` is set, and writes what was fetched by then, or until something breaks."""
        with ThreadPoolExecutor(1, "writer") as thread:
            while not stop.is_set():
                self._try_again()
                idle = self._writing is None and not self._gathered
                try:
                    polled = self._consumer.poll(
                        poll_seconds if idle else WHILE_WRITING_SECONDS,
                        batch_records - self._gathered_records,
                    )
                except LogMismatch as mismatch:
                    self._set_aside(mismatch)
                    continue
                if polled.revoked or polled.lost or polled.assigned:
                    self._change_lanes(polled)
                if polled.fetched:
                    with self._turn:
                        self._gather(polled.fetched)
                if self._gathered_records >= batch_records:
                    self._line_up()
                    while len(self._ready) > AHEAD:
                        self._write_next(thread)
                if self._writing is None or self._writing.done():
                    self._write_next(thread)
            self._line_up()
            while self._ready or self._writing is not None:
                self._write_next(thread)

    def _line_up(self) -> None:
        """What is gathered is a batch that waits to be written."""
        if self._gathered:
            self._ready.append(list(self._gathered.values()))
            self._gathered = {}
            self._gathered_records = 0

    def _write_next(self, thread: Executor) -> None:
        """Begins with the next batch when the one before is done; with what is gathered when none is ready."""
        self._finish_writing()
        if not self._ready:
            self._line_up()
        if self._ready:
            self._writing = thread.submit(self._write, self._ready.popleft())

    def _gather(self, fetched: Iterable[Fetched]) -> None:
        """Decodes what was fetched and adds it to the batch that is gathered."""
        since = 0
        for part in fetched:
            name = (part.topic, part.partition)
            lane = self._lanes.get(name)
            if lane is None:
                continue  # lost meanwhile: whoever owns it reads it
            batch = self._gathered.get(name)
            if batch is None:
                batch = self._gathered[name] = LaneBatch(lane, [], part.next_offset, 0)
            for first in range(0, len(part.records), TURN_RECORDS):
                piece = part.records[first : first + TURN_RECORDS]
                batch.decoded += decoded(lane, piece)
                since += len(piece)
                if since >= TURN_RECORDS:
                    self._turn.let_in()
                    since = 0
            batch.next_offset = part.next_offset
            batch.high_water = part.high_water
            self._gathered_records += len(part.records)

    def _finish_writing(self) -> None:
        """Waits for the batch that is being written; raises what made it fail."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            writing.result()
            self._consumer.commit({name: lane.next_offset for name, lane in self._lanes.items()})

    def _change_lanes(self, polled: Polled) -> None:
        self._finish_writing()
        for name in polled.revoked | polled.lost | polled.assigned:
            # Also of what is given anew: it is read again from where the lane's row says.
            self._aside.pop(name, None)
            self._give_up(name)
        if polled.assigned:
            self._take_over(polled.assigned)

    def _set_aside(self, mismatch: LogMismatch) -> None:
        """Stops reading one lane whose log does not hold what is next; the others go on, and it is tried again."""
        self._finish_writing()
        name = (mismatch.topic, mismatch.partition)
        self._consumer.pause(*name)
        self._give_up(name)
        self._aside[name] = time.monotonic() + TRY_AGAIN_SECONDS
        log.error(
            "lane set aside %s",
            pairs(
                topic=mismatch.topic,
                partition=mismatch.partition,
                detail=str(mismatch),
                try_again_in_seconds=TRY_AGAIN_SECONDS,
            ),
        )

    def _try_again(self) -> None:
        due = [name for name, since in self._aside.items() if since < time.monotonic()]
        if due:
            self._finish_writing()
            for name in due:
                del self._aside[name]
            self._take_over(due)

    def _give_up(self, name: LaneName) -> None:
        """Forgets a lane, and what was read of it and is not being written."""
        given_up = self._gathered.pop(name, None)
        if given_up is not None:
            self._gathered_records -= len(given_up.decoded)
        self._ready = deque(
            kept
            for batches in self._ready
            if (kept := [b for b in batches if (b.lane.topic, b.lane.partition) != name])
        )
        lane = self._lanes.pop(name, None)
        if lane is not None:
            self._writer.drop_lane(lane)
            log.info("lane given up %s", pairs(topic=lane.topic, partition=lane.partition))

    def _take_over(self, names: Iterable[LaneName]) -> None:
        """Makes this worker the owner of the lanes and reads on where their rows say."""
        log_id = self._consumer.cluster_id()
        starts = self._consumer.beginning_offsets(sorted(names))
        states = take_over(self._session, log_id, starts)
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
        with self._turn:
            outcome = self._writer.write(batches)
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


def decoded(lane: Lane, records: Iterable[AnyRecord]) -> list[Decoded]:
    """The records of a lane, decoded. What cannot be read as a record, or is too large, is refused in its place."""
    partner = lane.topic.removeprefix(TOPIC_PREFIX)
    outcomes: list[Decoded] = []
    for record in records:
        entry = None
        if isinstance(record, Record):
            outcome = decode(partner, record.key, record.headers, record.value)
            if isinstance(outcome, PartnerEvent):
                entry = entry_of(outcome)
        elif isinstance(record, CorruptRecord):
            outcome = Refusal(Reason.CORRUPT_RECORD, record.detail)
        else:
            outcome = TOO_LARGE if record.size > MAX_VALUE_BYTES else TOO_MUCH_BESIDE
        outcomes.append(Decoded(record.offset, outcome, record, entry))
    return outcomes
