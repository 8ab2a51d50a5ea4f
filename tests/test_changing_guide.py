"""docs/changing.md names files that are there, for twelve usual changes."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs/changing.md").read_text(encoding="utf-8")
PLACE = re.compile(r"`((?:domain|projections|services|docs|tests)/[\w./-]*)`|\]\(([\w./-]+)\)")


def test_every_place_that_is_named_is_there() -> None:
    named = [(path, ROOT / path) for path, _ in PLACE.findall(GUIDE) if path]
    named += [(path, ROOT / "docs" / path) for _, path in PLACE.findall(GUIDE) if path]
    assert len(named) > 60
    assert [path for path, place in named if not place.exists()] == []


def test_there_are_twelve_usual_changes_each_with_its_files() -> None:
    rows = re.findall(r"^\| \*\*(\d+)\. .*\*\*.* \| (.*) \|$", GUIDE, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 13))
    for number, files in rows:
        assert PLACE.search(files), number
