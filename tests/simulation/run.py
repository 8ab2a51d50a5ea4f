"""One run: a seed's log, processes and faults, until everything is read and settled; and what must hold then."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final
from unittest import mock

from msgspec import Struct, field

from services import rebuilding
from services.http.pacing import Pace, PacedSession
from services.postgres import prepared
from services.projector.announcer import Announcement
from tests.simulation import answers, ledgers, reconciled
from tests.simulation.backends import Backends, Borrowed
from tests.simulation.database import RunDatabase
from tests.simulation.faults import Faults
from tests.simulation.kafka import Group, Log
from tests.simulation.locks import Locks
from tests.simulation.processes import Processes, connect_of_rebuild
from tests.simulation.reader import Reader
from tests.simulation.records import log_of, people_in
from tests.simulation.scheduler import Scheduler
from tests.simulation.sessions import Sessions
from tests.simulation.stories import Story
from tests.simulation.strikes import Strikes
from tests.simulation.threads import placed

WRITTEN_WITHIN_SECONDS: Final = 10.0
"""In a run of the whole size."""
SIZES: Final = (0.25, 0.5, 1.0)
SIZE_WEIGHTS: Final = (6, 3, 1)
"""Most runs are small: what is wrong shows in few records, and of small runs there are many more in the same time."""
SETTLED_WITHIN_SECONDS: Final = 400.0
PREPARED_AT_ONCE: Final = 0.25
"""So often statements are prepared the first time that a connection sends them, and not the sixth."""
REPEATED: Final = prepared.REPEATED
"""As the product has it, whatever is put in its place around a run: a seed is the same run everywhere."""
COMPARED: Final = 0.25
"""So often everything is folded anew at the end and compared, row by row."""

SETTLED: Final = """
SELECT NOT EXISTS (SELECT FROM projections.delta)
   AND NOT EXISTS (SELECT FROM control.catalogue_head WHERE applied_revision < revision)
   AND NOT EXISTS (SELECT FROM projections.class WHERE institution IS DISTINCT FROM summed_institution)
   AND NOT EXISTS (SELECT FROM ledger.rejection LEFT JOIN ledger.rejection_announced AS announced
                     USING (partner_id, lane_id) WHERE kafka_offset >= coalesce(announced.next_offset, 0))
"""
ALL_TOLD: Final = """
SELECT NOT EXISTS (SELECT FROM ledger.lane LEFT JOIN control.answer_lane AS seen USING (partner_id, lane_id)
                   WHERE lane.position > coalesce(seen.position, 0))
   AND NOT EXISTS (SELECT FROM control.answer_head AS told JOIN control.catalogue_head AS head USING (partner_id)
                   WHERE told.revision <> head.applied_revision)
