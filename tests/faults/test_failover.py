"""Leaders of PostgreSQL under Patroni and of three brokers die under load, once; `make failover` does it at length."""

import shutil
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.failover.etcd import Etcd
from tests.failover.kafka_cluster import KafkaCluster
from tests.failover.postgres_cluster import PostgresCluster
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
    with TemporaryDirectory(prefix="tuntas-failover-") as path:
        folder = Path(path)
        with (
            Etcd(folder) as etcd,
            KafkaCluster(folder / "kafka") as kafka,
            PostgresCluster(folder, etcd.hosts) as postgres,
        ):
            season = play(kafka, postgres, 1, 2_000, 40.0, tmp_path, kinds, most=1)
    assert season.trials.total() == 1
    for seconds in season.times.values():
        assert max(seconds) < 60
