"""Stop loudly, resume by yourself: the loop around every service that depends on Kafka or PostgreSQL."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from services.logs import pairs

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 2.0


class Stop(threading.Event):
    """Set when a service is to end; it hears as well what the service waits for."""

    def waits(self, trouble: str) -> None:
        """Infrastructure broke, and work starts anew after a pause."""


def run_until_stopped(
    work: Callable[[threading.Event], None],
    stop: threading.Event,
    broken: tuple[type[Exception], ...],
    log: logging.Logger,
) -> None:
    """Runs ``work(stop)`` again and again until ``stop`` is set.

    ``broken`` are the errors that say that infrastructure broke: each is logged, and work starts anew after a pause
    that doubles up to LONGEST_PAUSE_SECONDS, and is short again once work went well for that long. Any other error is a
    defect and ends the process.
    """
    pause = FIRST_PAUSE_SECONDS
    while not stop.is_set():
        started = time.monotonic()
        try:
            work(stop)
        except broken as failure:
            if time.monotonic() - started > LONGEST_PAUSE_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            log.error(  # noqa: TRY400 - a sentence for an operator; the trace says nothing more
                "stopped %s",
                pairs(why=type(failure).__name__, detail=str(failure), resume_in_seconds=pause),
            )
            if isinstance(stop, Stop):
                stop.waits(f"{type(failure).__name__}: {failure}")
            stop.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
