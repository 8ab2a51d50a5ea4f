"""What docs/reliability.md says of simulated seeds: the sums of docs/simulated-seeds.jsonl.

``python -m tests.simulation.published`` writes them anew.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final

from tests.simulation.totals import RESULTS

PAGE: Final = RESULTS.with_name("reliability.md")
BEGIN: Final = "<!-- sums -->\n"
END: Final = "<!-- end of sums -->\n"

WHAT: Final = {
    "kill": "a process ends where it is; another one begins within eight seconds",
    "freeze": "a process stands still for up to 30 seconds, with its locks and open transaction, and goes on",
    "rebalance": "lanes are dealt out anew while they are read",
    "connection cut": "a process loses its connections to PostgreSQL",
    "database restart": "every connection ends, and for a while there is no new one",
    "commit answer lost": "a COMMIT is done, and its connection breaks before the answer",
    "commit not done": "a connection breaks before its COMMIT is done",
    "statement failed": "PostgreSQL gives up on a statement: memory, disk, serialization, time",
    "kafka away": "Kafka does not answer a poll, or takes messages and does not say so, or takes none",
}
"""What each kind of fault is."""


def text() -> str:
    """The sums, as Markdown."""
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()
    ]
    sums: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for line in lines:
        sums.update({name: line[name] for name in COUNTED})
        faults.update(line["faults"])
    if sums["failed"]:
        raise ValueError("a seed failed: what was lost or doubled is to be said by hand")
    kinds = [kind for kind in WHAT if kind in faults]
    rows = "\n".join(f"| {kind} | {WHAT[kind]} | {faults[kind]:,} | 0 | 0 |" for kind in kinds)
    seeds = sums["seeds"]
    return (
        f"{seeds:,} seeds, none of which failed: {sums['records']:,} records, "
        f"{sums['steps']:,} steps, {sums['rebuilds']:,} rebuilds that were switched to, {sums['answers']:,} "
        f"answers checked in between, {sums['compared']:,} databases compared row by row with a rebuild, "
        f"in {sums['seconds'] / 3600:.1f} hours.\n\n"
        f"| fault | what it is | trials | lost | doubled |\n| --- | --- | --- | --- | --- |\n{rows}\n\n"
        "Of 0 in *n* trials no more follows than that the rate is below 3/*n* (with 95 percent confidence): below "
        f"{3 / seeds:.2%} of such seeds, and of each kind of fault 3 by its trials.\n"
    )


COUNTED: Final = (
    *("seeds", "failed", "records", "steps", "rebuilds"),
    *("answers", "compared", "seconds"),
)


def page() -> str:
    """The page with the sums in it."""
    before, _, behind = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + text() + END + behind.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
