"""Databases of runs: copies of one that was migrated once, on a server that promises nothing about its disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

import psycopg2

from projections import catalogue
from services.embedded.postgres import EmbeddedPostgres
from services.postgres.connect import connect, transaction
from services.postgres.migrations.run import migrate
from tests.simulation.backends import Backends
from tests.simulation.layout import Layout
from tests.simulation.reader import Snapshots

SALES_END: Final = 1_593_450_000_000_000
"""2020-06-30T00:00:00+07:00."""

FAST: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "wal_skip_threshold": "0",  # tables that are emptied are logged whole otherwise, and compressed
    "max_wal_senders": "0",
    "autovacuum": "off",  # it would take locks at times of its own
    "shared_buffers": "64MB",
    "deadlock_timeout": "600s",  # the scheduler finds circles
    "max_parallel_workers_per_gather": "0",
}
TEMPLATE: Final = "layout"
RUN: Final = "run"


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """A folder for as long as the block lasts, in memory where the machine has a place for that."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(prefix="tuntas-", dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


class RunDatabase:
    """A database with the connections to it that outlive a run: each would cost as much as all that it does in one."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.backends = Backends(url)
        self.snapshots = Snapshots(url)

    def close(self) -> None:
        """Ends every connection."""
        self.backends.close()
        self.snapshots.close()


class RunDatabases:
    """A server of its own, in memory where the machine has a folder for that."""

    def __init__(self, settings: Mapping[str, str] = FAST) -> None:
        self._settings = settings

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = stack.enter_context(folder_in_memory())
            self._server = stack.enter_context(EmbeddedPostgres(folder / "data", self._settings))
            with closing(connect(self._server.create_database(TEMPLATE), "test")) as session:
                migrate(session)
                with transaction(session) as work:
                    catalogue.set_package_sales_end(work, SALES_END)
                session.autocommit = True
                self._layout = Layout.of(session)
            self._current: RunDatabase | None = None
            self._session = stack.enter_context(
                closing(psycopg2.connect(self._server.database_url()))
            )
            self._session.autocommit = True
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        if self._current is not None:
            self._current.close()
        self._stack.close()

    @property
    def data_dir(self) -> Path:
        return self._server.data_dir

    @property
    def server_url(self) -> str:
        return self._server.database_url()

    def fresh(self) -> RunDatabase:
        """A database that nothing was written to: that of the run before, put back, or a new one instead of it.

        It is put back where tables of the same names are there, as they are after a rebuild, too. A new one for each
        run, and new connections to it, made runs take a quarter longer.
        """
        if self._current is not None:
            with self._current.backends.lent() as session:
                if self._layout.restore(session):
                    return self._current
            self._current.close()
            self._current = None
        with self._session.cursor() as work:
            work.execute(f"DROP DATABASE IF EXISTS {RUN} WITH (FORCE)")
            work.execute(f"CREATE DATABASE {RUN} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        self._current = RunDatabase(self._server.database_url(RUN))
        return self._current
