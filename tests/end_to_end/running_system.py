"""Every service as users start it, as child processes on real servers, and ways to wait for what they do."""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from signal import Signals
from time import monotonic, sleep
from typing import Any

import httpx
import psutil
import psycopg2
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import UnknownTopicOrPartitionError
from psycopg2.extensions import connection

from domain.vocabulary import PARTNERS
from services.embedded.free_port import free_port
from services.embedded.leash import Leash
from services.kafka.producer import Outgoing, publish
from services.kafka.topics import PARTNER_TOPICS_OF, ensure_topics, partner_topic
from services.settings import read_settings
from services.wiring import prepare_database

REPOSITORY = Path(__file__).parents[2]
TUNTAS = (sys.executable, "-P", "-m", "services.cli")
"""The command line of the program that PYTHONPATH names, wherever it is started."""
PARTITIONS = 6
TIMEOUT_SECONDS = 120.0
LOOK_SECONDS = 0.05

Place = tuple[str, int]
"""Topic and partition."""


class RunningSystem:
    """Ingest, project and API processes of one database and one Kafka, under names such as ``ingest-2``.

    Each process is a child of its own and may be stopped, killed or frozen by its name; none outlives the tests.
    """

    def __init__(self, folder: Path, bootstrap: str, database_url: str) -> None:
        """Starts nothing yet; logs go to ``folder``."""
        port = free_port()
        self.folder = folder
        self.bootstrap = bootstrap
        self.partitions = PARTITIONS
        """Of each partner's topic; a test that adds some says so."""
        self.paths: list[Path] = []
        """What is before the program on the path of Python."""
        self.database_url = database_url
        self.api_url = f"http://127.0.0.1:{port}"
        self.evaluator_token = secrets.token_hex(8)
        self.partner_tokens = {partner: secrets.token_hex(8) for partner in PARTNERS}
        self.processes: dict[str, Leash] = {}
        self._ended: set[str] = set()
        self._session: connection | None = None
        tokens = ",".join(f"{partner}:{token}" for partner, token in self.partner_tokens.items())
        self.settings = {
            "TUNTAS_KAFKA_BOOTSTRAP": bootstrap,
            "TUNTAS_DATABASE_URL": database_url,
            "TUNTAS_STATE_DIR": str(folder / "state"),
            "TUNTAS_API_PORT": str(port),
            "TUNTAS_TOPIC_PARTITIONS": str(PARTITIONS),
            "TUNTAS_CONSUMER_GROUP": f"tuntas-{secrets.token_hex(4)}",
            "TUNTAS_EVALUATOR_TOKENS": self.evaluator_token,
            "TUNTAS_PARTNER_TOKENS": tokens,
        }

    # Processes

    def start(self, *, ingest: int = 1) -> None:
        """Starts all services; blocks until each is at work: lanes are taken over and the API is ready."""
        ensure_topics(self.bootstrap, PARTITIONS)
        prepare_database(read_settings(self.settings))
        for _ in range(ingest):
            self.start_ingest()
        self.start_project()
        self.start_api()
        self.wait_until_ready()
        self.wait_until(self.lanes_are_owned, "every lane has an owner")

    def start_ingest(self, *, source: Path = REPOSITORY, **settings: str) -> str:
        """The name of one more ingest process, started with some settings of its own.

        ``source`` is where its program lies: another version's, maybe.
        """
        number = sum(name.startswith("ingest-") for name in self.processes) + 1
        return self._start(f"ingest-{number}", "ingest", settings, source)

    def start_project(self, *, source: Path = REPOSITORY, **settings: str) -> str:
        number = sum(name.startswith("project-") for name in self.processes) + 1
        return self._start(f"project-{number}", "project", settings, source)

    def start_api(self) -> str:
        return self._start("api", "api", {})

    def kill(self, name: str) -> None:
        """Ends a process as `kill -9` does."""
        self._ended.add(name)
        self.processes[name].kill()

    def stop(self, name: str) -> None:
        """Stops a process as an operator does (SIGTERM) and blocks until it is gone."""
        self._ended.add(name)
        self.processes[name].stop()

    def signal(self, name: str, number: Signals) -> None:
        """Sends a signal to the service itself."""
        (service,) = psutil.Process(self.processes[name].pid).children()
        service.send_signal(number)

    def running(self) -> list[str]:
        """The names of the processes that run."""
        return [name for name, leash in self.processes.items() if leash.is_running()]

    def ingest(self) -> list[str]:
        """The names of the ingest processes that run."""
        return [name for name in self.running() if name.startswith("ingest-")]

    def project(self) -> str:
        """The name of the project process that runs."""
        (name,) = (name for name in self.running() if name.startswith("project-"))
        return name

    def stop_all(self) -> None:
        """Stops whatever still runs, and disconnects."""
        for name in self.processes:
            self.stop(name)
        self.disconnect()

    def logs(self) -> dict[str, str]:
        """The end of each process's log."""
        return {name: leash.log_tail() for name, leash in self.processes.items()}

    def log(self, name: str) -> str:
        """The whole log of one process."""
        return self.processes[name].log.read_text(errors="replace")

    def environment(self, *, source: Path = REPOSITORY, **settings: str) -> dict[str, str]:
        """The environment of a command of this system, without settings meant for other runs."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TUNTAS_")}
        path = os.pathsep.join(str(each) for each in (*self.paths, source))
        return kept | self.settings | {"PYTHONPATH": path} | settings

    def run(self, *arguments: str, source: Path = REPOSITORY) -> "subprocess.CompletedProcess[str]":
        """A command of this system that ran to its end."""
        return subprocess.run(
            [*TUNTAS, *arguments],
            env=self.environment(source=source, COLUMNS="200"),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def _start(
        self, name: str, command: str, settings: Mapping[str, str], source: Path = REPOSITORY
    ) -> str:
        self._ended.discard(name)
        self.processes[name] = Leash(
            [*TUNTAS, command],
            self.folder / f"{name}.log",
            environment=self.environment(source=source, **settings),
        )
        return name

    def _told(self) -> str:
        return "\n".join(f"--- {name}\n{log}" for name, log in self.logs().items())

    # Waiting

    def wait_until(
        self,
        is_so: Callable[[], bool],
        what: str,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Blocks until ``is_so()``.

        Fails, naming ``what`` was waited for, when that takes too long, and when a process ended by itself.
        """
        deadline = monotonic() + timeout_seconds
        while not is_so():
            dead = self.processes.keys() - self._ended - set(self.running())
            assert not dead, (
                f"{', '.join(sorted(dead))} ended while waiting: {what}\n{self._told()}"
            )
            assert monotonic() < deadline, (
                f"not within {timeout_seconds:g} s: {what}\n{self._told()}"
            )
            sleep(LOOK_SECONDS)

    def wait_until_ready(self) -> None:
        """Blocks until the API answers from the database."""
        self.wait_until(self.is_ready, "the API is ready")

    def wait_until_read(self, records: int) -> None:
        """Blocks until so many records have their outcome."""
        self.wait_until(lambda: self.records_read() >= records, f"{records} records were read")

    def wait_until_drained(self) -> None:
        """Blocks until all that Kafka holds is in every answer and sum, and rejections and answers are told.

        However long that takes: fails where nothing moves any more.
        """
        end = self.end_offsets()
        while (read := self.reached()) != end:
            self._wait_until_other(self.reached, read, "lanes move on to the end of their logs")
        while (left := self._unsettled())[0]:
            self._wait_until_other(self._unsettled, left, "the projector goes on to its end")

    def _unsettled(self) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """What the projector has left to do, and how far it is."""
        return self.rows(UNSETTLED), self.rows(FOLLOWED)

    def _wait_until_other(self, look: Callable[[], Any], before: Any, what: str) -> None:
        self.wait_until(lambda: look() != before, what)

    # What there is

    def is_ready(self, within_seconds: float = 30.0) -> bool:
        """Whether the API answers from the database."""
        return self.status("/readyz", within_seconds) == 200

    def status(self, path: str, within_seconds: float = 30.0) -> int:
        """The status of an answer to an evaluator; 0 when nobody answers."""
        try:
            headers = {"Authorization": f"Bearer {self.evaluator_token}"}
            return httpx.get(
                self.api_url + path, headers=headers, timeout=within_seconds
            ).status_code
        except httpx.TransportError:
            return 0

    def publish(self, records: Iterable[Outgoing]) -> int:
        """Sends records to their topics, in this order within each partition."""
        return publish(self.bootstrap, records)

    def reached(self) -> dict[Place, int]:
        """The next offset of each lane of this Kafka."""
        return {(topic, partition): after for topic, partition, after in self.rows(REACHED)}

    def reached_now(self) -> dict[Place, int]:
        """As `reached`, of the latest lane of each topic partition."""
        return {(topic, partition): after for topic, partition, after in self.rows(REACHED_NOW)}

    def records_read(self) -> int:
        ((count,),) = self.rows(READ)
        return int(count)

    def lanes_are_owned(self) -> bool:
        """Whether each partition of the eight topics has a lane that a worker took over."""
        ((count,),) = self.rows("SELECT count(*) FROM ledger.lane WHERE epoch > 0")
        return bool(count == self.partitions * len(PARTNERS))

    def lanes_of(self, name: str) -> set[Place]:
        """The lanes that an ingest process holds, as its log tells."""
        held: set[Place] = set()
        for line in self.log(name).splitlines():
            if "stopped why=" in line:
                held.clear()
            elif told := LANE.search(line):
                change = held.add if told["what"] == "taken over" else held.discard
                change((told["topic"], int(told["partition"])))
        return held

    def end_offsets(self) -> dict[Place, int]:
        """What Kafka says its partners' logs hold: the offset behind the last record of each partition.

        From the high-water mark of a fetch, since the embedded broker's own list of offsets counts batches.
        """
        places = [
            TopicPartition(partner_topic(partner), partition)
            for partner in PARTNERS
            for partition in range(self.partitions)
        ]
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, max_partition_fetch_bytes=1)
        try:
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            deadline = monotonic() + TIMEOUT_SECONDS
            found: dict[Place, int | None] = dict.fromkeys(places)
            while None in found.values():
                assert monotonic() < deadline, "Kafka does not say how long its logs are"
                consumer.poll(timeout_ms=100)
                for place, end in found.items():
                    if end is None and (end := consumer.highwater(place)) is not None:
                        found[place] = end
                        consumer.pause(place)
        finally:
            consumer.close()
        return {(topic, partition): end or 0 for (topic, partition), end in found.items()}

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a question to the database, each time in a transaction of its own.

        A connection from before the database was killed is opened anew.
        """
        if self._session is not None:
            try:
                return _rows(self._session, statement, values)
            except (psycopg2.DatabaseError, psycopg2.InterfaceError) as error:
                if error.pgcode is not None and not isinstance(error, psycopg2.OperationalError):
                    raise  # the server's own word
                self.disconnect()
        self._session = psycopg2.connect(self.database_url)
        self._session.autocommit = True
        return _rows(self._session, statement, values)

    def disconnect(self) -> None:
        """Closes the connection that `rows` asks by; the next question opens another."""
        if self._session is not None:
            self._session.close()
            self._session = None


def _rows(session: connection, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with session.cursor() as work:
        work.execute(statement, values)
        return work.fetchall()


def remove_topics(bootstrap: str) -> None:
    """Removes the partners' topics, with all that was sent to them; blocks until they are gone."""
    names = {name(partner) for partner in PARTNERS for name in PARTNER_TOPICS_OF}
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        deadline = monotonic() + TIMEOUT_SECONDS
        while left := sorted(names & set(admin.list_topics())):
            assert monotonic() < deadline, f"topics are still there: {left}"
            with suppress(UnknownTopicOrPartitionError):  # gone, and listed for a moment yet
                admin.delete_topics(left)
    finally:
        admin.close()


