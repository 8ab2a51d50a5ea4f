"""Workers that take one lane from each other, write and crash, and what each was told when."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from threading import Barrier, Lock, Thread
from time import monotonic_ns
from typing import Any, Final

import psycopg2
from msgspec import Struct
from psycopg2.extensions import connection

from domain.events import PARTICIPANT_STREAM, ClassCompleted, PartnerEvent
from services.intake.lanes import Lane
from services.postgres.errors import LaneLost, PostgresError
from tests.services.intake.desk import Desk, batch

OPERATIONS: Final = 12
"""Of each worker."""
LOST: Final = 0.15
"""How often the answer to a COMMIT is lost, or the COMMIT itself."""
TAKES_OVER: Final = 0.3
MOST_RECORDS: Final = 3


class Operation(Struct):
    """One call. Epoch and offsets are what a take-over was told, or what a write was given."""

    worker: int
    call: int
    return_: int = 0
    kind: str = ""
    epoch: int = 0
    expected: int = 0
    next: int = 0
    outcome: str = "unknown"


class Worker:
    """One worker on a thread of its own."""

    def __init__(
        self, number: int, database_url: str, seed: str, event: Callable[[], PartnerEvent]
    ) -> None:
        self._number = number
        self._database_url = database_url
        self._chance = random.Random(seed)
        self._event = event
        self._desk = Desk(database_url)
        self._lane: Lane | None = None

    def work(self, history: list[Operation]) -> None:
        """Does one thing after the other; notes each."""
        for _ in range(OPERATIONS):
            if self._lane is None or self._chance.random() < TAKES_OVER:
                history.append(self.take_over())
            else:
                history.append(self._write(self._lane))
        self.close()

    def close(self) -> None:
        self._desk.session.close()

    def take_over(self) -> Operation:
        operation = Operation(self._number, monotonic_ns(), kind="take over")
        try:
            lane = self._desk.lane()
        except PostgresError:
            self._begin_anew()
        else:
            self._lane = lane
            operation.epoch, operation.expected = lane.epoch, lane.next_offset
            operation.outcome = "done"
        operation.return_ = monotonic_ns()
        return operation

    def _write(self, lane: Lane) -> Operation:
        records = [self._event() for _ in range(self._chance.randint(1, MOST_RECORDS))]
        before = lane.next_offset
        operation = Operation(
            self._number, monotonic_ns(), 0, "write", lane.epoch, before, before + len(records)
        )
        if self._chance.random() < LOST:
            _lose(self._desk.session, delivered=self._chance.random() < 0.5)
        try:
            self._desk.write(batch(lane, records))
            operation.outcome = "done"
        except LaneLost:
            operation.outcome = "refused"
            self._lane = None
        except PostgresError:
            self._begin_anew()
        operation.return_ = monotonic_ns()
        return operation

    def _begin_anew(self) -> None:
        """As a worker that crashed: nothing is left of what it held."""
        self._desk.session.close()
        self._desk = Desk(self._database_url)
        self._lane = None


def _lose(session: Any, *, delivered: bool) -> None:
    """Has the connection break at its next COMMIT, before or after PostgreSQL carries it out."""

    def commit() -> None:
        if delivered:
            connection.commit(session)
        session.close()
        raise psycopg2.OperationalError("server closed the connection unexpectedly")

    session.commit = commit


def history_of(database_url: str, workers: int, seed: int) -> list[Operation]:
    """What so many workers were told who share a lane, and at last who owns it and how far it is read."""
    begin, lock, numbers = Barrier(workers), Lock(), iter(range(1_000_000))

    def event() -> PartnerEvent:
        with lock:
            number = next(numbers)
        who = f"{PARTICIPANT_STREAM}PRK-{number % 3}"
        return PartnerEvent("tokopedia", f"e-{number}", number, who, ClassCompleted("C-1"))

    found: list[Operation] = []
    threads = []
    for number in range(workers):
        worker = Worker(number, database_url, f"{seed}/{number}", event)

        def work(worker: Worker = worker) -> None:
            begin.wait()
            worker.work(found)

        threads.append(Thread(target=work))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = Worker(workers, database_url, "last", event)
    found.append(last.take_over())
    last.close()
    return found


def told(histories: Sequence[Sequence[Operation]]) -> str:
    """As the checker reads them, one a line."""
    return "".join(json.dumps([_plain(each) for each in history]) + "\n" for history in histories)


def _plain(operation: Operation) -> dict[str, Any]:
    return {
        name.rstrip("_").capitalize(): getattr(operation, name)
        for name in operation.__struct_fields__
    }
