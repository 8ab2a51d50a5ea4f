"""Where an ingest worker's time goes: the worker itself, with a clock around its steps.

    python -m tests.benchmarks.stages RECORDS

Runs one worker of the environment's settings until it committed RECORDS records, then prints one line of JSON: per
stage the seconds on the clock and of this process's CPU. Time counts for the innermost stage, so that the stages add
up. The clock is put around functions from outside, here only: the product has no hooks.
"""

import importlib
import os
import sys
import threading
from collections.abc import Callable
from time import perf_counter, thread_time
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from services.garbage import collect_seldom
from services.intake.batch import LaneBatch
from services.settings import read_settings
from services.turns import switch_quickly
from services.wiring import worker

Result = TypeVar("Result")

STAGES: Final = {
    "client": "Kafka client: poll",
    "decode": "decode and validate",
    "wanted": "what to look up",
    "people": "numbers of participants",
    "find": "look up event ids",
    "load": "load participant records",
    "cache": "cache of participant records",
    "decide": "sort out: decide, evolve, encode facts",
    "judge": "judge: changed rows",
    "advance": "advance lanes (compare-and-set)",
    "rules": "catalogue heads and rules",
    "encode": "encode the COPY of events",
    "copy": "COPY events",
    "outcomes": "COPY duplicates and rejections",
    "status": "write status rows",
    "snapshots": "write snapshots of participants",
    "commit": "COMMIT",
    "rest": "everything else",
}
"""Stages in the order in which a record passes them, with words for people."""

PLACES: Final = (
    ("client", "services.kafka.consumer", "PartnerConsumer.poll"),
    ("client", "services.kafka.consumer", "PartnerConsumer.commit"),
    ("decode", "services.intake.reading", "decoded"),
    ("rest", "services.intake.writer", "Writer.write"),
    ("wanted", "services.intake.writer", "wanted"),
    ("cache", "services.intake.writer", "Writer._records"),
    ("people", "services.postgres.vault", "Vault.numbers"),
    ("find", "services.postgres.ledger", "find_events"),
    ("load", "services.intake.writer", "load_records"),
    ("decide", "services.intake.writer", "sort_out"),
    ("judge", "services.intake.writer", "changed_rows"),
    ("advance", "services.postgres.lane_rows", "advance"),
    ("rules", "services.intake.writer", "Writer._current_rules"),
    ("rules", "services.intake.writer", "check_rules"),
    ("rules", "projections.catalogue", "write_changes"),
    ("encode", "services.postgres.ledger", "encode_events"),
    ("copy", "services.postgres.ledger", "copy_events"),
    ("outcomes", "services.postgres.outcomes", "copy_duplicates"),
    ("outcomes", "services.postgres.outcomes", "copy_rejections"),
    ("status", "projections.status.writing", "stage"),
    ("status", "projections.status.writing", "write"),
    ("snapshots", "services.intake.writer", "due_snapshots"),
    ("snapshots", "services.intake.writer", "put_snapshots"),
    ("commit", "services.postgres.connect", "commit"),
)
"""Stage, module and function, as the caller finds it."""


class Spent(Struct):
    """Seconds in one stage: on the clock (waiting included) and of the thread's CPU."""

    wall: float = 0.0
    cpu: float = 0.0
    calls: int = 0


class Profile(Struct):
    """What a profiled drain came to. ``wall`` runs from the first batch that was written to the last."""

    records: int
    wall: float
    stages: dict[str, Spent]


class Clock:
    """Hands time to the innermost stage; each thread for itself."""

    def __init__(self) -> None:
        self.stages = {stage: Spent() for stage in STAGES}
        self._local = threading.local()
        self._lock = threading.Lock()

    def around(self, stage: str, function: Callable[..., Result]) -> Callable[..., Result]:
        """``function`` with its own time counted for ``stage``."""

        def timed(*arguments: Any, **named: Any) -> Result:
            above: list[list[float]] = self._local.__dict__.setdefault("stack", [])
            inner = [0.0, 0.0]
            above.append(inner)
            wall, cpu = perf_counter(), thread_time()
            try:
                return function(*arguments, **named)
            finally:
                wall, cpu = perf_counter() - wall, thread_time() - cpu
                above.pop()
                if above:
                    above[-1][0] += wall
                    above[-1][1] += cpu
                self._add(stage, wall - inner[0], cpu - inner[1])

        return timed

    def _add(self, stage: str, wall: float, cpu: float) -> None:
        with self._lock:
            spent = self.stages[stage]
            spent.wall += wall
            spent.cpu += cpu
            spent.calls += 1


def put_around(clock: Clock) -> None:
    """Puts the clock around every place. Raises AttributeError for one that the product has no longer."""
    for stage, module_name, path in PLACES:
        owner, name = find(module_name, path)
        setattr(owner, name, clock.around(stage, getattr(owner, name)))


def find(module_name: str, path: str) -> tuple[Any, str]:
    """What holds the function, and its name there. Raises AttributeError when it is not there."""
    owner: Any = importlib.import_module(module_name)
    *classes, name = path.split(".")
    for part in classes:
        owner = getattr(owner, part)
    getattr(owner, name)
    return owner, name


def main() -> None:
    most = int(sys.argv[1])
    clock = Clock()
    put_around(clock)
    stop = threading.Event()
    from services.intake.writer import Writer  # noqa: PLC0415 - as it is now, with the clock around

    write = Writer.write
    began = ended = 0.0
    done = measured = 0
    before: dict[str, Spent] = {}

    def counted(self: Writer, batches: list[LaneBatch]) -> object:
        nonlocal began, ended, done, measured, before
        outcome = write(self, batches)
        records = sum(len(batch.decoded) for batch in batches)
        done += records
        ended = perf_counter()
        if not began:
            began = ended
            before = {stage: msgspec.structs.replace(s) for stage, s in clock.stages.items()}
        else:
            measured += records
        if done >= most:
            stop.set()
        return outcome

    Writer.write = counted  # type: ignore[method-assign,assignment]
    collect_seldom()
    switch_quickly()
    worker(read_settings(os.environ)).run(stop)
    stages = {
        stage: Spent(
            spent.wall - before[stage].wall,
            spent.cpu - before[stage].cpu,
            spent.calls - before[stage].calls,
        )
        for stage, spent in clock.stages.items()
    }
    sys.stdout.buffer.write(msgspec.json.encode(Profile(measured, ended - began, stages)) + b"\n")


if __name__ == "__main__":
    main()
