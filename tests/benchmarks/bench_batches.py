"""What a record costs in small batches: `python -m tests.benchmarks.bench_batches [5 40 640]`, records a batch.

Batches are decoded beforehand and written without a broker, each by one transaction as a worker does it, on a ledger of
20,000 records. Printed is the CPU time of a record, in microseconds: of this process, which is the worker, and of its
PostgreSQL backend; with statements sent as text and with those that repeat prepared, in alternation.
"""

import sys
import time
from itertools import islice
from statistics import mean
from typing import Final
from unittest import mock

import psutil
from msgspec import Struct

from projections import catalogue
from services.garbage import collect_seldom
from services.intake.lanes import Lane
from services.intake.writer import Writer
from services.postgres import prepared
from services.postgres.connect import close, connect, transaction
from services.postgres.migrations.run import migrate
from tests.benchmarks.season_log import SeasonLog, season_log
from tests.benchmarks.servers import servers
from tests.benchmarks.written import SALES_END, by_lane

SIZES: Final = (5, 40, 640)
ROUNDS: Final = 5
EVENTS: Final = 60_000
BEFORE: Final = 20_000
BEFORE_AT_ONCE: Final = 1_000
LEAST_BATCHES: Final = 30
RECORDS: Final = 4_000
"""So many are measured, and more where that would be too few batches."""
CACHED_PARTICIPANTS: Final = 3_000
WAYS: Final = {"text": sys.maxsize, "prepared": prepared.REPEATED}


class Cost(Struct, frozen=True):
    """Microseconds of CPU time a record."""

    worker: float
    postgres: float


def main() -> None:
    sizes = tuple(map(int, sys.argv[1:])) or SIZES
    log = season_log(EVENTS)
    collect_seldom()
    with servers("embedded") as running:
        print("records a batch, µs of CPU time a record: worker and PostgreSQL")
        for size in sizes:
            found: dict[str, list[Cost]] = {way: [] for way in WAYS}
            for _ in range(ROUNDS):
                for way, repeated in WAYS.items():
                    with (
                        running.database("batches") as url,
                        mock.patch.object(prepared, "REPEATED", repeated),
                    ):
                        found[way].append(cost(url, log, size))
            for way, costs in found.items():
                worker, postgres = (
                    mean(getattr(of, part) for of in costs) for part in Cost.__struct_fields__
                )
                each = ", ".join(f"{of.worker:.0f} and {of.postgres:.0f}" for of in costs)
                print(f"{size:6,} {way:9} {worker:5.0f} {postgres:5.0f}   ({each})", flush=True)


def cost(database_url: str, log: SeasonLog, size: int) -> Cost:
    """What batches of so many records cost on a database that is empty before."""
    session = connect(database_url, "batches", statement_timeout_seconds=0)
    try:
        migrate(session)
        with transaction(session) as work:
            catalogue.set_package_sales_end(work, SALES_END)
    finally:
        close(session)
    session = connect(database_url, "batches", statement_timeout_seconds=0)
    try:
        writer = Writer(session, CACHED_PARTICIPANTS)
        backend = psutil.Process(session.info.backend_pid)
        lanes: dict[tuple[str, int], Lane] = {}
        records = iter(log.records)
        for _ in range(BEFORE // BEFORE_AT_ONCE):
            writer.write(by_lane(session, lanes, islice(records, BEFORE_AT_ONCE)))
        count = max(LEAST_BATCHES, RECORDS // size)
        of_worker = of_backend = 0.0
        for _ in range(count):
            batch = by_lane(session, lanes, islice(records, size))
            began, backend_began = time.process_time(), _seconds(backend)
            writer.write(batch)
            of_worker += time.process_time() - began
            of_backend += _seconds(backend) - backend_began
        written = count * size
        return Cost(of_worker / written * 1e6, of_backend / written * 1e6)
    finally:
        close(session)


def _seconds(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return float(spent.user + spent.system)


if __name__ == "__main__":
    main()
