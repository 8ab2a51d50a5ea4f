"""Ends connections on which a server has not answered for longer than it may.

A statement that takes too long is ended by PostgreSQL (statement_timeout). Where PostgreSQL, or the way to it, is gone
and something between, a proxy say, keeps the connection open and answers keepalives, TCP sees nothing wrong and libpq
waits for ever. So who waits is watched: the socket is shut down under a call that is overdue, which then fails as one
whose connection was lost.
"""

import logging
import os
import socket
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Final, Protocol
from weakref import WeakSet

_log = logging.getLogger("tuntas.postgres")

LOOK_SECONDS: Final = 1.0

GRACE_SECONDS: Final = 10.0
"""So much longer than the server's own limit an answer may take to arrive."""


class Waits(Protocol):
    """A connection. ``overdue_at``: until when (`time.monotonic`) it waits for an answer; None: it does not wait."""

    overdue_at: float | None

    def fileno(self) -> int: ...


class Watch:
    """Looks at connections once a second, on a thread of its own, which ends with the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._watched: WeakSet[Waits] = WeakSet()
        self._thread: Thread | None = None

    def add(self, session: Waits) -> None:
        """Watches a connection for as long as somebody has it."""
        with self._lock:
            self._watched.add(session)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="postgres-patience", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            sleep(LOOK_SECONDS)
            with self._lock:
                watched = list(self._watched)
            for session in watched:
                _end_if_overdue(session)
            del watched


def _end_if_overdue(session: Waits) -> None:
    overdue_at = session.overdue_at
    if overdue_at is None or monotonic() < overdue_at:
        return
    session.overdue_at = None
    try:
        with socket.socket(fileno=os.dup(session.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the call came back, or was lost, just now
    _log.error("the database does not answer; its connection is ended")


WATCH: Final = Watch()
"""This process's."""
