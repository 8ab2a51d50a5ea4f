"""``python -m tests.faults.at_length --seeds 100``: ends with 1, and what was broken when, where a season fails."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from services.embedded.apache_kafka import ApacheKafka
from services.embedded.postgres import EmbeddedPostgres
from tests.faults.at_length.breaker import KINDS
from tests.faults.at_length.season import (
    BATCH_RECORDS,
    LONGEST_PAUSE_SECONDS,
    PER_SECOND,
    SHORTEST_PAUSE_SECONDS,
    play,
)
from tests.faults.seasons import Season, add_arguments, play_seasons


def main() -> int:
    """0, or 1 where a season failed."""
    parser = argparse.ArgumentParser()
    add_arguments(parser, seeds=100, seconds=float("inf"))
    parser.add_argument("--events", type=int, default=6_000, help="of each")
    parser.add_argument("--per-second", type=float, default=PER_SECOND, help="so many records")
    parser.add_argument("--batch-records", type=int, default=BATCH_RECORDS, help="written at once")
    parser.add_argument("--only", choices=KINDS, action="append", help="break nothing else")
    parser.add_argument("--pause", type=float, help="seconds between two faults, not drawn ones")
    parser.add_argument(
        "--longest-pause", type=float, default=LONGEST_PAUSE_SECONDS, help="that is drawn, seconds"
    )
    given = parser.parse_args()
    pauses = (SHORTEST_PAUSE_SECONDS, given.longest_pause)
    if given.pause is not None:
        pauses = (given.pause, given.pause)
    kinds = {kind: KINDS[kind] for kind in given.only or KINDS}
    with (
        TemporaryDirectory(prefix="tuntas-faults-") as path,
        ApacheKafka(Path(path) / "kafka") as broker,
        EmbeddedPostgres(Path(path) / "data") as postgres,
    ):

        def one(seed: int) -> Season:
            folder = Path(path) / f"season-{seed}"
            return play(
                broker,
                postgres,
                seed,
                given.events,
                kinds,
                pauses,
                folder,
                per_second=given.per_second,
                batch_records=given.batch_records,
            )

        what = "under load" if given.pause is None else "one at a time"
        return play_seasons(what, given, one, lambda season: dict(season.trials))


if __name__ == "__main__":
    sys.exit(main())
