"""Connections to the real PostgreSQL whose statements are steps of the scheduler, and may go wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from psycopg2.errors import OperationalError
from psycopg2.extensions import connection, cursor

from services.intake import takeover
from services.postgres.errors import DatabaseUnavailable
from services.postgres.waiting import WaitingConnection, WaitingCursor
from tests.simulation.backends import Backends
from tests.simulation.faults import CommitFault, Faults
from tests.simulation.scheduler import NEVER, Process, Scheduler, here

LOCK_SECONDS: Final = 10.0
"""As services.postgres.connect has it."""
NOBODY_SECONDS: Final = 1_000_000
"""Nobody stands still for so long, in real time."""


class CutOff(OperationalError):
    """As libpq says it of a connection that ended."""


class SimulatedConnection(WaitingConnection):
    """Belongs to one process, and ends with it."""

    sessions: Sessions
    process: Process
    patience = LOCK_SECONDS
    usual_patience = LOCK_SECONDS

    @property
    def pid(self) -> int:
        return self.info.backend_pid

    def commit(self) -> None:
        with self.waiting():
            scheduler, _ = here()
            scheduler.pause()
            self.run("COMMIT", self._commit)

    def rollback(self) -> None:
        # Not a yield point: the caller may hold the turn of its process.
        self.patience = self.usual_patience
        scheduler, actor = here()
        scheduler.story.tell(scheduler.now, actor.name, "ROLLBACK")
        super().rollback()
        scheduler.settle()

    def close(self) -> None:
        if not self.closed:
            self.sessions.forget(self)
            super().close()

    def run(self, label: str, work: Callable[[], None]) -> None:
        """A step; see `Scheduler.statement`."""
        scheduler, _ = here()
        with scheduler.statement(0 if self.closed else self.pid, label, self.patience):
            work()

    def _commit(self) -> None:
        self.patience = self.usual_patience
        fault = self.sessions.faults.at_commit()
        if fault is CommitFault.NONE:
            connection.commit(self)
            self.sessions.on_acknowledged()
            return
        if fault is CommitFault.ANSWER_LOST:
            connection.commit(self)
        self.sessions.cut(self)
        connection.close(self)
        raise CutOff("server closed the connection unexpectedly")


class SimulatedCursor(WaitingCursor):
    """The cursor of a SimulatedConnection."""

    connection: SimulatedConnection

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - psycopg2's name for it
        with self.connection.waiting():
            scheduler, _ = here()
            scheduler.pause()
            query, vars = self._as_time_is(query, vars)  # noqa: A001
            execute = partial(self.send, query, vars)
            self.connection.run(str(query), partial(self._try, execute))

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        with self.connection.waiting():
            scheduler, _ = here()
            scheduler.pause()
            copy = partial(cursor.copy_expert, self, sql, file, size)
            self.connection.run(str(sql), partial(self._try, copy))

    def _try(self, work: Callable[[], None]) -> None:
        fault = self.connection.sessions.faults.at_statement()
        if fault is not None:
            raise fault
        work()

    def _as_time_is(self, query: Any, values: Any) -> tuple[Any, Any]:
        """The statement where it speaks of real time: how long to wait is the scheduler's."""
        if query == takeover.SQL["patience"]:
            self.connection.patience = values["milliseconds"] / 1000
            return query, values | {"milliseconds": 0}
        if query == takeover.SQL["end_frozen"]:
            # Who does not stand goes on, however long this machine takes for it.
            seconds = 0 if self.connection.sessions.somebody_stands() else NOBODY_SECONDS
            return query.replace("(pid)", "(pid, 10000)"), values | {"seconds": seconds}
        return query, values


class Sessions:
    """Every connection of a run."""

    def __init__(self, scheduler: Scheduler, backends: Backends, faults: Faults) -> None:
        self.faults = faults
        self.is_away = False
        self.on_acknowledged: Callable[[], None] = lambda: None
        self._scheduler = scheduler
        self._backends = backends
        self._open: list[SimulatedConnection] = []

    def connect(
        self, process: Process, *, lock_timeout_seconds: float = LOCK_SECONDS
    ) -> SimulatedConnection:
        """A new connection; raises DatabaseUnavailable while the database is away."""
        self._scheduler.pause()
        if self.is_away:
            raise DatabaseUnavailable("the database is being started again")
        session = self._backends.connect(SimulatedConnection, cursor_factory=SimulatedCursor)
        session.sessions, session.process = self, process
        session.patience = session.usual_patience = lock_timeout_seconds or NEVER
        self._open.append(session)
        return session

    def of(self, process: Process) -> list[SimulatedConnection]:
        """The open connections of a process."""
        return [each for each in self._open if each.process is process]

    def everybodys(self) -> list[SimulatedConnection]:
        return list(self._open)

    def somebody_stands(self) -> bool:
        """Whether a process with an open connection stands still now."""
        return any(each.process.stands_until > self._scheduler.now for each in self._open)

    def cut(self, session: SimulatedConnection) -> None:
        """Ends a connection at the server's side; its owner notices when it uses it next."""
        if session in self._open:
            self._open.remove(session)
        if not session.closed:
            self._end(session)
        self._scheduler.settle()

    def forget(self, session: SimulatedConnection) -> None:
        """A connection is being closed: blocks until nothing of it is left, no lock either."""
        if session in self._open:
            self._open.remove(session)
            self._end(session)
            self._scheduler.settle()

    def _end(self, session: SimulatedConnection) -> None:
        if self._scheduler.is_held_up(session.pid):
            self._scheduler.locks.end(session.pid)
            self._backends.lose(session)
        else:
            self._backends.give_back(session)
