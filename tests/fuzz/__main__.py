"""``python -m tests.fuzz --records N --seed S``: prints what the records became; ends with 1 where something fails."""

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from services.embedded.postgres import EmbeddedPostgres
from tests.conftest import BROKERS, chosen_broker
from tests.fuzz.run import fuzz
from tests.fuzz.through_workers import fuzz_through_workers

MOST_GROWTH_MIB = 64


def main() -> int:
    """0, or 1 where memory grew; an assertion says what else does not hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--records", type=int, default=200_000, help="through a broker, workers and PostgreSQL"
    )
    parser.add_argument(
        "--in-process", type=int, default=800_000, help="so many are only read and decoded"
    )
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    growth = _in_process(given.in_process, given.seed) if given.in_process else 0.0
    if given.records:
        growth = max(growth, _through_workers(given.records, given.seed))
    return int(growth > MOST_GROWTH_MIB)


def _in_process(records: int, seed: int) -> float:
    started = time.monotonic()
    found = fuzz(records, seed)
    seconds = time.monotonic() - started
    print(f"in this process: {found.records:,} records in {seconds:.0f} s")
    _tell(found.outcomes)
    print(f"  memory grew by {found.growth_mib:.0f} MiB", flush=True)
    return found.growth_mib


def _through_workers(records: int, seed: int) -> float:
    kind = chosen_broker()
    started = time.monotonic()
    with (
        TemporaryDirectory(prefix="tuntas-fuzz-") as name,
        BROKERS[kind](Path(name) / "kafka") as broker,
        EmbeddedPostgres(Path(name) / "data") as postgres,
    ):
        found = fuzz_through_workers(Path(name), broker, postgres, records, seed)
    seconds = time.monotonic() - started
    print(
        f"through two workers, {kind} broker: {found.records:,} records at {found.offsets:,} offsets in {seconds:.0f} s"
    )
    print(
        f"  {found.damaged_batches:,} batches were damaged, {found.refused_batches.total():,} more refused"
    )
    _tell(found.outcomes)
    for process, grown in found.growth_mib.items():
        print(f"  memory of {process} grew by {grown:.0f} MiB")
    return max(found.growth_mib.values())


def _tell(outcomes: Counter[str]) -> None:
    for outcome, count in outcomes.most_common():
        print(f"  {outcome:18} {count:9,}")


if __name__ == "__main__":
    sys.exit(main())
