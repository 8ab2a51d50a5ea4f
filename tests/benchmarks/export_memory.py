"""What `tuntas export` takes in memory and time: `python -m tests.benchmarks.export_memory --rows 1000000`.

A season goes into a database of its own through the intake's writer; its rows are then copied under other
participants until there are as many as asked for.
"""

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import NamedTuple

from services.embedded.postgres import EmbeddedPostgres
from services.simulator import simulate
from tests.services.http.conftest import write_season
from tests.services.http.desk import Desk

FORMATS = ("csv", "ndjson", "parquet")
SEASON_EVENTS = 4_000

MULTIPLY = """
INSERT INTO projections.purchased_class (
    purchased_at, best_scaled, pre_test_scaled, taken_seconds, partner_id, purchase, completion, assessment,
    flags, rating, drop_off, satisfied, person, class_code, package_codes)
SELECT purchased_at, best_scaled, pre_test_scaled, taken_seconds, partner_id, purchase, completion, assessment,
       flags, rating, drop_off, satisfied, person + copy, class_code, package_codes
FROM projections.purchased_class CROSS JOIN generate_series(1, %s) AS copy
WHERE purchase <> 0
"""
MULTIPLY_PEOPLE = """
INSERT INTO ledger.snapshot (place, events, partner_id, whole, person, state)
SELECT place, events, partner_id, whole, person + copy, state
FROM ledger.snapshot CROSS JOIN generate_series(1, %s) AS copy
"""

# A small process starts the command: what a process forks from counts in its children's highest memory.
MEASURED = """
import resource, subprocess, sys
status = subprocess.call([sys.executable, "-m", "services.cli", *sys.argv[1:]])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""


class Measured(NamedTuple):
    """One export."""

    seconds: float
    highest_mib: float
    size_mib: float


def fill(database_url: str, rows: int) -> int:
    """A season, multiplied to at least so many purchased classes; returns how many there are."""
    desk = Desk(database_url)
    write_season(desk, simulate(SEASON_EVENTS, seed=7))
    with desk.session, desk.session.cursor() as work:
        work.execute("SET statement_timeout = 0")
        work.execute("SELECT count(*) FROM projections.purchased_class WHERE purchase <> 0")
        (count,) = work.fetchone() or (0,)
        work.execute(MULTIPLY, (rows // count,))
        work.execute(MULTIPLY_PEOPLE, (rows // count,))
    desk.session.autocommit = True
    with desk.session.cursor() as work:
        work.execute("VACUUM ANALYZE projections.purchased_class")
    desk.session.close()
    return int(count * (1 + rows // count))


def measure(database_url: str, out: Path, name: str = "purchased-classes") -> Measured:
    """Exports a list to a file in a process of its own."""
    started = monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", MEASURED, "export", name, "--out", str(out)],
        env={**os.environ, "TUNTAS_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    seconds = monotonic() - started
    return Measured(seconds, int(ended.stdout) / 1024, out.stat().st_size / 2**20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    arguments = parser.parse_args()
    with (
        TemporaryDirectory(prefix="tuntas-bench-") as folder,
        EmbeddedPostgres(Path(folder) / "data") as server,
    ):
        database_url = server.create_database("export")
        started = monotonic()
        rows = fill(database_url, arguments.rows)
        print(f"Python {platform.python_version()}, {os.cpu_count()} cores")
        print(f"{rows:,} purchased classes, filled in {monotonic() - started:.0f} s")
        for name in FORMATS:
            of = measure(database_url, Path(folder) / f"out.{name}")
            print(
                f"{name:8} {of.seconds:7.1f} s  {rows / of.seconds:9,.0f} rows/s  "
                f"highest {of.highest_mib:6.1f} MiB  file {of.size_mib:7.1f} MiB"
            )


if __name__ == "__main__":
    main()
