"""A psycopg2 connection that lets another thread compute while it waits for the server, and waits not for ever."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import monotonic
from typing import Any

from psycopg2.errors import FeatureNotSupported
from psycopg2.extensions import connection, cursor

from services.postgres.prepared import PreparedStatements, TableChanged
from services.turns import Turn


class WaitingConnection(connection):
    """``turn`` is handed on during every statement and COMMIT; None: nobody else is waiting for it.

    ``patience_seconds``: how long an answer may take before the connection is ended (patience.py); None: as long as it
    likes.
    """

    turn: Turn | None = None
    patience_seconds: float | None = None
    overdue_at: float | None = None

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.prepared = PreparedStatements()

    def waiting(self) -> AbstractContextManager[None]:
        """Around whatever waits for the server: the turn is another thread's meanwhile."""
        return nullcontext() if self.turn is None else self.turn.away()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around a call that the server has to answer."""
        patience = self.patience_seconds
        self.overdue_at = None if patience is None else monotonic() + patience
        try:
            with self.waiting():
                yield
        finally:
            self.overdue_at = None

    def commit(self) -> None:
        """Commits, as psycopg2 does."""
        with self.asking():
            super().commit()

    def rollback(self) -> None:
        """Rolls back, as psycopg2 does."""
        with self.asking():
            super().rollback()


class WaitingCursor(cursor):
    """The cursor of a WaitingConnection."""

    connection: WaitingConnection

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - psycopg2's name for it
        """Executes, as psycopg2 does; what the connection says often is prepared."""
        with self.connection.asking():
            self.send(query, vars)

    def send(self, query: Any, values: Any) -> None:
        """Executes without saying that the server is waited for."""
        prepared = self.connection.prepared
        is_text = isinstance(query, str) and self.name is None
        call = prepared.call(query, values) if is_text else None
        if call is None:
            super().execute(query, values)
            return
        if call.prepare is not None:
            super().execute(call.prepare)
            prepared.is_prepared(query, call)
        try:
            super().execute(call.execute, values)
        except FeatureNotSupported as error:
            prepared.forget()
            raise TableChanged(str(error)) from error

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        """Copies, as psycopg2 does."""
        with self.connection.asking():
            super().copy_expert(sql, file, size)


@contextmanager
def as_long_as_it_takes(session: connection) -> Iterator[None]:
    """A block in which a connection waits for each answer without a limit."""
    if not isinstance(session, WaitingConnection):
        yield
        return
    patience, session.patience_seconds = session.patience_seconds, None
    try:
        yield
    finally:
        session.patience_seconds = patience
