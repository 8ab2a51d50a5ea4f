"""``python -m tests.failover --seconds 600``: ends with 1, and what was killed when, where a season fails."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.failover.etcd import Etcd
from tests.failover.kafka_cluster import KafkaCluster
from tests.failover.leaders import KINDS
from tests.failover.postgres_cluster import PostgresCluster
from tests.failover.season import play
from tests.faults.at_length.season import SeasonFailed
from tests.faults.results import keep, quantile


def main() -> int:
    """0, or 1 where a season failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=1800, help="begin no season later")
    parser.add_argument("--seeds", type=int, default=1000, help="so many seasons at most")
    parser.add_argument("--events", type=int, default=8_000, help="of each")
    parser.add_argument("--per-second", type=float, default=40, help="so many records")
    parser.add_argument("--only", choices=KINDS, action="append", help="kill nothing else")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--keep", action="store_true", help="append the sums to docs/faults.jsonl")
    given = parser.parse_args()
    kinds = {kind: KINDS[kind] for kind in given.only or KINDS}
    started = time.monotonic()
    records = failed = 0
    trials: Counter[str] = Counter()
    times: dict[str, list[float]] = defaultdict(list)
    seed = given.first
    with TemporaryDirectory(prefix="tuntas-failover-") as path:
        folder = Path(path)
        with (
            Etcd(folder) as etcd,
            KafkaCluster(folder / "kafka") as kafka,
            PostgresCluster(folder, etcd.hosts) as postgres,
        ):
            while seed < given.first + given.seeds and not failed:
                if time.monotonic() - started > given.seconds:
                    break
                try:
                    season = play(
                        kafka,
                        postgres,
                        seed,
                        given.events,
                        given.per_second,
                        folder / f"season-{seed}",
                        kinds,
                    )
                except SeasonFailed as failure:
                    failed = 1
                    print(failure, flush=True)
                else:
                    records += season.records
                    trials.update(season.trials)
                    for kind, found in season.times.items():
                        times[kind] += found
                    took = {
                        kind: [round(t, 1) for t in found] for kind, found in season.times.items()
                    }
                    print(f"{time.monotonic() - started:7.0f} s  seed {seed}: {took}", flush=True)
                seed += 1
    for kind, found in sorted(times.items()):
        print(f"{kind}: p50 {quantile(found, 0.5):.1f} s, p99 {quantile(found, 0.99):.1f} s")
    if given.keep:
        keep(
            "failovers",
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
