"""``python -m tests.upgrades.make COMMIT VERSION [--migrations N]``: the database of a version, kept in a file.

The program of the commit reads the first half of a season, as services do, from Apache Kafka into its own layout; what
it left is written to tests/upgrades/kept/VERSION. Made once, when the version is released, and then committed.
"""

import argparse
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from services.embedded.apache_kafka import ApacheKafka
from services.embedded.postgres import EmbeddedPostgres
from services.kafka.topics import ensure_topics
from services.postgres.connect import close, connect, transaction
from services.simulator import SimulatedRecord, simulate
from tests.end_to_end.delivery import shuffled
from tests.end_to_end.running_system import PARTITIONS, RunningSystem
from tests.upgrades import databases, earlier
from tests.upgrades.databases import About

EVENTS = 4_000
REPEATS = 400
SEED = 20_200_701
NATIONAL_ID = "3175091234567890"
AS_KEPT_BEFORE = """
UPDATE ledger.rejection
SET detail = '`participant_id` is ' || %(id)s, event_id = %(id)s, record_key = %(id)s::bytea,
    record = ('{"participant_id":"' || %(id)s || '"}')::bytea
WHERE reason = 'personal_data'
"""
"""Records with a national id, as they were kept before migration CLEARED."""
CLEARED = 2


def season() -> list[SimulatedRecord]:
    """The records in the order in which they are sent, a part of them twice."""
    return shuffled(list(simulate(EVENTS, SEED)), SEED, repeats=REPEATS)


def fill(system: RunningSystem, source: Path, first: Sequence[SimulatedRecord]) -> None:
    """Has an earlier program read records into a database of its own layout; its services have ended afterwards."""
    ensure_topics(system.bootstrap, PARTITIONS)
    migrated = system.run("migrate", source=source)
    assert migrated.returncode == 0, migrated.stderr
    system.start_ingest(source=source)
    system.start_project(source=source)
    system.publish(first)
    system.wait_until_read(len(first))
    system.wait_until_drained()
    for name in system.running():
        system.stop(name)
    if migrations_of(system.database_url) >= CLEARED:
        return
    session = connect(system.database_url, "fill")
    try:
        with transaction(session) as work:
            work.execute(AS_KEPT_BEFORE, {"id": NATIONAL_ID})
            assert work.rowcount > 0
    finally:
        close(session)


def migrations_of(database_url: str) -> int:
    """How many migrations a database has had."""
    session = connect(database_url, "count")
    try:
        with transaction(session) as work:
            work.execute("SELECT count(*) FROM tuntas.migration")
            ((count,),) = work.fetchall()
            return int(count)
    finally:
        close(session)


def make(commit: str, version: str, migrations: int) -> None:
    """Makes and keeps the database of a commit that has had so many migrations."""
    found = subprocess.run(
        ["git", "rev-parse", commit],
        capture_output=True,
        text=True,
        check=True,
        cwd=earlier.REPOSITORY,
    )
    records = season()
    first = records[: len(records) // 2]
    with (
        TemporaryDirectory(prefix="tuntas-upgrade-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres") as postgres,
        ApacheKafka(Path(folder) / "kafka") as kafka,
    ):
        source = earlier.of_commit(commit, Path(folder) / "source", migrations)
        if source is None:
            sys.exit(f"{commit} is not in this repository's history.")
        url = postgres.create_database(f"upgrade_{uuid.uuid4().hex}")
        system = RunningSystem(Path(folder), kafka.bootstrap, url)
        try:
            fill(system, source, first)
        finally:
            system.stop_all()
        about = About(version, found.stdout.strip(), migrations_of(url), len(first))
        kept = databases.keep(databases.FOLDER / version, url, about, records)
    size = sum(file.stat().st_size for file in kept.folder.iterdir())
    sys.stdout.write(f"{kept.folder}: {size:,} bytes\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("version")
    parser.add_argument("--migrations", type=int, default=9999, help="leave out later ones")
    given = parser.parse_args()
    make(given.commit, given.version, given.migrations)
