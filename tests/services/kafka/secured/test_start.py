"""A service that Kafka refuses when it starts says so in one sentence and ends, with a code that tells it apart."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.admin import ACLOperation, ResourceType

from services.kafka.access import INGEST, PROJECT, Line
from services.settings import read_settings
from services.unworkable import REFUSED_EXIT_CODE
from services.wiring import prepare_database
from tests.services.kafka.secured.granted import Granted, ended

pytestmark = [pytest.mark.apache, pytest.mark.slow]

A_LINE_OF_THE_LOG = re.compile(r"\d{4}-\d\d-\d\dT\S+ [A-Z]+ ")
COMMANDS = {INGEST: "ingest", PROJECT: "project"}


@pytest.fixture
def cluster(granted: Granted) -> Iterator[Granted]:
    """The cluster as granted, before and afterwards."""
    granted.grant()
    yield granted
    granted.grant()


def sentence(granted: Granted, user: str, database_url: str, **changed: str) -> str:
    """What the user's service says at its end, beside its log."""
    settings = granted.settings(user) | {"TUNTAS_DATABASE_URL": database_url} | changed
    prepare_database(read_settings(settings))
    done = ended(COMMANDS[user], settings=settings)
    said = [line for line in done.stderr.splitlines() if not A_LINE_OF_THE_LOG.match(line)]
    assert done.returncode == REFUSED_EXIT_CODE, done.stderr
    assert len(said) == 1, done.stderr
    return said[0]


@pytest.mark.parametrize("user", COMMANDS)
def test_a_wrong_password(cluster: Granted, database_url: str, tmp_path: Path, user: str) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret-and-wrong")
    said = sentence(cluster, user, database_url, TUNTAS_KAFKA_PASSWORD_FILE=str(file))
    assert f"does not accept user {user} with the password in {file}" in said
    assert "s3cret" not in said


def test_a_password_that_cannot_be_read(cluster: Granted, database_url: str) -> None:
    said = sentence(cluster, INGEST, database_url, TUNTAS_KAFKA_PASSWORD_FILE="/nowhere/password")
    assert said.startswith("TUNTAS_KAFKA_PASSWORD_FILE /nowhere/password cannot be read: ")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (
            Line(INGEST, ResourceType.TOPIC, "tuntas.partner.sekolahmu", ACLOperation.READ),
            "use the topic tuntas.partner.sekolahmu",
        ),
        (
            Line(INGEST, ResourceType.GROUP, "tuntas", ACLOperation.READ),
            "use the consumer group tuntas",
        ),
        (
            Line(PROJECT, ResourceType.TOPIC, "tuntas.rejections.sekolahmu", ACLOperation.WRITE),
            "use the topic tuntas.rejections.sekolahmu",
        ),
    ],
    ids=["topic", "group", "rejections"],
)
def test_a_missing_right(cluster: Granted, database_url: str, line: Line, what: str) -> None:
    cluster.take_away(line)
    said = sentence(cluster, line.user, database_url)
    assert f"user {line.user} may not {what}: " in said
    assert "`tuntas partners grant`" in said