LANE = re.compile(
    r"lane (?P<what>taken over|given up) topic=(?P<topic>\S+) partition=(?P<partition>\d+)"
)
REACHED = "SELECT topic, partition, next_offset FROM ledger.lane"
REACHED_NOW = """
SELECT DISTINCT ON (topic, partition) topic, partition, next_offset
FROM ledger.lane ORDER BY topic, partition, lane_id DESC
"""
READ = "SELECT coalesce(sum(accepted + duplicate + rejected), 0) FROM ledger.lane"
FOLLOWED = """
SELECT (SELECT count(*) FROM projections.delta), (SELECT sum(position) FROM projections.sequence_lane),
       (SELECT sum(position) FROM control.answer_lane), (SELECT sum(position) FROM projections.day_lane)
"""
"""How far the projector is."""
UNSETTLED = """
SELECT 'rows do not follow the catalogue' FROM control.catalogue_head WHERE applied_revision < revision
UNION ALL SELECT 'changes are not added up' FROM projections.delta
UNION ALL SELECT 'a class is added up elsewhere' FROM projections.class
    WHERE institution IS DISTINCT FROM summed_institution
UNION ALL SELECT 'sequences are not followed' FROM ledger.lane LEFT JOIN projections.sequence_lane USING (lane_id)
    WHERE lane.position > coalesce(sequence_lane.position, 0)
UNION ALL SELECT 'answers are not told'
    FROM ledger.lane LEFT JOIN control.answer_lane AS seen USING (partner_id, lane_id)
    WHERE lane.position > coalesce(seen.position, 0)
UNION ALL SELECT 'what the catalogue changed in answers is not told'
    FROM control.catalogue_head AS head JOIN control.answer_head AS told USING (partner_id)
    WHERE told.revision <> head.revision
UNION ALL SELECT 'sums over time are not followed' FROM ledger.lane LEFT JOIN projections.day_lane USING (lane_id)
    WHERE lane.position > coalesce(day_lane.position, 0)
UNION ALL SELECT 'sums over time are by another catalogue'
    FROM control.catalogue_head AS head LEFT JOIN projections.day_partner USING (partner_id)
    WHERE head.revision > coalesce(day_partner.revision, -1)
UNION ALL SELECT 'a rejection is not announced'
    FROM ledger.rejection LEFT JOIN ledger.rejection_announced AS announced USING (lane_id)
    WHERE kafka_offset >= coalesce(announced.next_offset, 0)
LIMIT 1
"""
