"""One Apache Kafka node, broker and controller in one (KRaft), on loopback ports of its own."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, Final

from services.embedded.apache_kafka.jars import jars_dir
from services.embedded.apache_kafka.tool import run_tool
from services.embedded.broker import Broker, new_log_id, serves_log
from services.embedded.free_port import free_port
from services.embedded.leash import Leash, ServerFailed
from services.kafka.security import UNSECURED, Security

LOG4J: Final = Path(__file__).with_name("log4j2.xml")
HEAP: Final = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC")
STARTS_SOON: Final = ("-XX:TieredStopAtLevel=1",)
"""Java compiles once and simply: that halves the time until a broker answers, and it is slower from then on."""
START_TIMEOUT_SECONDS: Final = 120.0
FORMAT_TIMEOUT_SECONDS: Final = 120.0


class ApacheKafka(Broker):
    """A Kafka broker whose log, log id and port survive `stop` and `start` of the same object.

    Over the same `data_dir` another object continues the log under the same id, on another port.
    """

    kind = "apache"
    java_options: ClassVar[tuple[str, ...]] = STARTS_SOON

    def __init__(
        self,
        data_dir: Path,
        *,
        properties: Callable[[str, str], Mapping[str, str]] | None = None,
        security: Security = UNSECURED,
        log_id: str = "",
    ) -> None:
        """Start nothing yet; `data_dir` may be missing or hold what an earlier run left.

        ``properties`` gives the broker's own in the place of the defaults here, or on top of them, for the addresses
        of the broker and of its controller; ``security`` is what `start` then asks the broker with. ``log_id`` is that
        of the cluster that a new node belongs to; without one it is a cluster of its own.
        """
        self._properties = properties
        self._new_log_id = log_id
        self._security = security
        self.data_dir = data_dir.expanduser().resolve()
        self.log_id = ""
        self._port = free_port()
        self._controller_port = free_port()
        self.bootstrap = f"127.0.0.1:{self._port}"
        self.controller = f"127.0.0.1:{self._controller_port}"

    def start(self) -> None:
        """Block until the broker answers with its log id; the first start of all fetches the jars."""
        self.launch()
        self.wait_until_served()

    def launch(self) -> None:
        """Start without waiting until it answers, which one of several nodes does when most of them are there."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        properties = self._write_properties()
        options = (*HEAP, *self.java_options)
        java = ["java", *options, f"-Dlog4j2.configurationFile={LOG4J}", "-cp", f"{jars_dir()}/*"]
        formatted = self.data_dir / "log" / "meta.properties"
        if not formatted.exists():
            self._format([*java, "kafka.tools.StorageTool", "format"], properties)
        self.log_id = _cluster_id(formatted)
        self._leash = Leash(
            [*java, "kafka.Kafka", str(properties)],
            self.data_dir / "broker.log",
            environment=_java_environment(),
        )

    def wait_until_served(self) -> None:
        """Block until the broker that was launched answers; raises ServerFailed."""
        if self._leash is not None:
            self._leash.wait_until(
                lambda: serves_log(self.bootstrap, self.log_id, self._security),
                START_TIMEOUT_SECONDS,
            )

    def _write_properties(self) -> Path:
        """The broker's configuration file, written anew for the ports of this object."""
        properties = {
            "node.id": "1",
            "process.roles": "broker,controller",
            "controller.quorum.voters": f"1@{self.controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{self.controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "log.dirs": str(self.data_dir / "log"),
            # One node holds everything once.
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            # Topics are created on purpose, one a partner; a mistyped name must not become one.
            "auto.create.topics.enable": "false",
            # Retention goes by the records' own times, and those of a simulated season are old.
            "log.retention.ms": "-1",
            # Nobody else is going to join in the first three seconds.
            "group.initial.rebalance.delay.ms": "0",
            # So long a broker that was killed is taken to be alive, and cannot come back (9 s as shipped).
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
        }
        if self._properties is not None:
            properties |= self._properties(self.bootstrap, self.controller)
        path = self.data_dir / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        return path

    def _format(self, storage_tool: list[str], properties: Path) -> None:
        run_tool(
            [
                *storage_tool,
                "--config",
                str(properties),
                "--cluster-id",
                self._new_log_id or new_log_id(),
            ],
            purpose="Formatting Kafka's storage",
            timeout_seconds=FORMAT_TIMEOUT_SECONDS,
            folder=self.data_dir,
            environment=_java_environment(),
        )


def _cluster_id(meta: Path) -> str:
    """The cluster id that StorageTool wrote into meta.properties."""
    for line in meta.read_text().splitlines():
        name, _, value = line.partition("=")
        if name == "cluster.id":
            return value
    raise ServerFailed(f"{meta} names no cluster.id")


def _java_environment() -> dict[str, str]:
    """What Java needs of this process's environment: no KAFKA_* or CLASSPATH meant for others."""
    return {name: os.environ[name] for name in ("HOME", "JAVA_HOME", "PATH") if name in os.environ}
