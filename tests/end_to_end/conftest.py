"""The system of a module's tests: real servers, services as child processes, nothing left of earlier modules."""

import uuid
from collections.abc import Iterator

import pytest

from services.embedded.broker import Broker
from services.embedded.postgres import EmbeddedPostgres
from tests.conftest import own_server
from tests.end_to_end.log_tails import pytest_runtest_makereport  # noqa: F401
from tests.end_to_end.running_system import RunningSystem, remove_topics


@pytest.fixture(scope="package")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server with fsync on."""
    with own_server() as server:
        yield server


@pytest.fixture(scope="module")
def running_system(
    kafka_broker: Broker,
    postgres_server: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningSystem]:
    """Two ingest processes, one project and one API process, on empty topics and a database of their own."""
    remove_topics(kafka_broker.bootstrap)
    name = f"season_{uuid.uuid4().hex}"
    url = postgres_server.create_database(name)
    system = RunningSystem(tmp_path_factory.mktemp("system"), kafka_broker.bootstrap, url)
    try:
        system.start(ingest=2)
        yield system
    finally:
        system.stop_all()
        postgres_server.drop_database(name)
