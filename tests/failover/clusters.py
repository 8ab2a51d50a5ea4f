"""Both clusters, which live as long as a block."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.failover.etcd import etcd
from tests.failover.kafka_cluster import KafkaCluster
from tests.failover.postgres_cluster import PostgresCluster


@contextmanager
def clusters() -> Iterator[tuple[KafkaCluster, PostgresCluster]]:
    """Kafka and PostgreSQL, whole; blocks until they are. What they keep is gone afterwards."""
    with TemporaryDirectory(prefix="tuntas-failover-") as path:
        folder = Path(path)
        with (
            etcd(folder) as hosts,
            KafkaCluster(folder / "kafka") as kafka,
            PostgresCluster(folder, hosts) as postgres,
        ):
            yield kafka, postgres
