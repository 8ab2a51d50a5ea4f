"""The lanes of one membership in the consumer group: taken over, read, written batch after batch, and given up."""

import logging
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait

from services.intake.backlog import BATCHES_WAITING, Backlog, name_of, weight
from services.intake.batch import Decoded, LaneBatch
from services.intake.decoding import decoded, pieces
from services.intake.failures import is_of_the_batch, refused_by_database
from services.intake.lanes import Lane
from services.intake.last_read import holds, last_read
from services.intake.pace import Pace
from services.intake.takeover import LaneName, made_anew, note_trouble, take_over
from services.intake.weights import Weights
from services.intake.writer import Writer
from services.kafka.consumer import PartnerConsumer
from services.kafka.errors import log_replaced, topic_made_anew
from services.kafka.failures import LogMismatch
from services.kafka.records import Fetched, Polled
from services.logs import pairs
from services.postgres.waiting import WaitingConnection
from services.turns import Turn
from services.xapi.activities import Activities

log = logging.getLogger("tuntas.intake")

WHILE_WRITING_SECONDS = 0.005
"""How long to wait for more records while some are being written, or could be."""


POLL_BYTES = 512 * 1024
"""So much is taken from Kafka at once. With more the writer waits while it is decoded, and what is there by then leaves
nothing to decode while the writer waits for PostgreSQL (docs/decisions/one-worker-two-threads.md)."""


ENOUGH_SECONDS = 0.05
"""How long to wait for the writer, where enough is ready, before lanes with nothing ready are looked at again."""


TRY_AGAIN_SECONDS = 5.0
"""How long a lane whose log does not hold the next offset is left alone."""


