"""Backends of PostgreSQL that are there before somebody connects, and still there when their client is gone.

A new backend costs more than all that a connection of a run has it do. So a connection is handed one that is idle:
libpq greets a socket of ours, which repeats what the backend said when it began, and then its end of that socket is
exchanged for the backend's. Whoever has the connection talks to PostgreSQL itself, with nothing in between.

When the connection ends, its end is exchanged for one of a socket that nobody is at, which to libpq is what a backend
leaves that was ended; and the backend rolls back and drops all that was the session's, locks, prepared statements and
settings, as if it ended. Its temporary tables stay, empty: services make theirs where there are none and have COMMIT
empty them, and making them anew took 5 to 8 % of a run. One that is in the midst of a statement really ends.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Final, TypeVar

import psycopg2
from psycopg2.extensions import connection, parse_dsn

from services.postgres.waiting import WaitingConnection, WaitingCursor

Session = TypeVar("Session", bound=connection)

PATIENCE_SECONDS: Final = 30.0
VERSION: Final = 196_608
"""Of the protocol: 3.0."""
SETTINGS: Final = {
    "timezone": "UTC",
    "lock_timeout": "0",
    "statement_timeout": "0",
    # What a backend did before decides nothing.
    "plan_cache_mode": "force_custom_plan",
}
DISCARD: Final = (
    b"CLOSE ALL; RESET SESSION AUTHORIZATION; RESET ALL; DEALLOCATE ALL; UNLISTEN *; "
    b"SELECT pg_advisory_unlock_all(); DISCARD SEQUENCES"
)
"""What DISCARD ALL does, but for temporary tables and plans."""
FRESH: Final = (b"ROLLBACK", DISCARD)


class Ended(Exception):
    """The backend is gone."""


class Backend:
    """One backend, and our end of its connection. ``greeting`` is what it said when it began."""

    def __init__(self, path: str, user: str, database: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE_SECONDS)
        self._socket.connect(path)
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        words = ("user", user, "database", database, "options", options)
        told = b"".join(word.encode() + b"\0" for word in words) + b"\0"
        self._socket.sendall(struct.pack("!II", len(told) + 8, VERSION) + told)
        self.pid = 0
        self.greeting = self._until_ready()

    def talks_on(self, descriptor: int) -> None:
        """From now on whoever has this descriptor talks to the backend."""
        os.dup2(self._socket.fileno(), descriptor, inheritable=False)

    def forget(self) -> None:
        """Rolls back, and drops all that was the session's, but for temporary tables; raises Ended."""
        try:
            self._socket.sendall(b"".join(_message(b"Q", each + b"\0") for each in FRESH))
        except OSError as error:
            raise Ended from error
        for _ in FRESH:
            self._until_ready()

    def end(self) -> None:
        with suppress(OSError):
            self._socket.sendall(_message(b"X", b""))
        self._socket.close()

    def _until_ready(self) -> bytes:
        """All that the backend says until it waits for the next word."""
        said = b""
        while True:
            head = self._read(5)
            body = self._read(struct.unpack("!I", head[1:])[0] - 4)
            said += head + body
            if head[:1] == b"K":
                (self.pid,) = struct.unpack("!I", body[:4])
            if head[:1] == b"Z":
                return said

    def _read(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            try:
                more = self._socket.recv(count - len(found))
            except ConnectionError as error:
                raise Ended from error
            if not more:
                raise Ended
            found += more
        return found


class Borrowed(WaitingConnection):
    """Gives its backend back when it is closed."""

    backends: Backends

    def close(self) -> None:
        self.backends.give_back(self)
        super().close()


class Backends:
    """Those of one database, for one thread at a time; each is in the hands of one connection at most."""

    def __init__(self, database_url: str) -> None:
        place = parse_dsn(database_url)
        self._folder = TemporaryDirectory(prefix="tuntas-")
        self._path = str(Path(place["host"]) / f".s.PGSQL.{place.get('port', '5432')}")
        self._user, self._database = place["user"], place["dbname"]
        self._idle: list[Backend] = []
        self._busy: dict[connection, Backend] = {}
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(Path(self._folder.name) / ".s.PGSQL.5432"))
        self._door.listen()

    def connect(self, factory: type[Session], **others: Any) -> Session:
        """A connection that has a backend; `give_back` it before it is closed."""
        backend = self._idle.pop() if self._idle else self._new()
        greeter = Thread(target=self._greet, args=(backend.greeting,), daemon=True)
        greeter.start()
        session: Session = psycopg2.connect(
            host=self._folder.name, user=self._user, connection_factory=factory, **others
        )
        greeter.join()
        backend.talks_on(session.fileno())
        self._busy[session] = backend
        return session

    def borrow(self) -> Borrowed:
        """A connection that nothing happens to."""
        session = self.connect(Borrowed, cursor_factory=WaitingCursor)
        session.backends = self
        return session

    @contextmanager
    def lent(self) -> Iterator[Borrowed]:
        """A block with a connection that nothing happens to, each statement a transaction of its own."""
        with closing(self.borrow()) as session:
            session.autocommit = True
            yield session

    def give_back(self, session: connection) -> None:
        """Has a connection, which has no statement under way, lose its backend; it is nobody's when this returns."""
        backend = self._busy.pop(session, None)
        if backend is None:
            return
        if not session.closed:
            _take_away(session)
        try:
            backend.forget()
        except Ended:
            backend.end()
        else:
            self._idle.append(backend)

    def lose(self, session: connection) -> None:
        """A backend ended, or ends, whose connection this was."""
        backend = self._busy.pop(session, None)
        if backend is not None:
            backend.end()

    def take_back(self) -> None:
        """Has every connection lose its backend, as if it was given back."""
        for session in list(self._busy):
            self.give_back(session)

    def close(self) -> None:
        """Ends every backend."""
        self.take_back()
        for backend in self._idle:
            backend.end()
        self._door.close()
        self._folder.cleanup()

    def _new(self) -> Backend:
        return Backend(self._path, self._user, self._database)

    def _greet(self, greeting: bytes) -> None:
        """Answers whoever knocks next as the backend did, and hangs up once libpq is somewhere else."""
        guest, _ = self._door.accept()
        with guest:
            (length,) = struct.unpack("!I", guest.recv(4, socket.MSG_WAITALL))
            guest.recv(length - 4, socket.MSG_WAITALL)
            guest.sendall(greeting)


def _take_away(session: connection) -> None:
    """Has the client find that nobody is there, when it uses the connection next."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        os.dup2(theirs.fileno(), session.fileno(), inheritable=False)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body
