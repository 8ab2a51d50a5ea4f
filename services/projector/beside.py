"""Work behind the intake, on a thread and a connection of its own: nothing else waits for a long catch-up."""

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


class Beside:
    """One kind of work that goes on while a block runs."""

    def __init__(
        self,
        name: str,
        connect: Callable[[], connection],
        begin: Callable[[], Step],
        look_seconds: float,
    ) -> None:
        """``begin`` makes what takes the steps, anew for each connection; where nothing is left, it rests so long."""
        self._name: Final = name
        self._connect = connect
        self._begin = begin
        self._look_seconds = look_seconds
        self._ended = threading.Event()
        self._defect: BaseException | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Goes on while the block does."""
        self._ended.clear()
        thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def check(self) -> None:
        """Raises what ended the thread, if a defect did."""
        if self._defect is not None:
            raise self._defect

    def _run(self) -> None:
        log = logging.getLogger(f"tuntas.project.{self._name}")
        try:
            run_until_stopped(self._work_until_broken, self._ended, (PostgresError,), log)
        except BaseException as defect:  # noqa: BLE001 - `check` raises it where it ends the process
            self._defect = defect

    def _work_until_broken(self, ended: threading.Event) -> None:
        session = self._connect()
        try:
            opened = partial(transaction, session)
            step = self._begin()
            while not ended.is_set():
                if not step(opened):
                    ended.wait(self._look_seconds)
        finally:
            close(session)
