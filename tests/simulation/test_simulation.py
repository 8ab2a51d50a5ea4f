"""The short version of `make simulate`, and that it is what it says: the same seed is the same story."""

import time
from collections import Counter
from itertools import count

from tests.simulation.seeds import played

SECONDS = 25
AT_LEAST = 8


def test_whatever_breaks_nothing_is_lost_and_nothing_counted_twice() -> None:
    """As many seeds as fit: each ends with every record at one outcome, and the answers of the oracle."""
    deadline = time.monotonic() + SECONDS
    faults: Counter[str] = Counter()
    for seeds, ran in enumerate(played(count()), start=1):
        faults.update(ran.story.counts)
        if seeds >= AT_LEAST and time.monotonic() > deadline:
            break
    assert len(faults) >= 6, "the seeds are to break more than that"


def test_the_same_seed_is_the_same_story() -> None:
    """Whatever the real threads and backends do meanwhile."""
    seeds = (3, 5, 8)
    stories = [ran.story for ran in played(seeds * 2)]
    for one, other in zip(stories[: len(seeds)], stories[len(seeds) :], strict=True):
        assert one.lines() == other.lines()
    assert len({tuple(story.lines()) for story in stories[: len(seeds)]}) == len(seeds)
