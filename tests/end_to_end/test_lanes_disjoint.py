"""One, two and four workers on the same 48 lanes: who writes which lane, and who waits for whom.

Each number of workers drains the same log into an empty database. PostgreSQL itself says which writer waited for a
lock for longer than a millisecond (`log_lock_waits` with a `deadlock_timeout` of that length): not a sample, every
wait. That it would say so is shown as well: first one lane's row is held, its owner waits, and the others go on.
"""

import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Final, NamedTuple

import psycopg2
import pytest

from domain.vocabulary import PARTNERS
from services.embedded.broker import Broker
from services.embedded.postgres import EmbeddedPostgres
from services.kafka.topics import ensure_topics
from services.simulator import SimulatedRecord, simulate
from tests.end_to_end.delivery import place_of
from tests.end_to_end.running_system import PARTITIONS, Place, RunningSystem, remove_topics

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

WORKERS: Final = (1, 2, 4)
LANES: Final = PARTITIONS * len(PARTNERS)
EVENTS: Final = 6_000
HELD_RECORDS: Final = 1_000
SEED: Final = 48
BATCH_RECORDS: Final = "200"

Counts = dict[Place, tuple[int, int, int]]
"""Accepted, duplicate and rejected records of each lane."""


class Wait(NamedTuple):
    """A wait for a lock that PostgreSQL logged."""

    worker: str
    awaited: str


class Batch(NamedTuple):
    """A transaction as its worker's log tells of it; times in seconds since 1970."""

    began: float
    ended: float
    records: int


class Run(NamedTuple):
    """What was seen of some workers. ``lanes`` are each worker's, before and after the load."""

    lanes: dict[str, set[Place]]
    lanes_after: dict[str, set[Place]]
    epochs: dict[Place, int]
    epochs_after: dict[Place, int]
    taken_over: dict[str, dict[Place, int]]
    """By worker: the epoch in which it took each lane over last."""
    counts_before: Counts
    """When the load began, behind what was sent while a lane's row was held."""
    counts: Counts
    transactions: list[set[Place]]
    """The lanes whose events each transaction wrote."""
    batches: dict[str, list[Batch]]
    waits_held: list[Wait]
    waits: list[Wait]
    answers: list[tuple[object, ...]]


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


@contextmanager
def a_system(
    kafka_broker: Broker, postgres_server: EmbeddedPostgres, folder: Path
) -> Iterator[RunningSystem]:
    """A system on empty topics and a database of its own, on which waits for locks are logged."""
    remove_topics(kafka_broker.bootstrap)
    ensure_topics(kafka_broker.bootstrap, PARTITIONS)
    name = f"lanes_{uuid.uuid4().hex}"
    system = RunningSystem(folder, kafka_broker.bootstrap, postgres_server.create_database(name))
    system.settings["TUNTAS_BATCH_RECORDS"] = BATCH_RECORDS
    try:
        log_lock_waits(system.database_url, name)
        yield system
    finally:
        system.stop_all()
        postgres_server.drop_database(name)


def log_lock_waits(database_url: str, name: str) -> None:
    session = psycopg2.connect(database_url)
    try:
        session.autocommit = True
        with session.cursor() as work:
            work.execute(f"ALTER DATABASE {name} SET log_lock_waits = on")
            work.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '1ms'")
    finally:
        session.close()


