"""Counts, determinism and arguments of the simulated season."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from services.simulator import SimulatedRecord, simulate

ROOT = Path(__file__).parents[3]

DIGEST = """
import hashlib
from services.simulator import simulate
digest = hashlib.sha256()
for record in simulate(2_000, seed=42):
    digest.update(repr((record.topic, record.key, record.headers, record.value)).encode())
print(digest.hexdigest())
"""

# Of every process, machine and Python version. It changes only when the season is told otherwise.
SEASON_OF_2000 = "dba7cfb7e78a59ab7f5b8f591a0cb7ad2d584351ced8584e63e1e1639cf68ed1"


@pytest.mark.parametrize("events", [0, 1, 2, 3, 10, 61, 100, 1_999, 5_000])
@pytest.mark.parametrize("bad_share", [0, 0.005, 0.3])
def test_exactly_so_many_records(events: int, bad_share: float) -> None:
    assert len(list(simulate(events, seed=3, bad_share=bad_share))) == events


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_same_bytes_in_every_process(hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", DIGEST],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ran.stdout.strip() == SEASON_OF_2000


def test_another_seed_is_another_season() -> None:
    def digest(seed: int) -> str:
        values = b"\n".join(record.value for record in simulate(500, seed))
        return hashlib.sha256(values).hexdigest()

    assert digest(1) != digest(2)


def test_shares_are_kept_to_the_record(season: list[SimulatedRecord]) -> None:
    outcomes = Counter(record.outcome for record in season)
    assert outcomes == {"accepted": 19_300, "duplicate": 600, "rejected": 100}


def test_without_bad_records_nothing_is_rejected() -> None:
    assert {record.outcome for record in simulate(3_000, seed=5, bad_share=0)} == {
        "accepted",
        "duplicate",
    }


def test_one_partner_of_the_season(season: list[SimulatedRecord]) -> None:
    alone = list(simulate(20_000, seed=42, partner="pintaria"))
    assert alone == [record for record in season if record.partner == "pintaria"]
    assert len(alone) > 500


@pytest.mark.parametrize(
    ("events", "shares"),
    [(-1, {}), (10, {"bad_share": -0.1}), (10, {"bad_share": 0.4, "repeat_share": 0.2})],
)
def test_refuses_what_it_cannot_simulate(events: int, shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must not be|are shares"):
        simulate(events, 1, **shares)  # type: ignore[arg-type]


def test_refuses_a_partner_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="none of the eight"):
        simulate(10, 1, partner="toko-sebelah")
