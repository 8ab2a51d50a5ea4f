"""Ends the process when a call that should have returned has not."""

import faulthandler
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

LOOK_SECONDS: Final = 1.0
STUCK_EXIT_CODE: Final = 75
"""EX_TEMPFAIL of sysexits.h: worth starting again."""

_log = logging.getLogger(__name__)


def leave_the_process() -> None:
    """Write every thread's stack to standard error and end the process without cleaning up.

    What was not committed is read again by whoever takes the lanes over.
    """
    _log.critical("a call into the Kafka client did not return; leaving the process")
    if sys.__stderr__ is not None:
        faulthandler.dump_traceback(sys.__stderr__)
    os._exit(STUCK_EXIT_CODE)


class Watchdog:
    """Watches the calls of one thread; at most one at a time."""

    def __init__(self, on_stuck: Callable[[], None] = leave_the_process) -> None:
        """Start the watching thread; ``on_stuck`` runs on it, once for a call that is too late."""
        self._on_stuck = on_stuck
        self._looks = 0
        self._last_look: float | None = None
        self._closed = Event()
        self._thread = Thread(target=self._run, name="kafka-watchdog", daemon=True)
        self._thread.start()

    @contextmanager
    def watch(self, seconds: float) -> Iterator[None]:
        """A block that must be left within ``seconds`` (noticed within two more).

        Counted while this process runs: one that was stopped for longer, or whose machine was, is not stuck.
        """
        self._last_look = self._looks + 1 + seconds / LOOK_SECONDS
        try:
            yield
        finally:
            self._last_look = None

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.wait(LOOK_SECONDS):
            self._looks += 1
            last_look = self._last_look
            if last_look is not None and self._looks > last_look:
                self._last_look = None
                self._on_stuck()
