"""What long runs came to: a line each in docs/faults.jsonl, which docs/reliability.md adds up."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).parents[2] / "docs" / "faults.jsonl"


def keep(
    what: str,
    *,
    seeds: Iterable[int],
    seconds: float,
    failed: int,
    sums: Mapping[str, int],
    trials: Mapping[str, int],
    times: Mapping[str, Iterable[float]],
) -> None:
    """Appends one run. ``times``: by fault, the seconds until things went on."""
    line = {
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "what": what,
        "seeds": list(seeds),
        "failed": failed,
        "seconds": round(seconds),
        "sums": dict(sums),
        "trials": dict(sorted(trials.items())),
        "times": {kind: [round(each, 2) for each in found] for kind, found in times.items()},
    }
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


class Kept:
    """The sum of every kept run of one kind."""

    def __init__(self, what: str) -> None:
        self.runs = self.failed = self.seconds = 0
        self.sums: Counter[str] = Counter()
        self.trials: Counter[str] = Counter()
        self.times: dict[str, list[float]] = defaultdict(list)
        for line in _lines():
            if line["what"] == what:
                self._add(line)

    def _add(self, line: dict[str, Any]) -> None:
        self.runs += 1
        self.failed += line["failed"]
        self.seconds += line["seconds"]
        self.sums.update(line["sums"])
        self.trials.update(line["trials"])
        for kind, found in line["times"].items():
            self.times[kind] += found


def quantile(found: Iterable[float], share: float) -> float:
    """The smallest of the values that such a share of them does not exceed."""
    ordered = sorted(found)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def _lines() -> list[dict[str, Any]]:
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]
