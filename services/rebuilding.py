"""A rebuild of the read models by several processes (projections/rebuild.py says what they do).

Each process has two connections: one reads the shared snapshot, one writes. They end with the process that started
them, however that ends: their share is then rolled back.
"""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from threading import Thread, current_thread, main_thread
from typing import Any, Final, NamedTuple, Self

from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ, connection

from projections.rebuild import shares
from projections.rebuild.run import Crew, Job, Rebuild, Rebuilt
from projections.rebuild.shares import Folded, Share
from services.garbage import collect_seldom
from services.postgres.connect import close, connect, transaction

APPLICATION: Final = "tuntas rebuild"
LOOK_SECONDS: Final = 0.1
"""How often progress is shown."""

Progress = Callable[[int, int], None]


def rebuild(
    database_url: str, workers: int, *, compare: bool = False, progress: Progress | None = None
) -> Rebuilt:
    """Rebuilds with so many processes beside this one, or by this one alone (1); see Rebuild.run.

    Raises the errors of services.postgres, and BrokenProcessPool when a process was killed: the live tables are as they
    were then.
    """
    with (
        _patient(database_url) as writing,
        _snapshot_reader(database_url) as reading,
        _crew(database_url, workers) as crew,
    ):
        run = Rebuild(partial(transaction, writing), partial(transaction, reading), crew)
        if progress is not None:
            run.progress = progress
        return run.run(compare=compare)


@contextmanager
def _crew(database_url: str, workers: int) -> Iterator[Crew]:
    if workers == 1:
        yield Alone(database_url)
        return
    with Processes(database_url, workers) as crew:
        yield crew


class Alone:
    """A crew of this process only."""

    workers = 1

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url

    def fold(self, todo: Sequence[Share], progress: Callable[[int], None]) -> list[Folded]:
        return [_fold(self._database_url, share, progress) for share in todo]

    def run(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            _run(self._database_url, job)


class Processes:
    """A crew of processes."""

    def __init__(self, database_url: str, workers: int) -> None:
        # Spawned, not forked: this process may have threads, and connections that are its own.
        processes = get_context("spawn")
        self.workers = workers
        self._database_url = database_url
        self._folded = processes.Value("q", 0)
        self._stopped = processes.Event()
        self._pool = ProcessPoolExecutor(
            workers, processes, _begin, (_Shared(self._folded, self._stopped),)
        )
        with _deaf_to_interrupts():
            for _ in range(workers):
                self._pool.submit(os.getpid)  # so that they start while the tables are made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._pool.shutdown(cancel_futures=True)

    def fold(self, todo: Sequence[Share], progress: Callable[[int], None]) -> list[Folded]:
        running = [self._pool.submit(_fold_beside, self._database_url, share) for share in todo]
        told = 0
        while True:
            unfinished = self._watch(running, LOOK_SECONDS)
            folded = self._folded.value
            progress(folded - told)
            told = folded
            if not unfinished:
                return [future.result() for future in running]

    def run(self, jobs: Sequence[Job]) -> None:
        running = [self._pool.submit(_run, self._database_url, job) for job in jobs]
        self._watch(running, None)

    def _watch(self, running: Sequence["Future[Any]"], seconds: float | None) -> bool:
        """Whether there is still something to wait for; what one raised is raised here."""
        finished, unfinished = wait(running, seconds, FIRST_EXCEPTION)
        for future in finished:
            future.result()
        return bool(unfinished)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """A block whose processes hear no Ctrl-C, which a terminal sends to all: they end when this one does."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Shared(NamedTuple):
    """What the processes of a crew share: how many events they folded so far, and whether to stop."""

    folded: Any
    stopped: Any


class Stopped(Exception):
    """The rebuild failed elsewhere: this share is not needed any more."""


_shared: list[_Shared] = []
"""In a process of the crew: what it was given when it began."""


def _begin(shared: _Shared) -> None:
    """What a process of the crew begins with."""
    _shared.append(shared)
    Thread(target=_end_with_parent, daemon=True).start()
    collect_seldom()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _fold_beside(database_url: str, share: Share) -> Folded:
    ((folded, stopped),) = _shared

    def progress(events: int) -> None:
        if stopped.is_set():
            raise Stopped
        with folded.get_lock():
            folded.value += events

    return _fold(database_url, share, progress)


def _fold(database_url: str, share: Share, progress: Callable[[int], None]) -> Folded:
    with _patient(database_url) as writing, _snapshot_reader(database_url) as reading:
        return shares.fold(
            share, partial(transaction, reading), partial(transaction, writing), progress
        )


def _run(database_url: str, job: Job) -> None:
    with _patient(database_url) as session, transaction(session) as work:
        work.execute(shares.SQL["commit_later"])
        for statement, values in job:
            work.execute(statement, values or None)


@contextmanager
def _patient(database_url: str) -> Iterator[connection]:
    """A connection whose statements may take as long as they need."""
    session = connect(
        database_url,
        APPLICATION,
        statement_timeout_seconds=0,
        lock_timeout_seconds=0,
        idle_timeout_seconds=0,
    )
    try:
        yield session
    finally:
        close(session)


@contextmanager
def _snapshot_reader(database_url: str) -> Iterator[connection]:
    with _patient(database_url) as session:
        session.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
        yield session
