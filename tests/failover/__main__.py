"""``python -m tests.failover --seconds 600``: ends with 1, and what was killed when, where a season fails."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.failover.clusters import clusters
from tests.failover.leaders import KINDS, LONGEST_DOWN_SECONDS
from tests.failover.season import play
from tests.faults.seasons import Season, add_arguments, play_seasons


def main() -> int:
    """0, or 1 where a season failed."""
    parser = argparse.ArgumentParser()
    add_arguments(parser, seeds=1000, seconds=1800)
    parser.add_argument("--events", type=int, default=8_000, help="of each")
    parser.add_argument("--per-second", type=float, default=40, help="so many records")
    parser.add_argument("--only", choices=KINDS, action="append", help="kill nothing else")
    parser.add_argument(
        "--longest-down",
        type=float,
        default=LONGEST_DOWN_SECONDS,
        help="seconds until what was killed comes back, drawn up to these",
    )
    given = parser.parse_args()
    kinds = {kind: KINDS[kind] for kind in given.only or KINDS}
    with TemporaryDirectory(prefix="tuntas-seasons-") as path, clusters() as (kafka, postgres):

        def one(seed: int) -> Season:
            folder = Path(path) / f"season-{seed}"
            return play(
                kafka,
                postgres,
                seed,
                given.events,
                given.per_second,
                folder,
                kinds,
                longest_down_seconds=given.longest_down,
            )

        return play_seasons("failovers", given, one, _times)


def _times(season: Season) -> dict[str, list[float]]:
    return {kind: [round(each, 1) for each in found] for kind, found in season.times.items()}


if __name__ == "__main__":
    sys.exit(main())
