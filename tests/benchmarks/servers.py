"""The servers of one benchmark run: one PostgreSQL with fsync on, one Kafka broker, on this machine."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil
import psycopg2
from msgspec import Struct
from rich.progress import Progress

from services.embedded.apache_kafka import ApacheKafka
from services.embedded.broker import Broker, EmbeddedBroker
from services.embedded.postgres import EmbeddedPostgres
from services.kafka.producer import publish
from services.kafka.topics import ensure_topics
from tests.benchmarks.season_log import PARTITIONS, SeasonLog

REBALANCE_DELAY_MS: Final = 3_000


class SteadyKafka(ApacheKafka):
    """Apache Kafka that Java compiles as well as it can."""

    java_options = ()


class PatientKafka(SteadyKafka):
    """Apache Kafka as it is shipped: it gives members of a new group three seconds to come together.

    So two workers started together divide the lanes before either reads, as they would in production.
    """

    def _write_properties(self) -> Path:
        path = super()._write_properties()
        with path.open("a") as file:
            # Of a name that is there twice, Java's Properties take the last.
            file.write(f"group.initial.rebalance.delay.ms={REBALANCE_DELAY_MS}\n")
        return path


class Servers(Struct, frozen=True):
    """A running broker and a running PostgreSQL, and a folder for what contenders keep on disk."""

    broker: Broker
    postgres: EmbeddedPostgres
    folder: Path

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """The URL of an empty database, dropped afterwards; the server has written out all that came before."""
        session = psycopg2.connect(self.postgres.database_url())
        try:
            session.autocommit = True
            session.cursor().execute("CHECKPOINT")
        finally:
            session.close()
        try:
            yield self.postgres.create_database(name)
        finally:
            self.postgres.drop_database(name)

    def postgres_cpu_seconds(self) -> float:
        """CPU time of PostgreSQL so far: of the server, what is connected now and what was."""
        pid = int((self.postgres.data_dir / "postmaster.pid").read_text().split("\n", 1)[0])
        return cpu_seconds([pid], ended_children=True)


@contextmanager
def servers(
    kind: str = "apache", *, patient: bool = True, settings: Mapping[str, str] | None = None
) -> Iterator[Servers]:
    """Servers with empty folders, gone afterwards. ``kind``: `apache` or `embedded`; ``settings`` of PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="tuntas-bench-"))
    try:
        (folder / "broker").mkdir()
        broker: Broker
        if kind == "apache":
            broker = (PatientKafka if patient else SteadyKafka)(folder / "broker")
        else:
            broker = EmbeddedBroker(folder / "broker")
        postgres = EmbeddedPostgres(folder / "postgres" / "data", settings)
        with broker, postgres:
            yield Servers(broker, postgres, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fill(bootstrap: str, log: SeasonLog, progress: Progress | None = None) -> None:
    """Publishes the log to the partners' topics, which are made first."""
    ensure_topics(bootstrap, PARTITIONS)
    if progress is None:
        publish(bootstrap, log.records)
        return
    bar = progress.add_task("publishing the log", total=len(log.records))
    publish(bootstrap, log.records, lambda count: progress.advance(bar, count))
    progress.remove_task(bar)


def cpu_seconds(pids: Sequence[int], *, ended_children: bool = False) -> float:
    """User and system time of the processes and of all that descends from them, as far as they still run."""
    total = 0.0
    for pid in pids:
        try:
            process = psutil.Process(pid)
            family = [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        for one in family:
            try:
                times = one.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
            if ended_children:
                total += times.children_user + times.children_system
    return total
