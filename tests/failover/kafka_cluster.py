"""Three nodes of Apache Kafka, brokers and controllers (KRaft): each record is on all, and acknowledged by two."""

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from kafka import KafkaAdminClient

from services.embedded.apache_kafka import ApacheKafka
from services.embedded.broker import new_log_id

NODES: Final = 3
SETTINGS: Final = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    # As shipped, too: a broker that lacks the end of a log never leads it.
    "unclean.leader.election.enable": "false",
}
"""On every node, beside what names it (docs/high-availability.md)."""


class KafkaCluster:
    """Three nodes on loopback ports, over one folder; each may be killed and started by its number, 0 to 2."""

    def __init__(self, folder: Path) -> None:
        log_id = new_log_id()
        self.nodes = [
            ApacheKafka(
                folder / f"node-{number}", properties=partial(self._of, number), log_id=log_id
            )
            for number in range(NODES)
        ]
        self.bootstrap = ",".join(node.bootstrap for node in self.nodes)

    def _of(self, number: int, _bootstrap: str, _controller: str) -> Mapping[str, str]:
        voters = (f"{at}@{node.controller}" for at, node in enumerate(self.nodes, start=1))
        return SETTINGS | {
            "node.id": str(number + 1),
            "controller.quorum.voters": ",".join(voters),
        }

    def start(self) -> None:
        """Blocks until every node answers."""
        with ExitStack() as stack:
            for node in self.nodes:
                node.launch()
                stack.callback(node.stop)
            for node in self.nodes:
                node.wait_until_served()
            stack.pop_all()

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def controller(self) -> int:
        """The number of the node that leads the cluster's own log."""
        admin: Any = KafkaAdminClient(bootstrap_servers=self.bootstrap.split(","))
        try:
            (topic,) = admin.describe_metadata_quorum()["topics"]
        finally:
            admin.close()
        return int(topic["partitions"][0]["leader_id"]) - 1

    def is_whole(self, topics: list[str]) -> bool:
        """Whether every partition of these topics is on all nodes, up to its end."""
        admin: Any = KafkaAdminClient(bootstrap_servers=self.bootstrap.split(","))
        try:
            return all(
                len(partition["isr_nodes"]) == NODES
                for topic in admin.describe_topics(topics)
                for partition in topic["partitions"]
            )
        finally:
            admin.close()
