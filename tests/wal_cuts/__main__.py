"""``python -m tests.wal_cuts --cuts 2000``: ends with 1, and which cut it was, where one fails."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from typing import Final

from tests.faults.results import keep
from tests.simulation.run import SeedFailed
from tests.wal_cuts.cuts import CutFailed, Cuts, cut_through

CUTS_A_HISTORY: Final = 50


def main() -> int:
    """0, or 1 where a cut, or the run that is cut, failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cuts", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed; 50 cuts each")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin none later")
    parser.add_argument("--keep", action="store_true", help="append the sums to docs/faults.jsonl")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    started = time.monotonic()
    totals, failed = Cuts(), 0
    seed = given.first
    while totals.cuts < given.cuts and time.monotonic() - started < given.seconds and not failed:
        count = min(CUTS_A_HISTORY, given.cuts - totals.cuts)
        try:
            cut_through(seed, count, totals, started + given.seconds)
        except (CutFailed, SeedFailed) as failure:
            failed = 1
            print(failure, flush=True)
        print(f"{time.monotonic() - started:7.0f} s  seed {seed}: {totals.told()}", flush=True)
        seed += 1
    if given.keep:
        keep(
            "wal cuts",
            seeds=range(given.first, seed),
            seconds=time.monotonic() - started,
            failed=failed,
            sums=totals.sums(),
            trials=totals.ways,
            times={},
        )
    return failed


if __name__ == "__main__":
    sys.exit(main())
