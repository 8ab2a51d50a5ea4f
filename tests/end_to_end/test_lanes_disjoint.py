"""One, two and four workers on the same 48 lanes: who writes which lane, and who waits for whom.

Each number of workers drains the same log into an empty database. PostgreSQL itself says which writer waited for a
lock for longer than a millisecond (`log_lock_waits` with a `deadlock_timeout` of that length): not a sample, every
wait. That it would say so is shown as well: first one lane's row is held, its owner waits, and the others go on.
"""

import re
from collections import Counter, defaultdict
from itertools import combinations
from typing import Final

import pytest

from services.embedded.broker import Broker
from services.embedded.postgres import EmbeddedPostgres
from services.simulator import SimulatedRecord, simulate
from tests.end_to_end.delivery import place_of
from tests.end_to_end.lane_runs import LANES, Run, ServerLog, Wait, a_system, drained
from tests.end_to_end.running_system import Place

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.long]

WORKERS: Final = (1, 2, 4)
EVENTS: Final = 6_000
SEED: Final = 48
EXTENDING: Final = re.compile("extension of relation ")
CATALOGUE: Final = "FROM control.catalogue_head"


def is_short(wait: Wait) -> bool:
    """Whether it is one that lanes of their own do not avoid.

    Making a table's file longer, of whoever needs the next pages, whatever is in them; and changing one partner's
    catalogue, which withdrawing something that nobody knows yet may turn out to be.
    """
    return bool(EXTENDING.match(wait.awaited)) or CATALOGUE in wait.more


@pytest.fixture(scope="module")
def log() -> list[SimulatedRecord]:
    """A season with the catalogue in front: its revisions are what the workers of a partner share."""
    records = list(simulate(EVENTS, SEED))
    return sorted(records, key=lambda record: record.key.startswith(b"PRK-"))


@pytest.fixture(scope="module")
def runs(
    kafka_broker: Broker,
    postgres_server: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
    log: list[SimulatedRecord],
) -> dict[int, Run]:
    """The same log, drained by one, two and four workers."""
    found = {}
    for workers in WORKERS:
        folder = tmp_path_factory.mktemp(f"workers-{workers}")
        with a_system(kafka_broker, postgres_server, folder) as system:
            found[workers] = drained(system, workers, log, ServerLog(postgres_server))
    return found


@pytest.mark.parametrize("workers", WORKERS)
def test_every_lane_has_one_owner_from_the_first_to_the_last_record(
    runs: dict[int, Run], workers: int
) -> None:
    run = runs[workers]
    owners: dict[Place, list[str]] = defaultdict(list)
    for name, lanes in run.lanes.items():
        for place in lanes:
            owners[place].append(name)
    assert len(owners) == LANES
    assert {place: names for place, names in owners.items() if len(names) > 1} == {}
    assert run.lanes_after == run.lanes
    assert run.epochs_after == run.epochs
    # The epoch in a lane's row is its owner's; whoever had it before has an earlier one, which moves no lane.
    for place, (owner,) in owners.items():
        epochs = {name: told[place] for name, told in run.taken_over.items() if place in told}
        assert epochs.pop(owner) == run.epochs[place], place
        assert all(earlier < run.epochs[place] for earlier in epochs.values()), place


@pytest.mark.parametrize("workers", WORKERS)
def test_all_workers_get_lanes_and_write_no_others(runs: dict[int, Run], workers: int) -> None:
    run = runs[workers]
    assert len(run.lanes) == workers
    assert {len(lanes) for lanes in run.lanes.values()} == {LANES // workers}
    for written in run.transactions:
        assert any(written <= lanes for lanes in run.lanes.values()), written
    assert len(run.transactions) >= workers
    for name, lanes in run.lanes.items():
        of_its_lanes = sum(sum(run.counts[at]) - sum(run.counts_before[at]) for at in lanes)
        assert sum(batch.records for batch in run.batches[name]) == of_its_lanes > 0


@pytest.mark.parametrize("workers", WORKERS)
def test_the_ledger_adds_up_to_the_log(
    runs: dict[int, Run], log: list[SimulatedRecord], workers: int
) -> None:
    meant = Counter((place_of(record), record.outcome) for record in log)
    outcomes = ("accepted", "duplicate", "rejected")
    for place, counts in runs[workers].counts.items():
        assert counts == tuple(meant[place, outcome] for outcome in outcomes), place


def test_answers_are_the_same_however_many_workers(runs: dict[int, Run]) -> None:
    alone, *others = (run.answers for run in runs.values())
    assert len(alone) > 500
    for answers in others:
        assert answers == alone


@pytest.mark.parametrize("workers", WORKERS)
def test_a_held_lane_stops_its_owner_alone(runs: dict[int, Run], workers: int) -> None:
    """While it was held, the others reached the ends of their lanes (`drained`); what they waited for was short."""
    waits = runs[workers].waits_held
    assert any(wait.worker == "ingest-1" for wait in waits)
    assert [wait for wait in waits if wait.worker != "ingest-1" and not is_short(wait)] == []


@pytest.mark.parametrize("workers", [count for count in WORKERS if count > 1])
def test_writers_of_different_lanes_do_not_wait_for_each_other(
    runs: dict[int, Run], workers: int
) -> None:
    run = runs[workers]
    assert [wait for wait in run.waits if not is_short(wait)] == []
    # They did write at the same time, or this would say nothing.
    together = [
        (one, other)
        for mine, theirs in combinations(run.batches.values(), 2)
        for one in mine
        for other in theirs
        if one.began < other.ended and other.began < one.ended
    ]
    assert together
