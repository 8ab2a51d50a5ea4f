"""Child processes that run one service each, started again when they end unasked."""

import logging
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from services.embedded.leash import Leash
from services.logs import pairs

log = logging.getLogger("tuntas.run")

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
                if not self._leashes[service.name].is_running():
                    log.error("service ended, starting it again %s", pairs(service=service.name))
                    self._leashes[service.name].stop()
                    self._leashes[service.name] = self._start(service)
