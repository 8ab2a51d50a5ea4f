"""Who waits for whose lock, asked of PostgreSQL, and how such waiting is ended.

A backend that waits is stopped (SIGSTOP) until it is its turn: it waits in `ProcSleep`, where it holds nothing of the
server's own. So of two that one COMMIT frees each goes on when the scheduler says so.
"""

import os
import time
from contextlib import suppress
from signal import SIGCONT, SIGSTOP
from typing import Any, Final

import psycopg2
from psycopg2.errors import DeadlockDetected, LockNotAvailable

GONE_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.0002


class LockTimeout(LockNotAvailable):
    """As PostgreSQL says it after lock_timeout; the time is the scheduler's."""

    pgcode = "55P03"


class Deadlock(DeadlockDetected):
    """As PostgreSQL says it after deadlock_timeout to one of those that wait in a circle."""

    pgcode = "40P01"


class Locks:
    """Two connections that ask: one for whoever has the baton, one for the thread that watches."""

    def __init__(self, server_url: str) -> None:
        self._asking, self._watching = psycopg2.connect(server_url), psycopg2.connect(server_url)
        for session in (self._asking, self._watching):
            session.autocommit = True

    def close(self) -> None:
        self._asking.close()
        self._watching.close()

    def blockers(self, pid: int) -> list[int]:
        """The backends that hold up another one."""
        return self._blockers(self._asking, pid)

    def watched_blockers(self, pid: int) -> list[int]:
        """As `blockers`, for the thread that watches."""
        return self._blockers(self._watching, pid)

    def is_in_a_circle(self, pid: int) -> bool:
        """Whether those that hold up a backend are held up by it; for the thread that watches."""
        seen: set[int] = set()
        left = [pid]
        while left:
            for blocker in self.watched_blockers(left.pop()):
                if blocker == pid:
                    return True
                if blocker not in seen:
                    seen.add(blocker)
                    left.append(blocker)
        return False

    def cancel(self, pid: int) -> None:
        """Ends a backend's statement."""
        self._ask(self._asking, "SELECT pg_cancel_backend(%s)", pid)
        self.go_on(pid)

    def end(self, pid: int) -> None:
        """Ends a backend and blocks until it is gone, with all its locks."""
        self._ask(self._asking, "SELECT pg_terminate_backend(%s)", pid)
        self.go_on(pid)
        self.wait_until_gone(pid)

    @staticmethod
    def wait_until_gone(pid: int) -> None:
        """Blocks until a backend that ends is gone. PostgreSQL's own waiting looks ten times a second."""
        deadline = time.monotonic() + GONE_SECONDS
        while _is_there(pid):
            if time.monotonic() > deadline:
                raise TimeoutError(f"backend {pid} does not end")
            time.sleep(LOOK_SECONDS)

    @staticmethod
    def stand(pid: int) -> None:
        """Has a backend that waits for a lock stand still, even when it gets it."""
        os.kill(pid, SIGSTOP)

    @staticmethod
    def go_on(pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, SIGCONT)

    @staticmethod
    def timeout() -> Exception:
        return LockTimeout("canceling statement due to lock timeout")

    @staticmethod
    def deadlock() -> Exception:
        return Deadlock("deadlock detected")

    def _blockers(self, session: Any, pid: int) -> list[int]:
        found: list[int] = self._ask(session, "SELECT pg_blocking_pids(%s)", pid)
        return found

    @staticmethod
    def _ask(session: Any, question: str, pid: int) -> Any:
        with session.cursor() as work:
            work.execute(question, (pid,))
            return work.fetchone()[0]


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
