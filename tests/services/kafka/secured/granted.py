"""A cluster on which `tuntas partners grant` was run, as its administrator would."""

import os
import subprocess
import sys
from pathlib import Path

from kafka.admin import (
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePatternFilter,
    ResourceType,
)

from services.kafka.access import Line
from services.kafka.admin import admin_client
from services.kafka.security import Security
from tests.services.kafka.secured.cluster import SecuredKafka


def environment(bootstrap: str, security: Security) -> dict[str, str]:
    """The settings that these are."""
    named = {
        "KAFKA_BOOTSTRAP": bootstrap,
        "KAFKA_SECURITY_PROTOCOL": security.protocol,
        "KAFKA_SASL_MECHANISM": security.mechanism,
        "KAFKA_USERNAME": security.username,
        "KAFKA_PASSWORD_FILE": security.password_file,
        "KAFKA_CA_FILE": security.ca_file,
        "KAFKA_CERTIFICATE_FILE": security.certificate_file,
        "KAFKA_KEY_FILE": security.key_file,
        "TOPIC_PARTITIONS": 1,
        "TOPIC_REPLICAS": 1,
    }
    return {f"TUNTAS_{name}": str(value) for name, value in named.items() if value}


def tuntas(*arguments: str, settings: dict[str, str], fails: bool = False) -> str:
    """What a command printed, on both streams."""
    done = ended(*arguments, settings=settings)
    assert bool(done.returncode) == fails, done.stderr
    return done.stdout + done.stderr


def ended(*arguments: str, settings: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """A command that ran to its end."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TUNTAS_")}
    return subprocess.run(
        [sys.executable, "-m", "services.cli", *arguments],
        env=own | settings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class Granted:
    """The cluster with its users; ``passwords`` is the folder that holds theirs."""

    def __init__(self, cluster: SecuredKafka, passwords: Path) -> None:
        self.cluster = cluster
        self.bootstrap = cluster.bootstrap
        self.passwords = passwords

    def grant(self, *options: str, fails: bool = False) -> str:
        admin = environment(self.cluster.certificate_door, self.cluster.admin)
        folder = ("--passwords", str(self.passwords))
        return tuntas("partners", "grant", *folder, *options, settings=admin, fails=fails)

    def take_away(self, line: Line) -> None:
        """Remove a line from the access control list."""
        cluster = self.cluster
        pattern = ResourcePatternFilter(
            ResourceType(line.resource), line.name, ACLResourcePatternType(line.pattern)
        )
        found = ACLFilter(
            f"User:{line.user}",
            "*",
            ACLOperation(line.operation),
            ACLPermissionType.ALLOW,
            pattern,
        )
        with admin_client(cluster.certificate_door, cluster.admin, "taking away") as admin:
            ((_, taken, _),) = admin.delete_acls([found])
        assert len(taken) == 1

    def security(self, user: str) -> Security:
        return self.cluster.user(user, self.passwords / user)

    def settings(self, user: str) -> dict[str, str]:
        return environment(self.bootstrap, self.security(user))
