"""A small pool of connections for callers in several threads."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from psycopg2.extensions import connection, cursor

from services.postgres.connect import close, connect, transaction
from services.postgres.errors import DatabaseUnavailable


class ConnectionPool:
    """At most ``size`` connections, opened when they are first needed; a caller waits for a free one."""

    def __init__(
        self,
        database_url: str,
        application_name: str,
        *,
        size: int = 5,
        wait_seconds: float = 30,
    ) -> None:
        self.database_url = database_url
        self.application_name = application_name
        self.wait_seconds = wait_seconds
        self._free = BoundedSemaphore(size)
        self._idle: deque[connection] = deque()
        self._is_closed = False

    @contextmanager
    def transaction(self) -> Iterator[cursor]:
        """A cursor in a transaction of its own; errors as ``services.postgres.connect.transaction``.

        Blocks until a connection is free; raises DatabaseUnavailable after ``wait_seconds``, or when
        the pool is closed. A transaction inside another one takes a second connection.
        """
        if not self._free.acquire(timeout=self.wait_seconds):
            raise DatabaseUnavailable(f"no connection was free for {self.wait_seconds} seconds")
        try:
            session = self._take()
            try:
                with transaction(session) as work:
                    yield work
            finally:
                self._give_back(session)
        finally:
            self._free.release()

    def close(self) -> None:
        """Close the idle connections now and those in use when they come back."""
        self._is_closed = True
        self._drop_idle()

    def _take(self) -> connection:
        if self._is_closed:
            raise DatabaseUnavailable("the pool is closed")
        try:
            return self._idle.pop()
        except IndexError:
            return connect(self.database_url, self.application_name)

    def _give_back(self, session: connection) -> None:
        if session.closed:
            self._drop_idle()  # what ended this connection has most likely ended the others
        else:
            self._idle.append(session)
        if self._is_closed:
            self._drop_idle()

    def _drop_idle(self) -> None:
        while self._idle:
            try:
                close(self._idle.pop())
            except IndexError:
                return  # another thread dropped it
