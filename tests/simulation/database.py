"""Databases of runs: each is a copy of one that was migrated once, on a server that promises nothing about its disk."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

import psycopg2

from projections import catalogue
from services.embedded.postgres import EmbeddedPostgres
from services.postgres.connect import connect, transaction
from services.postgres.migrations.run import migrate

SALES_END: Final = 1_593_450_000_000_000
"""2020-06-30T00:00:00+07:00."""

FAST: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",  # it would take locks at times of its own
    "shared_buffers": "64MB",
    "deadlock_timeout": "600s",  # the scheduler finds circles
    "max_parallel_workers_per_gather": "0",
}
TEMPLATE: Final = "layout"
RUN: Final = "run"


class RunDatabases:
    """A server of its own, in memory where the machine has a folder for that."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            memory = Path("/dev/shm")
            folder = stack.enter_context(
                TemporaryDirectory(prefix="tuntas-", dir=memory if memory.is_dir() else None)
            )
            self._server = stack.enter_context(EmbeddedPostgres(Path(folder) / "data", FAST))
            with closing(connect(self._server.create_database(TEMPLATE), "test")) as session:
                migrate(session)
                with transaction(session) as work:
                    catalogue.set_package_sales_end(work, SALES_END)
            self._session = stack.enter_context(
                closing(psycopg2.connect(self._server.database_url()))
            )
            self._session.autocommit = True
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def server_url(self) -> str:
        return self._server.database_url()

    def fresh(self) -> str:
        """The URL of a database that nothing was written to; the one before is gone."""
        with self._session.cursor() as work:
            work.execute(f"DROP DATABASE IF EXISTS {RUN} WITH (FORCE)")
            work.execute(f"CREATE DATABASE {RUN} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        return self._server.database_url(RUN)
