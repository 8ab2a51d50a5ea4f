"""The way back that docs/backup.md describes, its commands as they stand there: to the same answers, or to words."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from kafka import KafkaAdminClient, TopicPartition

from domain.vocabulary import PARTNERS
from services.embedded.broker import Broker
from services.embedded.postgres import EmbeddedPostgres
from services.kafka.topics import ensure_topics, partner_topic
from services.settings import read_settings
from services.simulator import SimulatedRecord
from services.wiring import prepare_database
from tests.end_to_end import proof
from tests.end_to_end.delivery import parts
from tests.end_to_end.running_system import PARTITIONS, Place, RunningSystem, remove_topics
from tests.end_to_end.test_answers import folded, from_api, read
from tests.faults import documented

pytestmark = [pytest.mark.kafka, pytest.mark.apache, pytest.mark.slow]

PAGE = "backup.md"
LOST = 3
"""So many records Kafka deletes of a lane that are to be read again."""


class Archived(NamedTuple):
    """A server that archives, and where."""

    server: EmbeddedPostgres
    user: str
    places: dict[str, str]


@pytest.fixture
def archived() -> Iterator[Archived]:
    """A PostgreSQL server as the page has it."""
    with TemporaryDirectory(prefix="tuntas-tests-") as name:
        folder = Path(name)
        places = {"PGDATA": str(folder / "data"), "ARCHIVE": str(folder / "archive")}
        with EmbeddedPostgres(folder / "data", documented.settings(PAGE, places)) as server:
            user = server.data_dir.owner()
            for owned in (folder, folder / "archive"):
                owned.mkdir(exist_ok=True)
                shutil.chown(owned, user)
            places["BACKUP"] = str(folder / "backup")
            places["DATABASE_URL"] = server.database_url()
            yield Archived(server, user, places)


@pytest.fixture
def system(kafka_broker: Broker, archived: Archived, tmp_path: Path) -> Iterator[RunningSystem]:
    remove_topics(kafka_broker.bootstrap)
    url = archived.server.create_database("tuntas")
    system = RunningSystem(tmp_path, kafka_broker.bootstrap, url)
    system.settings |= {"TUNTAS_BATCH_RECORDS": "100", "TUNTAS_ANSWERS": "on"}
    try:
        yield system
    finally:
        system.stop_all()


def test_back_to_a_moment_and_on_to_the_same_answers(
    system: RunningSystem, archived: Archived, records: list[SimulatedRecord]
) -> None:
    backup, restore, recovered, look = documented.blocks(PAGE, "sh")
    before, until, after = parts(records, 3)
    system.start(ingest=2)
    _read(system, before)
    documented.run(backup, archived.user, archived.places)
    _read(system, until)
    ((moment,),) = system.rows("SELECT clock_timestamp()::text")
    at_moment = system.reached()
    _read(system, after)
    proof.check_everything(system, records)
    _all_is_archived(system, archived)
    stop_everything(system)
    places = archived.places | {"UNTIL": moment}

    # Kafka holds everything: every lane is read again from where it was at that moment.
    _restore(system, archived, restore, recovered, places)
    assert system.reached() == at_moment != system.end_offsets()
    assert look.strip() == "tuntas lanes"
    shown = system.run("lanes")
    assert shown.returncode == 0, shown.stdout
    system.start(ingest=2)
    system.wait_until_drained()
    proof.check_everything(system, records)
    assert folded(read(system.bootstrap, "read_committed")) == from_api(system)
    stop_everything(system)

    # Kafka has deleted records of some lanes meanwhile: these are said, and wait; the others are as they were.
    ends = system.end_offsets()
    gone = [place for place in sorted(at_moment) if ends[place] - at_moment[place] > LOST][:3]
    assert len(gone) == 3
    _delete(system, {place: at_moment[place] + LOST for place in gone})
    _restore(system, archived, restore, recovered, places)
    shown = system.run("lanes")
    assert shown.returncode == 1
    for topic, partition in gone:
        assert f"of {topic} partition {partition} is {at_moment[topic, partition]}" in shown.stdout
        assert f"tuntas lanes --skip --topic {topic} --partition {partition}" in shown.stdout
    assert shown.stdout.count("waits for a decision") == len(gone)
    assert shown.stdout.count(f"the {LOST} offsets between were deleted") == len(gone)
    system.start_ingest()
    system.start_project()
    system.start_api()
    others = {place: end for place, end in ends.items() if place not in gone}
    system.wait_until(
        lambda: {**system.reached(), **others} == system.reached(), "the other lanes are read"
    )
    assert {place: system.reached()[place] for place in gone} == {
        place: at_moment[place] for place in gone
    }
    assert len(system.rows("SELECT FROM ledger.lane WHERE trouble LIKE '%%retention%%'")) == 3
    helped = system.run("lanes", "--skip")
    assert helped.stdout.count(f"{LOST} offsets are skipped") == len(gone)
    system.wait_until_drained()
    skipped = "SELECT topic, partition, skipped FROM ledger.lane WHERE skipped > 0"
    assert sorted(system.rows(skipped)) == [(*place, LOST) for place in gone]
    assert system.rows(proof.TOLD_TWICE) == []


def test_a_lane_that_the_database_never_knew_is_said_to_begin_late(
    system: RunningSystem, records: list[SimulatedRecord]
) -> None:
    """As after the way back to a moment before its first record, when Kafka holds that no more."""
    ensure_topics(system.bootstrap, PARTITIONS)
    prepare_database(read_settings(system.settings))
    system.publish(records[:2_000])
    ends = system.end_offsets()
    gone = next(place for place in sorted(ends) if ends[place] > LOST)
    _delete(system, {gone: LOST})
    name = system.start_ingest()
    system.wait_until(system.lanes_are_owned, "every lane has an owner")
    system.wait_until(lambda: system.reached() == ends, "the lanes are read")
    told = [line for line in system.log(name).splitlines() if "lane begins late" in line]
    assert len(told) == 1
    assert f"topic={gone[0]} partition={gone[1]} first_offset={LOST}" in told[0]
    table = [line.split() for line in system.run("lanes").stdout.splitlines()]
    begins = {
        (partner_topic(row[0]), int(row[1])): row[2] for row in table if row and row[0] in PARTNERS
    }
    assert begins == dict.fromkeys(ends, "0") | {gone: str(LOST)}


def stop_everything(system: RunningSystem) -> None:
    """Stops the services that run."""
    for name in system.running():
        system.stop(name)
    system.disconnect()


def _read(system: RunningSystem, records: Sequence[SimulatedRecord]) -> None:
    system.publish(records)
    system.wait_until_drained()


def _all_is_archived(system: RunningSystem, archived: Archived) -> None:
    """Blocks until what was written so far would survive the loss of the data directory."""
    ((name,),) = system.rows("SELECT pg_walfile_name(pg_switch_wal())")
    file = Path(archived.places["ARCHIVE"]) / name
    system.wait_until(file.exists, "the last piece of WAL is archived")


def _restore(
    system: RunningSystem, archived: Archived, script: str, look: str, places: dict[str, str]
) -> None:
    """Loses the data directory and brings it back; blocks until it has recovered."""
    archived.server.kill()
    shutil.rmtree(f"{places['PGDATA']}.before", ignore_errors=True)
    documented.run(script, archived.user, places)
    archived.server.start()
    system.wait_until(
        lambda: documented.run(look, archived.user, places).strip() == "f", "it has recovered"
    )


def _delete(system: RunningSystem, befores: dict[Place, int]) -> None:
    admin = KafkaAdminClient(bootstrap_servers=system.bootstrap)
    try:
        admin.delete_records({TopicPartition(*place): at for place, at in befores.items()})
    finally:
        admin.close()
