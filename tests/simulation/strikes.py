"""What a fault does to the processes, the group and the database."""

from __future__ import annotations

from typing import Final

from tests.simulation.faults import Faults
from tests.simulation.kafka import Group
from tests.simulation.processes import Processes
from tests.simulation.scheduler import Process, Scheduler
from tests.simulation.sessions import Sessions

STANDS_SECONDS: Final = (0.5, 30.0)
AWAY_SECONDS: Final = (0.1, 4.0)
KINDS: Final = ("kill", "freeze", "rebalance", "cut", "restart")
WEIGHTS: Final = (4, 4, 4, 2, 1)


class Strikes:
    """Asked at every step of the scheduler whether something breaks there."""

    def __init__(
        self,
        scheduler: Scheduler,
        sessions: Sessions,
        group: Group,
        faults: Faults,
        processes: Processes,
    ) -> None:
        self._scheduler = scheduler
        self._sessions = sessions
        self._group = group
        self._faults = faults
        self._processes = processes

    def strike(self) -> None:
        """Breaks something, if it is time for that."""
        if not self._faults.strikes():
            return
        chance = self._scheduler.chance
        kind = chance.choices(KINDS, WEIGHTS)[0]
        processes = [
            each
            for each in self._processes.alive("ingest", "project", "answer", "rebuild")
            if each.stands_until <= self._scheduler.now
        ]
        if kind == "rebalance":
            self._faults.note(kind, "lanes change hands")
            self._group.rebalance()
        elif kind == "restart":
            self._restart()
        elif processes:
            getattr(self, f"_{kind}")(chance.choice(processes))

    def _kill(self, process: Process) -> None:
        self._faults.note("kill", process.name)
        self._processes.kill(process)

    def _freeze(self, process: Process) -> None:
        seconds = self._scheduler.chance.uniform(*STANDS_SECONDS)
        self._faults.note("freeze", f"{process.name} for {seconds:.1f} s")
        self._processes.freeze(process, seconds)

    def _cut(self, process: Process) -> None:
        self._faults.note("connection cut", process.name)
        for session in self._sessions.of(process):
            self._sessions.cut(session)

    def _restart(self) -> None:
        """Every connection ends, and for a while there is no new one."""
        self._faults.note("database restart", "")
        self._sessions.is_away = True
        for session in self._sessions.everybodys():
            self._sessions.cut(session)
        away = self._scheduler.chance.uniform(*AWAY_SECONDS)
        self._scheduler.at(self._scheduler.now + away, self._back)

    def _back(self) -> None:
        self._sessions.is_away = False
