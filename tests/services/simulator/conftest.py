"""One season of 20,000 events and what has to be answered about it, made once a run."""

import pytest

from services.simulator import SimulatedRecord, simulate
from services.simulator.expected import Expected, expected_answers


@pytest.fixture(scope="session")
def season() -> list[SimulatedRecord]:
    return list(simulate(20_000, seed=42))


@pytest.fixture(scope="session")
def expected(season: list[SimulatedRecord]) -> Expected:
    return expected_answers(season)
