"""Runs a projection over every lane of the ledger, each with a runner of the library, until it is stopped."""

import logging
import threading
from collections.abc import Iterable
from time import monotonic, sleep
from typing import Any, Final, Generic, TypeVar

from eventsourcing.persistence import OperationalError
from eventsourcing.projection import BaseProjectionRunner, Projection

from domain.vocabulary import PARTNER_IDS
from projections.storage.sql import load
from services.following.lane import Lane, LaneToRead, lane
from services.following.view import View
from services.logs import pairs
from services.postgres.factory import APPLICATION_LOG
from services.postgres.lane_recorder import as_the_interface_says
from services.postgres.lane_rows import LaneState
from services.postgres.migrations.fitness import check_database
from services.postgres.pool import ConnectionPool

SQL: Final = load("services.following", "following.sql")
LOG: Final = logging.getLogger("tuntas.following")

LOOK_SECONDS: Final = 1.0
"""Lanes that are new, and lanes whose runner lost its connection, are taken up within so long."""

CATCHING_UP_SECONDS: Final = 0.05

READERS: Final = 4
WRITERS: Final = 4
"""Connections that all lanes share."""

IN_MEMORY: Final = {"PERSISTENCE_MODULE": "eventsourcing.popo"}
"""The library's environment: whatever an application of it does not bring itself stays in memory."""

TView = TypeVar("TView", bound=View)


class Following(Generic[TView]):
    """A projection that follows the lanes of some partners, all unless they are named.

    Each lane has its own order and its own tracking; between lanes there is none. When the database is away, a lane is
    taken up again from its tracking. Any other error ends everything, at `run`.
    """

    def __init__(
        self,
        projection_class: type[Projection[TView]],
        view_class: type[TView],
        ledger_url: str,
        *,
        view_url: str | None = None,
        partners: Iterable[str] = PARTNER_IDS,
    ) -> None:
        """Connects and makes the view's tables. ``view_url``: the view's database, the ledger's unless given.

        Raises Unworkable for a database that is not one of this version, OperationalError when none answers.
        """
        with as_the_interface_says():
            check_database(ledger_url)
        self._projection_class = projection_class
        self._partner_ids = sorted(PARTNER_IDS[partner] for partner in partners)
        name = f"follow {projection_class.name}"
        self._pool = ConnectionPool(ledger_url, name, size=READERS)
        self.view = view_class(ConnectionPool(view_url or ledger_url, name, size=WRITERS))
        self._runners: dict[int, BaseProjectionRunner[Lane]] = {}

    def run(self, stop: threading.Event) -> None:
        """Blocks until ``stop`` is set; raises what ended a projection that is not the database being away."""
        try:
            while not stop.is_set():
                self._look()
                stop.wait(LOOK_SECONDS)
        finally:
            self.close()

    def catch_up(self, timeout_seconds: float) -> None:
        """Blocks until everything that is in the ledger now is in the view; raises TimeoutError."""
        deadline = monotonic() + timeout_seconds
        left = self._lanes()
        while left := [of for of in left if self._is_behind(of)]:
            if monotonic() > deadline:
                raise TimeoutError(f"{len(left)} lanes are not caught up")
            self._look()
            sleep(CATCHING_UP_SECONDS)

    def close(self) -> None:
        """Stops every runner after the event that it is at, and closes the connections; raises what ended one."""
        runners, self._runners = self._runners, {}
        for runner in runners.values():
            runner.stop()
        failed: list[Exception] = []
        for lane_id, runner in runners.items():
            try:
                self._end(lane_id, runner)
            except Exception as error:  # noqa: BLE001 - raised below, when the others have ended
                failed.append(error)
        self.view.close()
        self._pool.close()
        if failed:
            raise failed[0]

    def _is_behind(self, of: LaneState) -> bool:
        """Whether the view lacks any of the events that the lane had."""
        application = lane(of, self._pool)
        done = self.view.max_tracking_id(application.name) or 0
        log = LaneToRead(self._pool, of)
        topics = self._projection_class.topics
        return bool(log.select_notifications(done + 1, 1, of.position, topics))

    def _look(self) -> None:
        """Takes up lanes that nobody follows yet, and those whose runner ended because the database was away."""
        for lane_id, runner in list(self._runners.items()):
            if runner.is_interrupted.is_set():
                del self._runners[lane_id]
                self._end(lane_id, runner)
        try:
            for of in self._lanes():
                if of.lane_id not in self._runners:
                    self._runners[of.lane_id] = self._runner(of)
        except OperationalError as away:
            LOG.error("cannot look for lanes %s", pairs(detail=str(away)))  # noqa: TRY400

    def _runner(self, of: LaneState) -> BaseProjectionRunner[Lane]:
        projection = self._projection_class(self.view)
        return BaseProjectionRunner(
            projection=projection,
            application_class=lane(of, self._pool),
            tracking_recorder=self.view,
            topics=projection.topics,
            env=IN_MEMORY,
        )

    def _end(self, lane_id: int, runner: BaseProjectionRunner[Any]) -> None:
        try:
            with runner:
                pass
        except OperationalError as away:
            LOG.error("lane stopped %s", pairs(lane_id=lane_id, detail=str(away)))  # noqa: TRY400

    def _lanes(self) -> list[LaneState]:
        names = {"partner_ids": self._partner_ids, "application_log": APPLICATION_LOG}
        with as_the_interface_says(), self._pool.transaction() as work:
            work.execute(SQL["lanes"], names)
            return [LaneState(*row) for row in work.fetchall()]
