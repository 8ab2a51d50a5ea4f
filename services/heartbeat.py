"""A process says every second that it lives, in the database, for whoever asks whether the intake runs.

It says so from a thread and a connection of its own, so that a long batch does not silence it; but only as long as its
loop goes round. What the loop waits for it says as well.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Final, Self
from uuid import uuid4

from psycopg2.extensions import connection

from projections.storage.sql import load
from services.logs import pairs
from services.postgres.connect import close, transaction
from services.postgres.errors import PostgresError
from services.resume import Stop
from services.unworkable import Unworkable

SQL: Final = load("services", "heartbeat.sql")
BEAT_SECONDS: Final = 1.0
LAST_WORD_SECONDS: Final = 10.0
STUCK_SECONDS: Final = 90.0
"""A loop that has not gone round for so long is stuck: longer than any statement may take."""

WELL_AGAIN_ROUNDS: Final = 10
"""After so many rounds a trouble is over; a loop that begins anew and breaks again goes round once or twice."""

log = logging.getLogger("tuntas.heartbeat")


INSTANCE: Final = uuid4().hex
"""Tells this process from every other one."""


class Heartbeat:
    """One process's word that it lives, from entering the block to leaving it."""

    def __init__(
        self,
        connect: Callable[[], connection],
        service: str,
        beside: Callable[[connection], None] | None = None,
    ) -> None:
        """``service`` is the command's name; ``connect`` opens the connection, again after each failure.

        ``beside`` is done on it at each beat; it must not take long.
        """
        self._connect = connect
        self._beside = beside
        self._row = {
            "instance": INSTANCE,
            "service": service,
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }
        self._went_round = time.monotonic()
        self._rounds = 0
        self._trouble: str | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def goes_round(self) -> None:
        """The loop is at work; called often."""
        self._went_round = time.monotonic()
        self._rounds += 1
        if self._rounds >= WELL_AGAIN_ROUNDS:
            self._trouble = None

    def waits(self, trouble: str) -> None:
        """The loop waits for something that is broken."""
        self._went_round = time.monotonic()
        self._rounds = 0
        self._trouble = trouble

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(LAST_WORD_SECONDS)

    def _beat(self) -> None:
        session: connection | None = None
        beats = 0
        while not self._end.is_set():
            if time.monotonic() - self._went_round < STUCK_SECONDS:
                session = self._say(session, "beat", *(["forget"] if beats % 300 == 0 else []))
                beats += 1
            self._end.wait(BEAT_SECONDS)
        session = self._say(session, "stop")
        if session is not None:
            close(session)

    def _say(self, session: connection | None, *names: str) -> connection | None:
        """The connection that it was said on; None when the database is away, which others notice as well."""
        try:
            session = session or self._connect()
            with transaction(session) as work:
                for name in names:
                    work.execute(SQL[name], {**self._row, "trouble": self._trouble})
            if self._beside is not None:
                self._beside(session)
        except (PostgresError, Unworkable) as failure:
            log.debug("not said %s", pairs(why=str(failure)))
            if session is not None:
                close(session)
            return None
        return session


class WatchedStop(Stop):
    """The stop of a service's loops, which ask for it in each round: so the heartbeat knows that they go round."""

    def __init__(self, heart: Heartbeat) -> None:
        super().__init__()
        self._heart = heart

    def is_set(self) -> bool:
        self._heart.goes_round()
        return super().is_set()

    def waits(self, trouble: str) -> None:
        self._heart.waits(trouble)
