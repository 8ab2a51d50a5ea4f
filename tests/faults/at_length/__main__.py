"""``python -m tests.faults.at_length --seeds 100``: ends with 1, and what was broken when, where a season fails."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from services.embedded.apache_kafka import ApacheKafka
from services.embedded.postgres import EmbeddedPostgres
from tests.faults.at_length.breaker import KINDS
from tests.faults.at_length.season import SeasonFailed, play
from tests.faults.results import keep, quantile


def main() -> int:
    """0, or 1 where a season failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=100, help="so many seasons")
    parser.add_argument("--events", type=int, default=6_000, help="of each")
    parser.add_argument("--only", choices=KINDS, action="append", help="break nothing else")
    parser.add_argument("--pause", type=float, help="seconds between two faults, not drawn ones")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin none later")
    parser.add_argument("--keep", action="store_true", help="append the sums to docs/faults.jsonl")
    given = parser.parse_args()
    kinds = {kind: KINDS[kind] for kind in given.only or KINDS}
    started = time.monotonic()
    records = failed = 0
    trials: Counter[str] = Counter()
    times: dict[str, list[float]] = defaultdict(list)
    seed = given.first
    with (
        TemporaryDirectory(prefix="tuntas-faults-") as folder,
        ApacheKafka(Path(folder) / "kafka") as broker,
        EmbeddedPostgres(Path(folder) / "data") as postgres,
    ):
        while seed < given.first + given.seeds and not failed:
            if time.monotonic() - started > given.seconds:
                break
            try:
                season = play(
                    broker,
                    postgres,
                    seed,
                    given.events,
                    kinds,
                    given.pause,
                    Path(folder) / f"season-{seed}",
                )
            except SeasonFailed as failure:
                failed = 1
                print(failure, flush=True)
            else:
                records += season.records
                trials.update(season.trials)
                for kind, found in season.times.items():
                    times[kind] += found
                print(f"{time.monotonic() - started:7.0f} s  seed {seed}: {dict(season.trials)}")
            seed += 1
    for kind, found in sorted(times.items()):
        print(f"{kind}: p50 {quantile(found, 0.5):.2f} s, p99 {quantile(found, 0.99):.2f} s")
    if given.keep:
        keep(
            "under load" if given.pause is None else "one at a time",
            seeds=range(given.first, seed),
            seconds=time.monotonic() - started,
            failed=failed,
            sums={"seasons": seed - given.first, "records": records},
            trials=trials,
            times=times,
        )
    return failed


if __name__ == "__main__":
    sys.exit(main())
