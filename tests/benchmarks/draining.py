"""One contender drains the log: its processes are started, its progress is read from outside, its results checked.

The clock runs from the first commit that is seen to the last, so starting, joining the group and the first batch are
left out, of every contender alike; of one that commits only now and then it runs from its first record. What counts is
what is committed: in PostgreSQL, or where the contender's own truth is elsewhere (committed offsets), there.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import psycopg2
from msgspec import Struct, field
from psycopg2.extensions import connection

from tests.benchmarks.season_log import Told
from tests.benchmarks.servers import Servers, cpu_seconds

LOOK_SECONDS: Final = 0.02
STOP_SECONDS: Final = 30.0
START_SECONDS: Final = 120.0
"""Within this time the first commit has to be seen."""


class DrainFailed(Exception):
    """A contender ended, stood still or came to wrong results."""


class Place(Struct, frozen=True):
    """Where one run of a contender takes place."""

    servers: Servers
    database_url: str
    name: str
    """Unique to the run; for consumer groups."""
    folder: Path
    told: Told
    """What there is to read comes to this."""
    spans: Sequence[tuple[str, int, int, int]] | None = None
    """Topic, partition, offset to begin at, offset to stop at; None: all there is is read."""


class Process(Struct, frozen=True):
    """A process of a contender: arguments of python, and what its environment says on top of ours."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class Contender(Struct, frozen=True, kw_only=True):
    """One way to drain the log. Functions get the place of the run."""

    name: str
    does: str
    """What ends up where, in a line."""
    settings: Mapping[str, str]
    processes: Callable[[Place], Sequence[Process]]
    progress: Callable[[Place, connection], float]
    """How much is committed, from 0 to 1; called many times a second. The tables may not be there yet."""
    check: Callable[[Place, connection], Mapping[str, tuple[int, int]]]
    """What was found and what was expected, by name."""
    prepare: Callable[[Place], None] = lambda _: None
    first: Callable[[Place], float | None] | None = None
    """When the first record was taken (`time.monotonic`), of contenders that commit too seldom for the usual clock."""
    most_records: int | None = None
    """Slow contenders read only so many from the middle of the log."""
    timeout_seconds: float = 300.0
    look_seconds: float = LOOK_SECONDS


class Drained(Struct, frozen=True):
    """One run. CPU times are of the measured stretch: the contender's processes, PostgreSQL's."""

    contender: str
    records: int
    records_per_second: float
    seconds: float
    """Between the first and the last commit."""
    client_cpu_us: float
    """Microseconds a record."""
    postgres_cpu_us: float
    begun_after_seconds: float
    """From the start of the processes to the start of the clock."""
    results: Mapping[str, tuple[int, int]]


def drain(contender: Contender, place: Place) -> Drained:
    """What one run measured. Raises DrainFailed, with the contender's last words."""
    contender.prepare(place)
    session = psycopg2.connect(place.database_url)
    session.autocommit = True
    try:
        with running(contender.processes(place), place.folder) as children:
            started = monotonic()
            pids = [child.pid for child in children]
            begun: _Begun | None = None
            while True:
                done = _progress(contender, place, session)
                now = monotonic()
                if begun is None:
                    begun = _begun(contender, place, now, done, pids)
                if done >= 1:
                    break
                _expect_alive(contender, children, place.folder)
                limit = contender.timeout_seconds if begun else START_SECONDS
                if now - started > limit:
                    raise DrainFailed(
                        f"{contender.name}: {done:.1%} committed after {limit:.0f} s\n{last_words(place.folder)}"
                    )
                sleep(contender.look_seconds)
            client, postgres = cpu_seconds(pids), place.servers.postgres_cpu_seconds()
        results = contender.check(place, session)
    finally:
        session.close()
    if begun is None or begun.done >= 1:
        raise DrainFailed(f"{contender.name}: the log is too short, one commit took it all")
    wrong = {name: pair for name, pair in results.items() if pair[0] != pair[1]}
    if wrong:
        raise DrainFailed(f"{contender.name}: wrong results (found, expected): {wrong}")
    records = place.told.records * (1 - begun.done)
    seconds = now - begun.at
    return Drained(
        contender.name,
        round(records),
        records / seconds,
        seconds,
        (client - begun.client_cpu) / records * 1e6,
        (postgres - begun.postgres_cpu) / records * 1e6,
        begun.at - started,
        results,
    )


class _Begun(Struct, frozen=True):
    """Where the clock started: time, share done, CPU seconds so far."""

    at: float
    done: float
    client_cpu: float
    postgres_cpu: float


def _begun(
    contender: Contender, place: Place, now: float, done: float, pids: list[int]
) -> _Begun | None:
    """The start of the clock, or None when it has not come yet."""
    if contender.first is not None:
        at = contender.first(place)
        if at is None:
            return None
        done = 0.0
    elif not done:
        return None
    else:
        at = now
    return _Begun(at, done, cpu_seconds(pids), place.servers.postgres_cpu_seconds())


@contextmanager
def running(
    processes: Sequence[Process], folder: Path
) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """The processes, stopped at the end; their output goes to files in ``folder``."""
    children: list[subprocess.Popen[bytes]] = []
    try:
        for number, process in enumerate(processes):
            with (folder / f"{number}.log").open("wb") as output:
                children.append(
                    subprocess.Popen(
                        [sys.executable, *process.arguments],
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=subprocess.STDOUT,
                        env={**_own_environment(), **process.environment},
                        cwd=Path(__file__).parents[2],
                    )
                )
        yield children
    finally:
        for child in children:
            child.send_signal(signal.SIGTERM)
        for child in children:
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def last_words(folder: Path) -> str:
    """The end of what each process printed."""
    return "\n".join(
        f"--- {path.name}\n{path.read_text(errors='replace')[-2_000:]}"
        for path in sorted(folder.glob("*.log"))
    )


def _own_environment() -> dict[str, str]:
    """This process's environment without the settings of a Tuntas that may run beside it."""
    return {name: text for name, text in os.environ.items() if not name.startswith("TUNTAS_")}


def _progress(contender: Contender, place: Place, session: connection) -> float:
    try:
        return contender.progress(place, session)
    except psycopg2.errors.UndefinedTable:
        return 0.0  # not made yet


def _expect_alive(
    contender: Contender, children: Sequence["subprocess.Popen[bytes]"], folder: Path
) -> None:
    for child in children:
        # One that read what it was told to read may go; what it committed will be seen.
        if child.poll() not in (None, 0):
            raise DrainFailed(
                f"{contender.name} ended with exit code {child.returncode}\n{last_words(folder)}"
            )
