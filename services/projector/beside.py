"""What goes on beside a block, on a thread and a connection of its own: nothing else waits for a long catch-up."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, TypeAlias

from psycopg2.extensions import connection

from projections.status.rejudge import Transaction
from services.postgres.connect import close, transaction
from services.postgres.errors import PostgresError
from services.resume import run_until_stopped

Step: TypeAlias = Callable[[Transaction], int]
"""Does some of the work; returns how much that was, 0: nothing is left, or another process does it."""


@contextmanager
def beside(
    name: str, run: Callable[[threading.Event], None], stop: threading.Event
) -> Iterator[None]:
    """A block beside which ``run`` goes on, until the event that it is given is set at the block's end.

    A defect there sets ``stop``, by which the block is to end, and is raised when it has ended.
    """
    ended = threading.Event()
    failed: list[BaseException] = []

    def run_until_ended() -> None:
        try:
            run(ended)
        except BaseException as defect:  # noqa: BLE001 - raised below, by the thread that is waited for
            failed.append(defect)
            stop.set()

    thread = threading.Thread(target=run_until_ended, name=name)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    if failed:
        raise failed[0]


class Stepping:
    """One kind of work behind the intake, step after step."""

    def __init__(
        self,
        name: str,
        connect: Callable[[], connection],
        begin: Callable[[], Step],
        look_seconds: float,
    ) -> None:
        """``begin`` makes what takes the steps, anew for each connection; where nothing is left, it rests so long."""
        self.name: Final = name
        self._connect = connect
        self._begin = begin
        self._look_seconds = look_seconds

    def run(self, stop: threading.Event) -> None:
        """Works until ``stop`` is set. Never gives up on a broken connection: says so, waits and resumes."""
        log = logging.getLogger(f"tuntas.project.{self.name}")
        run_until_stopped(self._work_until_broken, stop, (PostgresError,), log)

    def _work_until_broken(self, stop: threading.Event) -> None:
        session = self._connect()
        try:
            opened = partial(transaction, session)
            step = self._begin()
            while not stop.is_set():
                if not step(opened):
                    stop.wait(self._look_seconds)
        finally:
            close(session)