class ServerLog:
    """What PostgreSQL writes into its log from here on."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._path = server.data_dir.with_name(f"{server.data_dir.name}.log")
        self._read_from = self._path.stat().st_size

    def waits(self, workers: Mapping[int, str]) -> list[Wait]:
        """Waits for locks of these backends, by process id, since the last `forget`."""
        with self._path.open("rb") as file:
            file.seek(self._read_from)
            text = file.read().decode(errors="replace")
        return [
            Wait(workers[int(told["pid"])], told["awaited"])
            for told in WAITING.finditer(text)
            if int(told["pid"]) in workers
        ]

    def forget(self) -> None:
        self._read_from = self._path.stat().st_size


def drained(
    system: RunningSystem, workers: int, log: Sequence[SimulatedRecord], server_log: ServerLog
) -> Run:
    """Starts the workers, sends the log in three parts and says what was seen.

    The catalogue; some records while the row of a lane of the first worker is held; then the load: all the others.
    """
    names = [
        system.start_ingest(
            TUNTAS_DATABASE_URL=f"{system.database_url}&application_name=ingest-{number}"
        )
        for number in range(1, workers + 1)
    ]
    system.wait_until(
        lambda: all(len(system.lanes_of(name)) == LANES // workers for name in names),
        "the workers share the lanes",
    )
    lanes = {name: system.lanes_of(name) for name in names}
    catalogue = sum(not record.key.startswith(b"PRK-") for record in log)
    send(system, log, 0, catalogue)
    pids = {pid: name for pid, name in system.rows(BACKENDS) if name in names}
    server_log.forget()

    held_until = catalogue + HELD_RECORDS
    held = max(lanes[names[0]], key=lambda place: place_of_many(log[catalogue:held_until])[place])
    with a_held_lane(system, held):
        system.publish(log[catalogue:held_until])
        ends = place_of_many(log[:held_until])
        others = {place for name in names[1:] for place in lanes[name]}
        system.wait_until(
            lambda: (
                bool(server_log.waits(pids))
                and all(after == ends[at] for at, after in system.reached().items() if at in others)
            ),
            "one worker waits and the others go on",
        )
        assert system.reached()[held] < ends[held]
    system.wait_until_read(held_until)
    waits_held = server_log.waits(pids)

    server_log.forget()
    counts_before, epochs = counts_of(system), epochs_of(system)
    ((last_transaction,),) = system.rows("SELECT pg_current_xact_id()::text::bigint")
    said = {name: len(system.log(name)) for name in names}
    send(system, log, held_until, len(log))
    return Run(
        lanes=lanes,
        lanes_after={name: system.lanes_of(name) for name in names},
        epochs=epochs,
        epochs_after=epochs_of(system),
        taken_over={name: taken_over(system.log(name)) for name in names},
        counts_before=counts_before,
        counts=counts_of(system),
        transactions=[
            {(topic, int(partition)) for topic, partition in (each.rsplit("/", 1) for each in told)}
            for (told,) in system.rows(WRITTEN, (last_transaction,))
        ],
        batches={name: batches(system.log(name)[said[name] :]) for name in names},
        waits_held=waits_held,
        waits=server_log.waits(pids),
        answers=system.rows(ANSWERS),
    )


def send(system: RunningSystem, log: Sequence[SimulatedRecord], start: int, end: int) -> None:
    """Sends a part of the log; blocks until everything up to its end has its outcome."""
    system.publish(log[start:end])
    system.wait_until_read(end)


def place_of_many(records: Sequence[SimulatedRecord]) -> Counter[Place]:
    """How many of the records go to each lane."""
    return Counter(map(place_of, records))


@contextmanager
def a_held_lane(system: RunningSystem, place: Place) -> Iterator[None]:
    """Nobody commits a batch of this lane until the end of the block."""
    session = psycopg2.connect(system.database_url)
    try:
        with session.cursor() as work:
            work.execute(HOLD, place)
            assert work.fetchall()
            yield
    finally:
        session.close()


def counts_of(system: RunningSystem) -> Counts:
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in system.rows(COUNTS)}


def epochs_of(system: RunningSystem) -> dict[Place, int]:
    return {(row[0], row[1]): row[2] for row in system.rows(EPOCHS)}


def taken_over(text: str) -> dict[Place, int]:
    return {
        (told["topic"], int(told["partition"])): int(told["epoch"])
        for told in TAKEN_OVER.finditer(text)
    }


def batches(text: str) -> list[Batch]:
    found = []
    for told in BATCH.finditer(text):
        ended = datetime.fromisoformat(told["at"]).timestamp()
        records = sum(int(told[outcome]) for outcome in ("accepted", "duplicate", "rejected"))
        found.append(Batch(ended - float(told["seconds"]), ended, records))
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
    waits = runs[workers].waits_held
    assert {wait.worker for wait in waits if not EXTENDING.match(wait.awaited)} == {"ingest-1"}


@pytest.mark.parametrize("workers", [count for count in WORKERS if count > 1])
def test_writers_of_different_lanes_do_not_wait_for_each_other(
    runs: dict[int, Run], workers: int
) -> None:
    """Making a table's file longer is left out: a short wait of whoever needs the next pages, whatever is in them."""
    run = runs[workers]
    assert [wait for wait in run.waits if not EXTENDING.match(wait.awaited)] == []
    # They did write at the same time, or this would say nothing.
    together = [
        (one, other)
        for mine, theirs in combinations(run.batches.values(), 2)
        for one in mine
        for other in theirs
        if one.began < other.ended and other.began < one.ended
    ]
    assert together


WAITING: Final = re.compile(
    r"process (?P<pid>\d+) (?:still waiting for|detected deadlock while waiting for) "
    r"\w+ on (?P<awaited>.+?) after [\d.]+ ms"
)
EXTENDING: Final = re.compile("extension of relation ")
TAKEN_OVER: Final = re.compile(
    r"lane taken over topic=(?P<topic>\S+) partition=(?P<partition>\d+) .*?epoch=(?P<epoch>\d+)"
)
BATCH: Final = re.compile(
    r"^(?P<at>\S+) INFO tuntas\.intake batch lanes=\d+ accepted=(?P<accepted>\d+) "
    r"duplicate=(?P<duplicate>\d+) rejected=(?P<rejected>\d+) seconds=(?P<seconds>[\d.]+)$",
    re.MULTILINE,
)
BACKENDS: Final = """
SELECT pid, application_name FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend'
"""
HOLD: Final = (
    "SELECT lane_id FROM ledger.lane WHERE topic = %s AND partition = %s FOR NO KEY UPDATE"
)
COUNTS: Final = "SELECT topic, partition, accepted, duplicate, rejected FROM ledger.lane"
EPOCHS: Final = "SELECT topic, partition, epoch FROM ledger.lane"
WRITTEN: Final = """
SELECT array_agg(DISTINCT lane.topic || '/' || partition)
FROM ledger.event JOIN ledger.lane USING (lane_id)
WHERE event.xmin::text::bigint > %s
GROUP BY event.xmin::text
"""
ANSWERS: Final = """
SELECT partner_id, participant_id, class_code, purchase, completion, assessment, satisfied, flags, evidence::text
FROM projections.purchased_class ORDER BY participant_id, partner_id, class_code
"""