"""
NEXT_OFFSETS: Final = "SELECT topic, partition, next_offset FROM ledger.lane"


class SeedFailed(AssertionError):
    """A run did not end as it must; the message is its story."""


class Ran(Struct):
    """What one run was. ``records`` in the log; ``rebuilds`` that were switched to; ``answers`` given meanwhile."""

    story: Story
    records: int = 0
    steps: int = 0
    rebuilds: int = 0
    answers: int = 0
    compared: int = 0
    faults: dict[str, int] = field(default_factory=dict)


class Run:
    """One seed on a database that is fresh, or that another run of the same log left."""

    def __init__(
        self,
        database: RunDatabase,
        locks: Locks,
        seed: int,
        *,
        earlier: Run | None = None,
    ) -> None:
        """``earlier``: the log is its, and Kafka was told what it told."""
        self._database = database
        self._seed = seed
        self.scheduler = Scheduler(seed, locks)
        chance = self.scheduler.chance
        of_log = random.Random(f"{seed}/log")
        if earlier is None:
            (self._size,) = of_log.choices(SIZES, SIZE_WEIGHTS)
            self._log = Log(log_of(of_log, self._size))
        else:
            self._size, self._log = earlier.size, earlier.log.anew()
        self._written_within = self._size * WRITTEN_WITHIN_SECONDS
        faults = self._faults = Faults(chance)
        faults.note = lambda kind, what: self.scheduler.story.fault(self.scheduler.now, kind, what)
        self._sessions = Sessions(self.scheduler, database.backends, faults)
        self._group = Group(self.scheduler, self._log, chance)
        self._reader = Reader(self.scheduler, database.snapshots, self._log)
        self.processes = Processes(
            self.scheduler, self._sessions, self._group, faults, self._reader
        )
        if earlier is not None:
            self.processes.follow(earlier.processes)
        strikes = Strikes(self.scheduler, self._sessions, self._group, faults, self.processes)
        self.scheduler.strike = strikes.strike
        self.scheduler.idle = self._when_idle
        self._looking = database.backends.borrow()
        self._looking.autocommit = True
        self._group.on_commit = self._check_group
        self._is_stopped = False
        at_once = random.Random(f"{seed}/prepared").random() < PREPARED_AT_ONCE
        self._repeated = 0 if at_once else REPEATED
        self._answering = chance.choice((0, 0, 1, 2))
        if earlier is not None and earlier.is_answering:
            self._answering = max(1, self._answering)  # what was told may have to be told anew

    @property
    def log(self) -> Log:
        return self._log

    @property
    def size(self) -> float:
        """The share of a run of the whole size."""
        return self._size

    @property
    def is_answering(self) -> bool:
        """Whether changed answers are told."""
        return self._answering > 0

    def on_acknowledged(self, what: Callable[[], None]) -> None:
        """Has something done after each COMMIT that a process was told of, before anything else goes on."""
        self._sessions.on_acknowledged = what

    def play(self) -> Ran:
        """Runs until everything is settled and checks it; raises SeedFailed, with the story."""
        try:
            self._begin()
            with (
                placed(connect_of_rebuild(self._sessions)),
                mock.patch.object(prepared, "REPEATED", self._repeated),
            ):
                self.scheduler.run()
            compared = self._check()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            story = f"{self.scheduler.story.ending()}\nseed {self._seed}: {type(error).__name__}: {error}"
            raise SeedFailed(story) from error
        finally:
            self._database.backends.take_back()
        return Ran(
            self.scheduler.story,
            records=sum(record is not None for lane in self._log.lanes.values() for record in lane),
            steps=self.scheduler.steps,
            rebuilds=self.processes.rebuilds,
            answers=self._reader.answers,
            compared=compared,
            faults=dict(self.scheduler.story.counts),
        )

    def _begin(self) -> None:
        chance = self.scheduler.chance
        for service, count in (
            ("ingest", chance.randint(1, 3)),
            ("project", chance.randint(1, 2)),
            ("answer", self._answering),
            ("read", chance.randint(0, 1)),
        ):
            for _ in range(count):
                self.processes.begin(service)
        if chance.random() < 0.3:
            for _ in range(chance.randint(1, 2)):
                self.scheduler.at(
                    chance.uniform(0.5, self._written_within),
                    partial(self.processes.begin, "rebuild"),
                )
        for lane, offsets in self._log.lanes.items():
            left = len(offsets)
            while left > 0:
                count = min(left, chance.randint(1, 12))
                left -= count
                instant = chance.uniform(0.0, self._written_within)
                self.scheduler.at(instant, partial(self._log.append, lane, count))

    def _when_idle(self) -> None:
        """Faults end when the log is whole; everything is told to stop when all of it is read and settled."""
        now = self.scheduler.now
        if self._is_stopped or now < self._written_within or not self._log.is_whole():
            return
        self._faults.is_over = True
        if self._is_settled():
            self._is_stopped = True
            self.processes.stop()
        elif now > SETTLED_WITHIN_SECONDS:
            ends = {lane: len(offsets) for lane, offsets in self._log.lanes.items()}
            raise TimeoutError(f"not settled: {self._rows(NEXT_OFFSETS)} of {ends}")

    def _is_settled(self) -> bool:
        reached = {(topic, number): at for topic, number, at in self._rows(NEXT_OFFSETS)}
        ends = {lane: len(offsets) for lane, offsets in self._log.lanes.items()}
        rebuilding_now = self.processes.alive("rebuild")
        if reached != ends or rebuilding_now or not self._rows(SETTLED)[0][0]:
            return False
        return self._answering == 0 or bool(self._rows(ALL_TOLD)[0][0])

    def _check_group(self) -> None:
        """What Kafka is told is never ahead of what is committed."""
        reached = {(topic, number): at for topic, number, at in self._rows(NEXT_OFFSETS)}
        ahead = {
            lane: (offset, reached.get(lane))
            for lane, offset in self._group.committed.items()
            if offset > reached.get(lane, 0)
        }
        if ahead:
            self.scheduler.fail(AssertionError(f"the group is told more than was written: {ahead}"))

    def _check(self) -> int:
        self._database.snapshots.ask(self._check_answers)
        if self.scheduler.chance.random() >= COMPARED and not self.processes.rebuilds:
            return 0
        with placed_connect(self._database.backends):
            rebuilt = rebuilding.rebuild(self._database.url, 1, compare=True)
        assert rebuilt.differences is not None
        different = {table: n for table, n in rebuilt.differences.items() if n}
        assert not different, f"a rebuild differs: {different}"
        assert not rebuilt.wrong_snapshots, (
            f"snapshots differ from events: {rebuilt.wrong_snapshots}"
        )
        return 1

    async def _check_answers(self, session: Any) -> None:
        paced = PacedSession(session, Pace())
        ledger = await ledgers.ledger_of(paced)
        ledgers.check(ledger, self._log.lanes)
        self._check_announced(ledger)
        expected = ledgers.expected_of(ledger, self._log.lanes, answers.LATER)
        if self._answering:
            answers.check_told(self.processes.topics.folded(), expected)
        await answers.check_everything(paced, expected, people_in(self._log.lanes))
        await reconciled.check(paced, ledger)

    def _check_announced(self, ledger: ledgers.Ledger) -> None:
        """Partners were told of each rejected record, and of no other.

        Where the database was put back to an earlier moment, what was told after that moment stands. Of two records
        with one id, in two lanes, the other one may be first this time: then one that is accepted had been told of.
        """
        rejected = {
            f"{topic}/{partition}/{offset}"
            for (topic, partition), lane in ledger.items()
            for offset, outcomes in lane.outcomes.items()
            if outcomes[0].outcome == "rejected"
        }
        told = _places(self.processes.announced)
        earlier = _places(self.processes.announced_earlier)
        assert rejected <= told, f"rejected and not announced: {rejected - told}"
        assert told - rejected <= earlier, f"announced and not rejected: {told - rejected}"

    def _rows(self, question: str) -> list[Any]:
        with self._looking.cursor() as work:
            work.execute(question)
            return work.fetchall()


@contextmanager
def placed_connect(backends: Backends) -> Iterator[None]:
    """A block in which a rebuild's connections have the backends that are there."""

    def connect(_database_url: str, _name: str, **_: float) -> Borrowed:
        return backends.borrow()

    with mock.patch.object(rebuilding, "connect", connect):
        yield


def _places(announced: Iterable[Announcement]) -> set[str]:
    return {ledgers.place_of(each.value) for each in announced}
