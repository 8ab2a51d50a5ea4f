"""The short version of `make simulate`, and that it is what it says: the same seed is the same story."""

import time
from collections import Counter
from itertools import count
from time import sleep
from typing import Any

import pytest

from tests.simulation.seeds import played
from tests.simulation.sessions import SimulatedConnection

SECONDS = 150
AT_LEAST = 8
SLOWLY_SECONDS = 0.003
"""Beside the other time that a statement takes: some seconds a seed."""


def test_whatever_breaks_nothing_is_lost_and_nothing_counted_twice() -> None:
    """As many seeds as fit: each ends with every record at one outcome, and the answers of the oracle."""
    deadline = time.monotonic() + SECONDS
    faults: Counter[str] = Counter()
    for seeds, ran in enumerate(played(count()), start=1):
        faults.update(ran.story.counts)
        if seeds >= AT_LEAST and time.monotonic() > deadline:
            break
    assert len(faults) >= 6, "the seeds are to break more than that"


def test_the_same_seed_is_the_same_story(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the real threads and backends do meanwhile, and however long a machine takes for it."""
    seeds = (1, 5, 24)
    stories = [ran.story.lines() for ran in played(seeds)]
    run = SimulatedConnection.run

    def run_slowly(*of: Any) -> None:
        sleep(SLOWLY_SECONDS)
        run(*of)

    monkeypatch.setattr(SimulatedConnection, "run", run_slowly)
    for story, ran in zip(stories, played(seeds), strict=True):
        assert ran.story.lines() == story
    assert len({tuple(story) for story in stories}) == len(seeds)
