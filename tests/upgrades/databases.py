"""Databases of earlier versions as files: a dump, the records that it was sent and those that come next.

A folder a version: ``database.dump`` (pg_dump's own compressed format), ``records.msgpack.zst`` and ``about.json``.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec
import zstandard
from msgspec import Struct

from services.embedded.postgres import program
from services.postgres.connect import close, connect, transaction
from services.simulator import SimulatedRecord

FOLDER = Path(__file__).parent / "kept"
DUMP = "database.dump"
RECORDS = "records.msgpack.zst"
ABOUT = "about.json"


class About(Struct, frozen=True):
    """Where a database came from: a version, its commit, and how many of the records it had read."""

    version: str
    commit: str
    migrations: int
    read: int


class OldDatabase(Struct, frozen=True):
    """One of them, with its records in the order in which they are sent."""

    folder: Path
    about: About
    records: list[SimulatedRecord]

    def restore(self, database_url: str, log_id: str) -> None:
        """Fills an empty database with it. Its lanes are then of the log ``log_id``, which holds the same records."""
        _run(
            "pg_restore",
            f"--dbname={database_url}",
            "--no-owner",
            "--exit-on-error",
            self.folder / DUMP,
        )
        session = connect(database_url, "restore")
        try:
            with transaction(session) as work:
                work.execute("UPDATE ledger.lane SET log_id = %s, topic_uuid = NULL", (log_id,))
                work.execute("UPDATE control.heartbeat SET stopped = beat")
        finally:
            close(session)


def kept() -> list[Path]:
    """The folders of the databases that are kept, by version."""
    return sorted(folder.parent for folder in FOLDER.glob(f"*/{ABOUT}"))


def read(folder: Path) -> OldDatabase:
    """The database of one folder."""
    packed = zstandard.ZstdDecompressor().decompress((folder / RECORDS).read_bytes())
    return OldDatabase(
        folder,
        msgspec.json.decode((folder / ABOUT).read_bytes(), type=About),
        msgspec.msgpack.decode(packed, type=list[SimulatedRecord]),
    )


def keep(
    folder: Path, database_url: str, about: About, records: Sequence[SimulatedRecord]
) -> OldDatabase:
    """Writes a database to a folder, and reads it again."""
    folder.mkdir(parents=True, exist_ok=True)
    _run(
        "pg_dump",
        "--format=custom",
        "--compress=gzip:9",
        "--no-owner",
        f"--file={folder / DUMP}",
        f"--dbname={database_url}",
    )
    packed = msgspec.msgpack.encode(list(records))
    (folder / RECORDS).write_bytes(zstandard.ZstdCompressor(19).compress(packed))
    (folder / ABOUT).write_bytes(msgspec.json.format(msgspec.json.encode(about)) + b"\n")
    return read(folder)


def _run(name: str, *arguments: str | Path) -> None:
    command = [str(program(name)), *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
