"""`tuntas ingest`, `tuntas project`, `tuntas api`: one service each, as many processes as wanted."""

import logging
import signal
from contextlib import nullcontext, suppress
from types import FrameType

from services import logs
from services.cli.reached import reached_settings
from services.garbage import ANSWERING, collect_seldom
from services.heartbeat import Heartbeat, WatchedStop
from services.postgres.errors import DatabaseUnavailable
from services.postgres.migrations.fitness import check_database
from services.settings import Settings
from services.turns import switch_quickly


def ingest() -> None:
    """Read the partners' topics: every record gets its outcome, every answer is up to date."""
    settings = _settings()
    from services.wiring import heartbeat_of_worker, worker  # noqa: PLC0415 - commands start fast

    ingesting = worker(settings)
    collect_seldom()
    switch_quickly()
    with heartbeat_of_worker(settings) as heart:
        ingesting.run(_stop_on_signals(heart))


def project() -> None:
    """Keep rows in line with the catalogue, and tell partners what was rejected and what answers became."""
    settings = _settings()
    from services.projector.beside import beside  # noqa: PLC0415
    from services.wiring import answering, heartbeat, projector  # noqa: PLC0415

    projecting = projector(settings)
    told = answering(settings)
    collect_seldom()
    switch_quickly()
    with heartbeat(settings, "project") as heart:
        stop = _stop_on_signals(heart)
        with nullcontext() if told is None else beside("answers", told.run, stop):
            projecting.run(stop)


def api() -> None:
    """Serve the HTTP API. A database that is away does not stop it: it says so, and answers when it is back."""
    settings = _settings()
    with suppress(DatabaseUnavailable):
        check_database(settings.database_url)
    from services.http.serve import run  # noqa: PLC0415

    collect_seldom(ANSWERING)
    run(settings)


def _settings() -> Settings:
    settings = reached_settings()
    logs.configure(settings.log_level)
    return settings


def _stop_on_signals(heart: Heartbeat) -> WatchedStop:
    """An event that SIGTERM and SIGINT set: what was begun is finished first."""
    stop = WatchedStop(heart)

    def on_signal(number: int, _frame: FrameType | None) -> None:
        logging.getLogger("tuntas").info("stopping signal=%s", signal.Signals(number).name)
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return stop
