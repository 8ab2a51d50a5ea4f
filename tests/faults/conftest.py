"""Servers that these tests may kill, and a system on them for each test."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.embedded.broker import Broker
from services.embedded.postgres import EmbeddedPostgres
from services.simulator import SimulatedRecord, simulate
from tests.conftest import BROKERS, chosen_broker, own_server
from tests.end_to_end.delivery import shuffled
from tests.end_to_end.log_tails import pytest_runtest_makereport  # noqa: F401
from tests.end_to_end.running_system import RunningSystem, remove_topics

EVENTS = 6_000
REPEATS = 600
SEED = 30


@pytest.fixture(scope="package")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of these tests alone: they kill it.

    They are marked `apache`: groups of the embedded broker do not survive two workers that stop at once.
    """
    broker: Broker = BROKERS[chosen_broker()](tmp_path_factory.mktemp("kafka"))
    with broker:
        yield broker


@pytest.fixture(scope="package")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server of these tests alone: they kill it."""
    with own_server() as server:
        yield server


@pytest.fixture(scope="package")
def records() -> list[SimulatedRecord]:
    """A season in the order in which it is sent, a part of it twice."""
    return shuffled(list(simulate(EVENTS, SEED)), SEED, repeats=REPEATS)


@pytest.fixture
def running_system(
    kafka_broker: Broker, postgres_server: EmbeddedPostgres, tmp_path: Path
) -> Iterator[RunningSystem]:
    """A system on empty topics and a database of its own; the test starts what it needs.

    Batches are small, so that there are many of them and a fault meets one in the midst.
    """
    remove_topics(kafka_broker.bootstrap)
    name = f"faults_{uuid.uuid4().hex}"
    url = postgres_server.create_database(name)
    system = RunningSystem(tmp_path, kafka_broker.bootstrap, url)
    system.settings["TUNTAS_BATCH_RECORDS"] = "100"
    try:
        yield system
    finally:
        system.stop_all()
        postgres_server.drop_database(name)
