"""Leaders of PostgreSQL under Patroni and of three brokers die under load, once; `make failover` does it at length."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.failover.clusters import clusters
from tests.failover.season import play

MISSING = [
    name
    for name, there in (("etcd", shutil.which("etcd")), ("patroni", find_spec("patroni")))
    if not there
]

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.apache,
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(MISSING), reason=f"without {' and '.join(MISSING)}"),
]


def test_nothing_acknowledged_is_lost_or_doubled_when_leaders_are_killed(tmp_path: Path) -> None:
    kinds = {"database leader and broker lost": 1}
    with clusters() as (kafka, postgres):
        season = play(kafka, postgres, 1, 2_000, 40.0, tmp_path, kinds, most=1)
    assert season.trials.total() == 1
    for seconds in season.times.values():
        assert max(seconds) < 60
