"""Child processes that run one service each, started again when they end unasked."""

import logging
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from services.embedded.leash import Leash
from services.logs import pairs
from services.unworkable import REFUSED_EXIT_CODE, UNFIT_EXIT_CODE

log = logging.getLogger("tuntas.run")

FOR_SOMEBODY: Final = frozenset({2, UNFIT_EXIT_CODE, REFUSED_EXIT_CODE})
"""Exit codes of services that would end again if they were started again: settings, database, rights."""

LOOK_SECONDS = 0.5
GRACE_SECONDS = 20.0


class Service(Struct, frozen=True):
    """One process: a name for its log file and the arguments of `tuntas`."""

    name: str
    arguments: Sequence[str]


class Services:
    """Some services of one run. Each writes its log to ``log_dir/<name>.log``."""

    def __init__(
        self, services: Sequence[Service], environment: Mapping[str, str], log_dir: Path
    ) -> None:
        """``environment`` is added to this process's own."""
        self._services = services
        self._environment = {**os.environ, **environment}
        self._log_dir = log_dir
        self._leashes: dict[str, Leash] = {}
        self._stopping = threading.Event()
        self.given_up = threading.Event()
        """Set when a service ended in a way that only somebody can mend; `why_given_up` says which and why."""
        self.why_given_up = ""
        self._watch = threading.Thread(target=self._keep_alive, name="services", daemon=True)

    def start(self) -> None:
        """Starts all; does not wait until they are ready."""
        for service in self._services:
            self._leashes[service.name] = self._start(service)
        self._watch.start()

    def stop(self) -> None:
        """Stops all, each finishing what it has begun, and blocks until they are gone."""
        self._stopping.set()
        if self._watch.is_alive():
            self._watch.join()
        stops = [threading.Thread(target=leash.stop) for leash in self._leashes.values()]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()

    def log_path(self, name: str) -> Path:
        """Where a service writes its log."""
        return self._log_dir / f"{name}.log"

    def _start(self, service: Service) -> Leash:
        return Leash(
            [sys.executable, "-m", "services.cli", *service.arguments],
            self.log_path(service.name),
            grace_seconds=GRACE_SECONDS,
            environment=self._environment,
        )

    def _keep_alive(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            for service in self._services:
                if self._leashes[service.name].exit_code in FOR_SOMEBODY:
                    self._give_up(service)
                    return
                if not self._leashes[service.name].is_running():
                    log.error("service ended, starting it again %s", pairs(service=service.name))
                    self._leashes[service.name].stop()
                    self._leashes[service.name] = self._start(service)

    def _give_up(self, service: Service) -> None:
        lines = self._leashes[service.name].log_tail().strip().splitlines()
        said = lines[-1] if lines else f"its log is {self.log_path(service.name)}"
        self.why_given_up = f"`tuntas {' '.join(service.arguments)}` ended: {said}"
        self.given_up.set()