class Reading:
    """The lanes of one membership in the consumer group, on one database connection.

    While one batch is being written, on a thread of its own, the next ones are fetched, and decoded whenever the writer
    waits for PostgreSQL. What is decoded waits in the backlog, so that there is work at both ends; of a lane of which
    enough waits nothing more is taken from Kafka: that is the back-pressure, and the others do not feel it.
    """

    def __init__(
        self,
        session: WaitingConnection,
        consumer: PartnerConsumer,
        cached_participants: int,
        pace: Pace,
        activities: Activities,
    ) -> None:
        self._turn = session.turn = Turn()
        self._session = session
        self._consumer = consumer
        self._pace = pace
        self._activities = activities
        self._writer = Writer(session, cached_participants)
        self._weights = Weights(self._writer.classes_in)
        self._lanes: dict[LaneName, Lane] = {}
        self._backlog = Backlog()
        self._being_written: list[LaneBatch] = []
        self._writing: Future[float] | None = None
        self._aside: dict[LaneName, float] = {}
        self._logged: dict[LaneName, str] = {}
        """Of lanes set aside, what was logged about them."""

    def run(self, stop: threading.Event, poll_seconds: float) -> None:
        """Reads until ``stop`` is set, and writes what was fetched by then, or until something breaks."""
        with ThreadPoolExecutor(1, "writer") as thread:
            while not stop.is_set():
                self._try_again()
                self._read(poll_seconds)
                if self._writing is None or self._writing.done():
                    self._write_next(thread)
            while self._backlog or self._writing is not None:
                self._write_next(thread)

    def _read(self, poll_seconds: float) -> None:
        """Takes what Kafka has into the backlog; waits for the writer where that has enough to do."""
        limit = self._pace.limit
        enough = self._backlog.weight >= BATCHES_WAITING * limit
        if enough:
            poll_seconds = 0.0
        elif self._backlog or self._writing is not None:
            poll_seconds = WHILE_WRITING_SECONDS
        try:
            polled = self._consumer.poll(
                poll_seconds, self._pace.most, POLL_BYTES, self._backlog.full(limit)
            )
        except LogMismatch as mismatch:
            self._log_mismatch(mismatch)
            return
        if polled.revoked or polled.lost or polled.assigned:
            self._change_lanes(polled)
        if polled.fetched:
            with self._turn:
                replaced = self._gather(polled.fetched)
            for other in replaced:
                self._log_mismatch(other)
        if enough and self._writing is not None:
            wait([self._writing], ENOUGH_SECONDS)

    def _write_next(self, thread: Executor) -> None:
        """Begins with the next batch when the one before is done."""
        self._finish_writing()
        batches = self._backlog.take(self._pace.limit)
        if batches:
            self._being_written = batches
            self._writing = thread.submit(self._write, batches)

    def _gather(self, fetched: Iterable[Fetched]) -> list[LogMismatch]:
        """Decodes what was fetched and adds it to the backlog; answers which logs are others than were read."""
        replaced = []
        for part in fetched:
            name = (part.topic, part.partition)
            lane = self._lanes.get(name)
            if lane is None:
                continue  # lost meanwhile: whoever owns it reads it
            records = part.records
            if (last := lane.last) is not None:
                if part.next_offset <= last.offset:
                    continue
                if not holds(last, decoded(lane, records[:1], self._weights, self._activities)):
                    replaced.append(log_replaced(*name, last.offset, lane.next_offset))
                    continue
                lane.last = None
                records = [record for record in records if record.offset >= lane.next_offset]
            read: list[Decoded] = []
            for piece in pieces(records):
                read += decoded(lane, piece, self._weights, self._activities)
                self._turn.let_in()
            behind = max(part.next_offset, lane.next_offset)
            self._backlog.add(LaneBatch(lane, read, behind, part.high_water))
        return replaced

    def _finish_writing(self) -> None:
        """Waits for the batch that is being written; raises what made it fail, if that is not the batch itself."""
        if self._writing is None:
            return
        writing, batches = self._writing, self._being_written
        self._writing, self._being_written = None, []
        weighs = sum(map(weight, batches))
        try:
            seconds = writing.result()
        except Exception as error:
            if not is_of_the_batch(error):
                self._pace.failed(weighs)
                raise
            self._not_written(batches, error)
            return
        self._pace.took(seconds, weighs)
        self._backlog.written(batches, self._pace.limit)
        self._consumer.commit({name: lane.next_offset for name, lane in self._lanes.items()})

    def _not_written(self, batches: list[LaneBatch], error: Exception) -> None:
        """Has a batch that failed written in pieces, down to the record that it is because of."""
        records = [one for batch in batches for one in batch.decoded]
        what = {"error": type(error).__name__, "sqlstate": getattr(error, "sqlstate", None)}
        if len(records) > 1:
            log.warning("batch split %s", pairs(lanes=len(batches), records=len(records), **what))
            self._backlog.put_back(batches)
            return
        for batch in batches:
            lane = batch.lane
            where = {"topic": lane.topic, "partition": lane.partition}
            if batch.decoded and (refused := refused_by_database(batch.decoded[0], error)):
                log.error("record rejected %s", pairs(**where, offset=refused.offset, **what))
                batch.decoded = [refused]
                self._backlog.put_back([batch])
            else:
                offset = batch.decoded[0].offset if batch.decoded else lane.next_offset
                self._set_aside(name_of(batch), "record cannot be written", offset=offset, **what)

    def _change_lanes(self, polled: Polled) -> None:
        self._finish_writing()
        for name in polled.revoked | polled.lost | polled.assigned:
            # Also of what is given anew: it is read again from where the lane's row says.
            self._aside.pop(name, None)
            self._give_up(name)
        if polled.assigned:
            self._take_over(polled.assigned)

    def _log_mismatch(self, mismatch: LogMismatch) -> None:
        """Sets a lane aside whose log does not hold what is next."""
        self._finish_writing()
        self._set_aside((mismatch.topic, mismatch.partition), str(mismatch))

    def _set_aside(self, name: LaneName, detail: str, **what: object) -> None:
        """Stops reading one lane; the others go on, and it is tried again."""
        self._consumer.pause(*name)
        self._give_up(name)
        self._aside[name] = time.monotonic() + TRY_AGAIN_SECONDS
        note_trouble(self._session, self._consumer.cluster_id(), name, detail)
        if self._logged.get(name) == detail:
            return
        self._logged[name] = detail
        topic, partition = name
        log.error(
            "lane set aside %s",
            pairs(
                topic=topic,
                partition=partition,
                detail=detail,
                **what,
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
        self._backlog.drop(name)
        lane = self._lanes.pop(name, None)
        if lane is not None:
            self._writer.drop_lane(lane)
            log.info("lane given up %s", pairs(topic=lane.topic, partition=lane.partition))

    def _take_over(self, names: Iterable[LaneName]) -> None:
        """Makes this worker the owner of the lanes and reads on where their rows say."""
        log_id = self._consumer.cluster_id()
        starts = self._consumer.beginning_offsets(sorted(names))
        states = take_over(self._session, log_id, starts)
        topic_ids = {topic: self._consumer.topic_id(topic) for topic, _ in starts}
        others = made_anew(self._session, states, topic_ids)
        lasts = last_read(self._session, [state.lane_id for state in states])
        for other in others:
            self._log_mismatch(topic_made_anew(other.topic, other.partition, other.next_offset))
        for state in states:
            if state in others:
                continue
            name = (state.topic, state.partition)
            last = lasts.get(state.lane_id)
            if last is not None and not starts[name] <= last.offset < state.next_offset:
                # Kafka has deleted it since, or another worker took the lane over and wrote: nothing to compare.
                last = None
            start = state.next_offset if last is None else last.offset
            if not self._consumer.seek(*name, start, state.next_offset):
                continue  # taken away again meanwhile, as the next poll will say
            self._lanes[name] = Lane(
                state.lane_id,
                state.topic,
                state.partition,
                state.partner_id,
                state.epoch,
                state.next_offset,
                last,
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
            if state.epoch == 1 and state.first_offset > 0:
                # As it must be where Kafka has deleted records, and this database is new, or restored from before.
                log.warning(
                    "lane begins late %s",
                    pairs(
                        topic=state.topic,
                        partition=state.partition,
                        first_offset=state.first_offset,
                        detail="Kafka deleted what was before, and this database never read it",
                    ),
                )

    def _write(self, batches: list[LaneBatch]) -> float:
        """How many seconds it took."""
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
                seconds=(seconds := time.monotonic() - started),
            ),
        )
        return seconds
