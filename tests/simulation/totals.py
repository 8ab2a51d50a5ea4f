"""What many runs were, added up."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from tests.simulation.run import Ran

RESULTS: Final = Path(__file__).parents[2] / "docs" / "simulated-seeds.jsonl"


class Totals(Struct):
    """Sums over runs."""

    seeds: int = 0
    records: int = 0
    steps: int = 0
    rebuilds: int = 0
    answers: int = 0
    compared: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, ran: Ran) -> None:
        """One more run."""
        self.seeds += 1
        self.records += ran.records
        self.steps += ran.steps
        self.rebuilds += ran.rebuilds
        self.answers += ran.answers
        self.compared += ran.compared
        self.faults.update(ran.story.counts)

    def update(self, other: Totals) -> None:
        """The runs of another sum."""
        for name in ("seeds", "records", "steps", "rebuilds", "answers", "compared"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.faults.update(other.faults)

    def told(self) -> str:
        """In one line."""
        faults = ", ".join(f"{count:,} {kind}" for kind, count in self.faults.most_common())
        return (
            f"{self.seeds:,} seeds, {self.records:,} records, {self.steps:,} steps, "
            f"{self.rebuilds:,} rebuilds, {self.answers:,} answers meanwhile, "
            f"{self.compared:,} compared row by row; {faults or 'no fault'}"
        )


def keep(totals: Totals, first: int, seconds: float, failed: int) -> None:
    """Appends what a long run came to, to the file that docs/reliability.md adds up."""
    line = {
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "first": first,
        "seeds": totals.seeds,
        "failed": failed,
        "seconds": round(seconds),
        "records": totals.records,
        "steps": totals.steps,
        "rebuilds": totals.rebuilds,
        "answers": totals.answers,
        "compared": totals.compared,
        "faults": dict(sorted(totals.faults.items())),
    }
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
