"""A database of an earlier version becomes one of today under load, and every answer, event and lane is the oracle's.

Its own program reads on while the database is expanded, and hands its lanes over to today's. Each database that is kept
(tests/upgrades/kept) is upgraded.
"""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.vocabulary import PARTNERS
from services.embedded.broker import Broker
from services.embedded.postgres import EmbeddedPostgres
from services.kafka.topics import ensure_topics
from services.postgres.migrations.baseline import migrations
from tests.conftest import own_server
from tests.end_to_end import proof
from tests.end_to_end.log_tails import pytest_runtest_makereport  # noqa: F401
from tests.end_to_end.running_system import PARTITIONS, RunningSystem, remove_topics
from tests.faults.load import Load
from tests.upgrades import databases, earlier

pytestmark = [pytest.mark.slow, pytest.mark.apache]

PROJECTS = "SELECT 1 FROM control.heartbeat WHERE service = 'project' AND stopped IS NULL"
PERSONAL = "SELECT count(*) FROM ledger.rejection WHERE reason = 'personal_data'"
CLEARED = (
    PERSONAL
    + " AND record = '' AND event_id IS NULL AND record_key IS NULL AND detail NOT LIKE '%%3175%%'"
)


@pytest.fixture
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server with fsync on."""
    with own_server() as server:
        yield server


@pytest.fixture
def system(
    kafka_broker: Broker, postgres_server: EmbeddedPostgres, tmp_path: Path
) -> Iterator[RunningSystem]:
    """A system on empty topics and an empty database; nothing of it runs."""
    remove_topics(kafka_broker.bootstrap)
    name = f"upgrade_{uuid.uuid4().hex}"
    url = postgres_server.create_database(name)
    running = RunningSystem(tmp_path, kafka_broker.bootstrap, url)
    running.settings["TUNTAS_BATCH_RECORDS"] = "100"
    try:
        yield running
    finally:
        running.stop_all()
        postgres_server.drop_database(name)


def test_a_database_is_kept() -> None:
    assert "0.2.0" in {folder.name for folder in databases.kept()}


@pytest.mark.parametrize("folder", databases.kept(), ids=lambda folder: folder.name)
def test_an_earlier_database_is_upgraded_under_load(
    system: RunningSystem, kafka_broker: Broker, tmp_path: Path, folder: Path
) -> None:
    old = databases.read(folder)
    found = earlier.of_commit(old.about.commit, tmp_path / "earlier", old.about.migrations)
    if found is None:  # a shallow clone: only today's program reads
        shutil.rmtree(tmp_path / "earlier", ignore_errors=True)
    source = found or earlier.REPOSITORY
    # The log that its lanes are of: the same records at the same offsets.
    ensure_topics(system.bootstrap, PARTITIONS)
    system.publish(old.records[: old.about.read])
    old.restore(system.database_url, kafka_broker.log_id)
    is_old = source != earlier.REPOSITORY

    if old.about.migrations < len(migrations()):
        refused = system.run("project")
        assert (refused.returncode, "tuntas migrate" in refused.stderr) == (3, True)
    if is_old:
        ingest = system.start_ingest(source=source)
        system.start_project(source=source)
        # The database says of its own past that lanes are owned: what counts is what these two say.
        lanes = PARTITIONS * len(PARTNERS)
        system.wait_until(lambda: len(system.lanes_of(ingest)) == lanes, "it has every lane")
        system.wait_until(lambda: bool(system.rows(PROJECTS)), "the project service has begun")
    with Load(system, old.records[old.about.read :]) as load:
        load.wait_until_sent(0.3)
        migrated = system.run("migrate")
        assert migrated.returncode == 0, migrated.stderr
        if is_old:  # it reads on, though the database is newer than it now
            system.wait_until_read(old.about.read + (len(old.records) - old.about.read) // 2)
        for name in system.running():
            system.stop(name)
        system.start_ingest()
        system.start_project()
        system.start_api()
        system.wait_until_ready()
    system.wait_until_drained()
    assert system.run("migrate", "--check").returncode == 0
    numbers = [
        number for (number,) in system.rows("SELECT number FROM tuntas.migration ORDER BY 1")
    ]
    assert numbers == [each.number for each in migrations()]
    kept_before = sum(record.reason == "personal_data" for record in old.records)
    assert system.rows(PERSONAL) == system.rows(CLEARED) == [(kept_before,)]
    proof.check_everything(system, old.records)
