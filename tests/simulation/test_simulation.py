"""The short version of `make simulate`, and that it is what it says: the same seed is the same story."""

from time import sleep
from typing import Any

import pytest

from tests.simulation.seeds import played
from tests.simulation.sessions import SimulatedConnection
from tests.simulation.some_seeds import AT_ONCE, hold

SLOWLY_SECONDS = 0.003
"""Beside the other time that a statement takes: some seconds a seed."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, 500, AT_ONCE))
def test_whatever_breaks_nothing_is_lost_and_nothing_counted_twice(first: int) -> None:
    hold(first)


def test_the_same_seed_is_the_same_story(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever threads and backends do meanwhile, however long it takes, and whatever ran on the database before."""
    seeds = (1, 13, 24)
    first = list(played(seeds))
    assert any(ran.rebuilds for ran in first[1:]), "one is to leave a database that is another"
    stories = [ran.story.lines() for ran in first]
    run = SimulatedConnection.run

    def run_slowly(*of: Any) -> None:
        sleep(SLOWLY_SECONDS)
        run(*of)

    monkeypatch.setattr(SimulatedConnection, "run", run_slowly)
    for story, ran in zip(reversed(stories), played(reversed(seeds)), strict=True):
        assert ran.story.lines() == story
    assert len({tuple(story) for story in stories}) == len(seeds)
