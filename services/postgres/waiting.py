"""A psycopg2 connection that lets another thread compute while it waits for the server."""

from typing import Any

from psycopg2.extensions import connection, cursor

from services.turns import Turn


class WaitingConnection(connection):
    """``turn`` is handed on during every statement and COMMIT; None: nobody else is waiting for it."""

    turn: Turn | None = None

    def commit(self) -> None:
        """Commits, as psycopg2 does."""
        if self.turn is None:
            super().commit()
            return
        with self.turn.away():
            super().commit()


class WaitingCursor(cursor):
    """The cursor of a WaitingConnection."""

    connection: WaitingConnection

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - psycopg2's name for it
        """Executes, as psycopg2 does."""
        turn = self.connection.turn
        if turn is None:
            super().execute(query, vars)
            return
        with turn.away():
            super().execute(query, vars)

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        """Copies, as psycopg2 does."""
        turn = self.connection.turn
        if turn is None:
            super().copy_expert(sql, file, size)
            return
        with turn.away():
            super().copy_expert(sql, file, size)
