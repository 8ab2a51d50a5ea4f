"""Databases of tests: each is a copy of one that was migrated once, and the next is made while a test runs."""

import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from types import TracebackType
from typing import Self

import psycopg2

from services.embedded.postgres import EmbeddedPostgres
from services.postgres.connect import connect
from services.postgres.migrations.run import migrate

TEMPLATE = "layout_of_tests"


class Databases:
    """Databases of this version's layout on one server, made and dropped beside the tests, one at a time."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self.server = server
        self._beside = ThreadPoolExecutor(1, "databases")
        self._next: Future[str]

    def __enter__(self) -> Self:
        with closing(connect(self.server.create_database(TEMPLATE), "test")) as session:
            migrate(session)
        self._next = self._beside.submit(self._copy)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._beside.shutdown()

    def take(self) -> str:
        """The name of a database that nobody has used; the next is begun."""
        name = self._next.result()
        self._next = self._beside.submit(self._copy)
        return name

    def drop(self, name: str) -> None:
        """Have the database dropped, and with it whatever is still connected to it."""
        self._beside.submit(self.server.drop_database, name)

    @staticmethod
    def new_name() -> str:
        return f"test_{uuid.uuid4().hex}"

    def _copy(self) -> str:
        name = self.new_name()
        with closing(psycopg2.connect(self.server.database_url())) as session:
            session.autocommit = True  # CREATE DATABASE refuses to run in a transaction
            with session.cursor() as work:
                # A tenth of what copying through the WAL takes, where nothing waits for the disk.
                work.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        return name
