"""Projector and rebuild beside lanes and writers, as a machine of states: passes break, rebuilds are written into.

The steps are those of the lanes' own machine, and more. What must hold is the same: answers are the fold of what was
committed; and in the end every row and every sum is what another rebuild makes of the ledger.
"""

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, Final, cast
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from projections.days import following as days
from projections.sequences import ranges as sequences
from projections.status import rejudge
from projections.sums import rollup
from services import rebuilding
from services.postgres.connect import connect, transaction
from services.postgres.errors import PostgresError
from tests.examples import examples
from tests.services.intake.desk import Desk
from tests.services.intake.test_lane_machine import (
    MOST_OFFSETS,
    STEPS,
    WORKERS,
    LaneMachine,
    lose_next,
    places,
    workers,
)

MUCH: Final = 40
COMMITS: Final = 25
"""A rebuild of so little has about so many."""


def judge_again(desk: Desk) -> None:
    """One pass over each partner whose rows are behind its catalogue."""
    opened = partial(transaction, desk.session)
    for partner_id in rejudge.partners_behind(opened):
        if rejudge.claim(opened, partner_id):
            rejudge.rejudge(opened, partner_id)
            rejudge.release(opened, partner_id)


def in_transaction(step: Callable[[Any], object]) -> Callable[[Desk], None]:
    def do(desk: Desk) -> None:
        with transaction(desk.session) as work:
            step(work)

    return do


PASSES: Final[dict[str, Callable[[Desk], None]]] = {
    "judge again": judge_again,
    "add up": in_transaction(rollup.add_up),
    "look for gaps": in_transaction(sequences.follow),
    "follow days": in_transaction(days.follow_all),
}
"""What a projector does, pass by pass."""
passes = st.sampled_from(sorted(PASSES))

READ: Final[list[int]] = []
"""How many offsets were read in each example."""


class ProjectorMachine(LaneMachine):
    """Lanes, writers, projectors and rebuilds of one database."""

    @initialize(seed=st.integers(0, 10_000))
    def begin(self, seed: int) -> None:
        """Some of each lane is read already."""
        LaneMachine.begin(self, seed)
        for place in range(len(self._names)):
            self.read_on(place % WORKERS, place, MUCH // 2)

    @rule(worker=workers, place=places, offsets=st.integers(5, MUCH))
    def read_on(self, worker: int, place: int, offsets: int) -> None:
        """A worker takes a lane over and reads much of it."""
        self.take_over(worker, place)
        name = self._names[place % len(self._names)]
        held = sorted(self._held[worker])
        self.write(worker, held.index(name), offsets)

    @rule(worker=workers, what=passes)
    def do_one_pass(self, worker: int, what: str) -> None:
        PASSES[what](self._desks[worker])

    @rule(worker=workers, what=passes, delivered=st.booleans())
    def lose_the_answer_to_a_pass(self, worker: int, what: str, delivered: bool) -> None:
        """Its first COMMIT is carried out, or is not, and the process begins anew."""
        lose_next(self._desks[worker].session, delivered=delivered)
        try:
            PASSES[what](self._desks[worker])
        except PostgresError:
            pass
        else:
            raise AssertionError("the connection was to be lost")
        self.crash(worker)

    @rule(worker=workers, place=places, offsets=st.integers(0, MOST_OFFSETS), what=passes)
    def rebuild(self, worker: int, place: int, offsets: int, what: str) -> None:
        """A worker writes, and a projector works, behind the snapshot that is folded."""
        done: list[int] = []

        def meanwhile(_done: int, _total: int) -> None:
            if not done and self._held[worker]:
                done.append(offsets)
                if offsets:
                    self.write(worker, place, offsets)
                if what != "judge again":  # which waits for the rebuild
                    self.do_one_pass(worker, what)

        rebuilding.rebuild(self._database_url, 1, progress=meanwhile)

    @rule(commit=st.integers(1, COMMITS), delivered=st.booleans())
    def rebuild_in_vain(self, commit: int, delivered: bool) -> None:
        """It ends at one of its COMMITs, its switch maybe, and the next one clears up."""
        numbers = count(1)

        def connect_to_break(*given: Any, **options: Any) -> Any:
            session = connect(*given, **options)
            whole = session.commit

            def commit_or_break() -> None:
                if next(numbers) == commit:
                    lose_next(session, delivered=delivered)
                    session.commit()
                whole()

            session.commit = commit_or_break  # type: ignore[method-assign]
            return session

        with mock.patch.object(rebuilding, "connect", connect_to_break):
            try:
                rebuilding.rebuild(self._database_url, 1)
            except PostgresError:
                assert next(numbers) > commit

    def teardown(self) -> None:
        try:
            if hasattr(self, "_log"):
                READ.append(sum(self._reached.values()))
                self.project(0)
                rebuilt = rebuilding.rebuild(self._database_url, 1, compare=True)
                assert rebuilt.differences is not None
                assert not {table: n for table, n in rebuilt.differences.items() if n}
                assert not rebuilt.wrong_snapshots
        finally:
            super().teardown()


def test_projector_and_rebuild(database_url: str) -> None:
    run_machine(
        cast("type[RuleBasedStateMachine]", lambda: ProjectorMachine(database_url)),
        settings=settings(
            max_examples=examples(4, 200),
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
        ),
    )
    assert sum(READ) > 100, "most examples are to have something in them"
