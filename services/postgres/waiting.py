"""A psycopg2 connection that lets another thread compute while it waits for the server."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from psycopg2.extensions import connection, cursor

from services.turns import Turn


class WaitingConnection(connection):
    """``turn`` is handed on during every statement and COMMIT; None: nobody else is waiting for it."""

    turn: Turn | None = None

    def waiting(self) -> AbstractContextManager[None]:
        """Around whatever waits for the server: the turn is another thread's meanwhile."""
        return nullcontext() if self.turn is None else self.turn.away()

    def commit(self) -> None:
        """Commits, as psycopg2 does."""
        with self.waiting():
            super().commit()


class WaitingCursor(cursor):
    """The cursor of a WaitingConnection."""

    connection: WaitingConnection

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - psycopg2's name for it
        """Executes, as psycopg2 does."""
        with self.connection.waiting():
            super().execute(query, vars)

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        """Copies, as psycopg2 does."""
        with self.connection.waiting():
            super().copy_expert(sql, file, size)
