"""Some workers drain a log, and what was seen of them: who wrote which lane, and who waited for whom."""

import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import psycopg2

from domain.vocabulary import PARTNERS
from services.embedded.broker import Broker
from services.embedded.postgres import EmbeddedPostgres
from services.kafka.topics import ensure_topics
from services.settings import read_settings
from services.simulator import SimulatedRecord
from services.wiring import prepare_database
from tests.end_to_end.delivery import place_of
from tests.end_to_end.running_system import PARTITIONS, Place, RunningSystem, remove_topics

LANES: Final = PARTITIONS * len(PARTNERS)
HELD_RECORDS: Final = 1_000
BATCH_RECORDS: Final = "200"

Counts = dict[Place, tuple[int, int, int]]
"""Accepted, duplicate and rejected records of each lane."""


class Wait(NamedTuple):
    """A wait for a lock that PostgreSQL logged."""

    worker: str
    awaited: str
    more: str
    """What the log says behind that: who holds the lock, and for which statement it is waited."""


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
    prepare_database(read_settings(system.settings))
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
            Wait(workers[int(told["pid"])], told["awaited"], told["more"])
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
    pids = backends(system, names)
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
    assert backends(system, names) == pids
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


def backends(system: RunningSystem, names: Sequence[str]) -> dict[int, str]:
    """Process id to name, one backend each; a worker that connected anew has another."""
    found = {pid: name for pid, name in system.rows(BACKENDS) if name in names}
    assert sorted(found.values()) == sorted(names)
    return found


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


WAITING: Final = re.compile(
    r"process (?P<pid>\d+) (?:still waiting for|detected deadlock while waiting for) "
    r"\w+ on (?P<awaited>.+?) after [\d.]+ ms(?P<more>(?:\n.*(?:DETAIL|CONTEXT|STATEMENT): .*|\n\t.*)*)"
)
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
FROM ledger.stored_event AS event JOIN ledger.lane ON lane_id = place >> 40
WHERE event.xmin::text::bigint > %s
GROUP BY event.xmin::text
"""
ANSWERS: Final = """
SELECT partner_id, participant_id, class_code, purchase, completion, assessment, satisfied, flags
FROM projections.purchased_class JOIN vault.person USING (person) ORDER BY participant_id, partner_id, class_code
"""
