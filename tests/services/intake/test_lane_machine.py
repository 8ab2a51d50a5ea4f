"""Lanes and their writers as a machine of states: whoever takes over, writes, crashes or comes back, in any order.

Hypothesis draws the steps, and shortens those that fail. The log is a simulated one, with repeats, conflicts,
withdrawals and catalogues; what must hold is what the simulation's oracle says.
"""

import asyncio
import random
from typing import Any, Final, cast

import asyncpg
import psycopg2
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine
from psycopg2.extensions import connection

from domain.vocabulary import TOPIC_PREFIX
from projections.reading.catalogue import CatalogueCache
from projections.sums import rollup
from services.http.database import SESSION_SETTINGS
from services.intake.batch import LaneBatch
from services.intake.decoding import decoded
from services.intake.lanes import Lane
from services.intake.weights import Weights
from services.postgres.connect import transaction
from services.postgres.errors import CommitUnknown, LaneLost
from tests.examples import examples
from tests.services.intake.desk import Desk
from tests.simulation import answers, ledgers
from tests.simulation.kafka import LaneName
from tests.simulation.reader import BEHIND
from tests.simulation.records import log_of, people_in

WORKERS: Final = 3
MOST_OFFSETS: Final = 8
STEPS: Final = 25

workers = st.integers(0, WORKERS - 1)
places = st.integers(0, 100)
"""Which lane of those that there are, or that a worker believes to own."""


class LaneMachine(RuleBasedStateMachine):
    """Some workers on one database. ``_reached`` is the model: how far each lane is committed, and whose it is."""

    def __init__(self, database_url: str) -> None:
        super().__init__()
        self._database_url = database_url
        self._desks = [
            Desk(database_url, cached_participants=(0, 2, 100)[n]) for n in range(WORKERS)
        ]
        self._desks[0].clear()
        self._held: list[dict[LaneName, Lane]] = [{} for _ in range(WORKERS)]
        self._owners: dict[LaneName, int] = {}
        self._reached: dict[LaneName, int] = {}

    @initialize(seed=st.integers(0, 10_000))
    def begin(self, seed: int) -> None:
        self._log = log_of(random.Random(seed), 1.0)
        self._names = sorted(self._log)

    @rule(worker=workers, place=places)
    def take_over(self, worker: int, place: int) -> None:
        """The lane's row says where to read on."""
        name = self._names[place % len(self._names)]
        topic, partition = name
        lane = self._desks[worker].lane(topic.removeprefix(TOPIC_PREFIX), partition)
        assert lane.next_offset == self._reached.setdefault(name, 0)
        self._held[worker][name] = lane
        self._owners[name] = worker

    @precondition(lambda self: any(self._held))
    @rule(worker=workers, place=places, count=st.integers(1, MOST_OFFSETS))
    def write(self, worker: int, place: int, count: int) -> None:
        """Only the owner's batch is written, whoever else believes to own the lane."""
        if (name := self._one_of(worker, place)) is None:
            return
        batch = self._batch(worker, name, count)
        if self._owners[name] == worker:
            self._desks[worker].write(batch)
            self._reached[name] = batch.next_offset
            return
        try:
            self._desks[worker].write(batch)
        except LaneLost:
            self._give_up(worker, name)
        else:
            raise AssertionError("somebody else's lane was written")

    @precondition(lambda self: any(self._held))
    @rule(worker=workers, place=places, count=st.integers(1, MOST_OFFSETS), delivered=st.booleans())
    def lose_the_answer_to_a_commit(
        self, worker: int, place: int, count: int, delivered: bool
    ) -> None:
        """PostgreSQL heard of it, or did not; the worker starts again from the rows."""
        name = self._one_of(worker, place)
        if name is None or self._owners[name] != worker:
            return
        batch = self._batch(worker, name, count)
        lose_next(self._desks[worker].session, delivered=delivered)
        try:
            self._desks[worker].write(batch)
        except CommitUnknown:
            if delivered:
                self._reached[name] = batch.next_offset
        else:
            raise AssertionError("the connection was to be lost")
        self.crash(worker)

    @rule(worker=workers)
    def crash(self, worker: int) -> None:
        """Nothing is left of what it held; another one takes its place."""
        self._desks[worker].session.close()
        self._desks[worker] = Desk(self._database_url, cached_participants=100)
        self._held[worker].clear()
        self._owners = {name: of for name, of in self._owners.items() if of != worker}

    @precondition(lambda self: any(self._held))
    @rule(worker=workers, place=places)
    def give_up(self, worker: int, place: int) -> None:
        """As Kafka's group says it."""
        if (name := self._one_of(worker, place)) is not None:
            self._give_up(worker, name)

    @rule(worker=workers)
    def project(self, worker: int) -> None:
        """Sums and rules catch up."""
        self._desks[worker].judge_again()
        with transaction(self._desks[worker].session) as work:
            rollup.add_up_all(work)

    @rule()
    def look(self) -> None:
        """One outcome an offset, lanes add up, and answers are the fold of what was committed."""
        asyncio.run(self._look())

    def teardown(self) -> None:
        try:
            if hasattr(self, "_log"):
                self.project(0)
                self.look()
        finally:
            for desk in self._desks:
                desk.session.close()

    async def _look(self) -> None:
        session = await asyncpg.connect(self._database_url, server_settings=SESSION_SETTINGS)
        try:
            ledger = await ledgers.ledger_of(session)
            assert {name: lane.next_offset for name, lane in ledger.items()} == self._reached
            ledgers.check(ledger, self._log)
            expected = ledgers.expected_of(ledger, self._log)
            ((is_behind,),) = await session.fetch(BEHIND)
            if not is_behind:
                catalogue = CatalogueCache()
                for person in people_in(self._log):
                    await answers.check_person(session, catalogue, expected, person)
        finally:
            await session.close()

    def _one_of(self, worker: int, place: int) -> LaneName | None:
        held = sorted(self._held[worker])
        return held[place % len(held)] if held else None

    def _batch(self, worker: int, name: LaneName, count: int) -> LaneBatch:
        lane = self._held[worker][name]
        behind = min(lane.next_offset + count, len(self._log[name]))
        records = [each for each in self._log[name][lane.next_offset : behind] if each is not None]
        weights = Weights(self._desks[worker].writer.classes_in)
        return LaneBatch(lane, decoded(lane, records, weights), behind, len(self._log[name]))

    def _give_up(self, worker: int, name: LaneName) -> None:
        self._desks[worker].writer.drop_lane(self._held[worker].pop(name))
        if self._owners.get(name) == worker:
            del self._owners[name]


def lose_next(session: Any, *, delivered: bool) -> None:
    """Has a connection break at its next COMMIT, before or after PostgreSQL carries it out."""

    def commit() -> None:
        if delivered:
            connection.commit(session)
        session.close()
        raise psycopg2.OperationalError("server closed the connection unexpectedly")

    session.commit = commit


def test_lanes_and_writers(database_url: str) -> None:
    run_machine(
        cast("type[RuleBasedStateMachine]", lambda: LaneMachine(database_url)),
        settings=settings(
            max_examples=examples(4, 200),
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
        ),
    )
