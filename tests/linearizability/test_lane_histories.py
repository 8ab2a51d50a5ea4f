"""What concurrent workers were told of a lane is what one lane after another would have told them."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.postgres import lane_rows
from tests.databases import Databases
from tests.linearizability.histories import Operation, history_of, told
from tests.services.intake.desk import Desk

CHECKER = Path(__file__).with_name("checker")
HISTORIES = 6
WORKERS = 3
BUILD_SECONDS = 300.0
LINEARIZABLE = "Ok"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("go") is None, reason="Porcupine needs Go"),
]


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checker, built."""
    program = tmp_path_factory.mktemp("checker") / "checker"
    subprocess.run(
        ["go", "build", "-o", program, "."], cwd=CHECKER, check=True, timeout=BUILD_SECONDS
    )
    return program


@pytest.fixture
def database_urls(databases: Databases) -> Iterator[list[str]]:
    names = [databases.take() for _ in range(HISTORIES)]
    yield [databases.server.database_url(name) for name in names]
    for name in names:
        databases.drop(name)


def checked(checker: Path, histories: list[list[Operation]]) -> list[str]:
    """What Porcupine says of each."""
    done = subprocess.run(
        [checker], input=told(histories), capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.split()


def test_lane_rows_are_linearizable(checker: Path, database_urls: list[str]) -> None:
    """Of workers that take a lane from each other, write on, and lose COMMITs."""
    histories = []
    for seed, database_url in enumerate(database_urls):
        history = history_of(database_url, WORKERS, seed)
        histories.append(history)
        desk = Desk(database_url)
        assert desk.rows(ADDS_UP) == [(True, True)]
        desk.session.close()
    outcomes = {(each.kind, each.outcome) for history in histories for each in history}
    assert {("write", "done"), ("write", "refused"), ("write", "unknown")} <= outcomes
    assert checked(checker, histories) == [LINEARIZABLE] * HISTORIES


def test_a_lane_that_does_not_compare_the_epoch_is_not(
    checker: Path, database_urls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checker refuses what such a row tells, be it for one history of several."""
    condition = "lane.epoch = step.epoch"
    assert condition in lane_rows.SQL["advance"]
    careless = {**lane_rows.SQL, "advance": lane_rows.SQL["advance"].replace(condition, "true")}
    monkeypatch.setattr(lane_rows, "SQL", careless)
    histories = [
        history_of(database_url, WORKERS, seed) for seed, database_url in enumerate(database_urls)
    ]
    assert set(checked(checker, histories)) != {LINEARIZABLE}


ADDS_UP = """
SELECT first_offset + accepted + duplicate + rejected + skipped = next_offset,
       accepted = (SELECT count(*) FROM ledger.event)
FROM ledger.lane
"""
