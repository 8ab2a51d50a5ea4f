"""Workers are killed, frozen and replaced: each lane has one writer, whoever else believes to be it."""

import random
import re
from signal import SIGCONT, SIGSTOP
from time import sleep

import pytest

from domain.vocabulary import PARTNERS
from services.simulator import SimulatedRecord
from tests.end_to_end import proof
from tests.end_to_end.running_system import PARTITIONS, RunningSystem
from tests.faults.load import Load

pytestmark = [pytest.mark.kafka, pytest.mark.apache, pytest.mark.slow, pytest.mark.long]

LANES = PARTITIONS * len(PARTNERS)
ZOMBIE = "zombie"
"""The application name under which PostgreSQL knows the worker that is going to be frozen."""
UNREAD_SECONDS = 0.5
"""After so long PostgreSQL has read what a worker sent before it was stopped, and is idle no longer."""


@pytest.mark.parametrize("writing", [False, True], ids=["idle", "writing"])
def test_a_frozen_worker_is_fenced_and_resumes(
    running_system: RunningSystem, records: list[SimulatedRecord], writing: bool
) -> None:
    """It stands still for longer than its session with Kafka lasts, with nothing open, or with its lanes' rows locked.

    In the midst of a transaction, even of a COPY, it does not keep its lanes: the next owner ends the transaction.
    """
    system = running_system
    frozen = system.start_ingest(
        TUNTAS_DATABASE_URL=f"{system.database_url}&application_name={ZOMBIE}"
    )
    system.start(ingest=1)
    system.wait_until(
        lambda: len(system.lanes_of(frozen)) == LANES // 2 == len(system.lanes_of("ingest-2")),
        "the workers share the lanes",
    )
    with Load(system, records) as load:
        load.wait_until_read(0.2)
        freeze(system, frozen, writing=writing)
        system.wait_until(
            lambda: len(system.lanes_of("ingest-2")) == LANES, "the other worker took over"
        )
        assert "stopped why=" not in system.log("ingest-2")
        load.wait_until_sent(0.9)
        said = len(system.log(frozen))
        system.signal(frozen, SIGCONT)
        system.wait_until(
            lambda: "lane taken over" in system.log(frozen)[said:], "the frozen worker is back"
        )
    system.wait_until_drained()
    proof.check_everything(system, records)
    (why,) = re.findall(r"stopped why=(\w+)", system.log(frozen))
    assert why in ({"DatabaseUnavailable", "CommitUnknown"} if writing else {"LaneLost"})
    assert ("ended the transaction" in system.log("ingest-2")) == writing


def freeze(system: RunningSystem, name: str, *, writing: bool) -> None:
    """Stops the worker's process where it is, at a moment when it has rows of lanes locked, or has nothing open."""

    def is_frozen_there() -> bool:
        system.signal(name, SIGSTOP)
        system.wait_until(lambda: bool(system.rows(STATE)), "PostgreSQL waits for the worker")
        if not writing:
            sleep(UNREAD_SECONDS)
        if system.rows(STATE + ("AND EXISTS " + LOCKED if writing else IDLE)):
            return True
        system.signal(name, SIGCONT)
        return False

    system.wait_until(is_frozen_there, "the worker stands where it should")


STATE = f"""
SELECT pid FROM pg_stat_activity AS activity WHERE application_name = '{ZOMBIE}' AND wait_event = 'ClientRead'
"""
IDLE = "AND state = 'idle'"
LOCKED = """(
    SELECT FROM pg_locks
    WHERE pg_locks.pid = activity.pid AND relation = 'ledger.lane'::regclass AND mode = 'RowExclusiveLock'
)
"""


def test_a_killed_workers_lanes_do_not_wait_until_kafka_misses_it(
    running_system: RunningSystem,
) -> None:
    """The other one sees its connection end, and takes it out of the group."""
    system = running_system
    system.start(ingest=2)
    killed, other = system.ingest()
    system.wait_until(
        lambda: len(system.lanes_of(killed)) == LANES // 2 == len(system.lanes_of(other)),
        "the workers share the lanes",
    )
    sleep(2.5)  # the other one has looked at who is there
    system.kill(killed)
    system.wait_until(lambda: len(system.lanes_of(other)) == LANES, "the other worker took over")
    assert "took a worker that is gone out of the group" in system.log(other)


def test_three_workers_are_replaced_one_after_another(
    running_system: RunningSystem, records: list[SimulatedRecord]
) -> None:
    """A rolling restart: each finishes what it began and leaves the group, so nobody waits for its session's end."""
    system = running_system
    system.start(ingest=3)
    names = system.ingest()
    with Load(system, records) as load:
        for number, name in enumerate(names, start=1):
            load.wait_until_read(0.2 * number)
            system.stop(name)
            replacement = system.start_ingest()
            system.wait_until(lambda: bool(system.lanes_of(replacement)), "it has lanes")  # noqa: B023
    system.wait_until_drained()
    proof.check_everything(system, records)
    assert len(system.ingest()) == 3
    for name in names:
        assert "stopped why=" not in system.log(name)


@pytest.mark.parametrize("seed", range(2))
def test_workers_are_killed_at_random(
    running_system: RunningSystem, records: list[SimulatedRecord], seed: int
) -> None:
    """Each ends by `kill -9` at some moment, twice two at once; as many are started again."""
    system = running_system
    system.start(ingest=3)
    draw = random.Random(seed)
    with Load(system, records) as load:
        for number in range(1, 6):
            load.wait_until_sent(0.15 * number + 0.05 * draw.random())
            victims = draw.sample(system.ingest(), draw.choice((1, 2)))
            for name in victims:
                system.kill(name)
            for _ in victims:
                system.start_ingest()
            if draw.random() < 0.5:
                system.kill(system.project())
                system.start_project()
    system.wait_until_drained()
    proof.check_everything(system, records)
