"""The servers that tests run against: a PostgreSQL of their own and one Kafka broker.

`TUNTAS_TEST_KAFKA` says which broker: `apache` (its absence fails the run; what CI sets), `embedded`,
or unset: Apache Kafka where Java and Maven are there, the embedded broker otherwise.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import pytest

import tests.examples  # noqa: F401 - the profile that --hypothesis-profile may name
from services.embedded.apache_kafka import ApacheKafka, missing_programs
from services.embedded.apache_kafka.jars import jars_dir
from services.embedded.broker import Broker, EmbeddedBroker
from services.embedded.postgres import EmbeddedPostgres
from services.postgres import prepared
from tests.databases import Databases

BROKERS: dict[str, type[ApacheKafka | EmbeddedBroker]] = {
    "apache": ApacheKafka,
    "embedded": EmbeddedBroker,
}


def chosen_broker() -> str:
    """`apache` or `embedded`, from TUNTAS_TEST_KAFKA; raises UsageError for another word."""
    chosen = os.environ.get("TUNTAS_TEST_KAFKA") or ("embedded" if missing_programs() else "apache")
    if chosen not in BROKERS:
        raise pytest.UsageError(f"TUNTAS_TEST_KAFKA is {chosen!r}; use apache or embedded.")
    return chosen


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Folders of this run lie in one of its own.

    Those in pytest's /tmp/pytest-of-root another run of root's closes to the users that servers run as, and clears
    when it has made some more.
    """
    if config.option.basetemp is None:
        folder = mkdtemp(prefix="tuntas-tests-")
        config.option.basetemp = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_sessionstart() -> None:
    """The jars of Apache Kafka are fetched here, where no test's time runs."""
    if chosen_broker() == "apache":
        jars_dir()


def pytest_report_header() -> str:
    chosen = chosen_broker()
    if chosen == "apache" and (missing := missing_programs()):
        raise pytest.UsageError(f"TUNTAS_TEST_KAFKA is apache, but {missing} cannot be found.")
    return f"kafka broker of this run: {chosen}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, and count as deselected, what only Apache Kafka can show, where it is not used."""
    if chosen_broker() == "embedded":
        left_out = [item for item in items if item.get_closest_marker("apache")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session", autouse=True)
def prepared_at_once() -> Iterator[None]:
    """Statements are prepared the first time: one that cannot be is found by the test that runs it once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepared, "REPEATED", 0)
        yield


@contextmanager
def own_server(settings: Mapping[str, str] | None = None) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server as it is embedded, with fsync on, unless ``settings`` say otherwise.

    Not below pytest's own folder: another run of root's closes that to the user the server runs as.
    """
    with (
        TemporaryDirectory(prefix="tuntas-tests-") as folder,
        EmbeddedPostgres(Path(folder) / "data", settings) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server of this run, which waits for no disk: what only the machine's end could lose is not tested.

    Whole systems, upgrades and faults run on servers with fsync on, which their rooms' conftest.py puts in its place.
    """
    with own_server({"fsync": "off", "full_page_writes": "off"}) as server:
        yield server


@pytest.fixture(scope="session")
def databases(postgres_server: EmbeddedPostgres) -> Iterator[Databases]:
    with Databases(postgres_server) as found:
        yield found


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """The URL of a database of this version's layout that this test alone has; dropped afterwards."""
    name = databases.take()
    yield databases.server.database_url(name)
    databases.drop(name)


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """The URL of a database without a table that this test alone has; dropped afterwards."""
    name = databases.new_name()
    yield databases.server.create_database(name)
    databases.drop(name)


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The broker of this run, shared by its tests: each uses topics and groups of its own."""
    broker: Broker = BROKERS[chosen_broker()](Path(tmp_path_factory.mktemp("kafka")))
    with broker:
        yield broker
