"""Who reads the ledger lane by lane looks into it once a lane, by its index of blocks.

Of a join with dozens of lanes the planner may think that the whole ledger is read sooner. What it must not take apart
is a subquery of its own: with OFFSET 0, or counting.
"""

import re
from pathlib import Path

import pytest

from projections.storage.sql import load

ROOT = Path(__file__).parents[2]
FILES = [
    path.relative_to(ROOT)
    for room in ("projections", "services")
    for path in sorted((ROOT / room).rglob("*.sql"))
    if "BETWEEN ledger.block(" in path.read_text(encoding="utf-8")
    and path.parent.name != "migrations"
]


def enclosing(text: str, place: int) -> tuple[str, str]:
    """What stands before the innermost open bracket around a place, and what is between the brackets."""
    depth, start = 0, place
    while depth >= 0:
        start -= 1
        if start < 0:
            return "", text
        depth += {")": 1, "(": -1}.get(text[start], 0)
    depth, end = 0, place
    while depth >= 0:
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        end += 1
    return text[:start].rstrip(), text[start + 1 : end - 1]


def test_there_are_such_statements() -> None:
    assert len(FILES) >= 10


@pytest.mark.parametrize("path", FILES, ids=str)
def test_each_looks_into_the_ledger_lane_by_lane(path: Path) -> None:
    for name, statement in load(".".join(path.parent.parts), path.name).items():
        for found in re.finditer(r"BETWEEN ledger\.block\(", statement):
            before, within = enclosing(statement, found.start())
            if before == "" and "JOIN" not in statement:
                continue  # one lane, whose bounds are given
            assert before.endswith(("LATERAL", "UNION ALL")), name
            assert "OFFSET 0" in within or "count(*)" in within, name
