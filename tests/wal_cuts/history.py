"""One simulated run on a server whose WAL is kept from a base backup on, and how far it was acknowledged where."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg2

from tests.faults.documented import run
from tests.simulation.database import FAST, RunDatabases, folder_in_memory
from tests.simulation.kafka import LaneName
from tests.simulation.locks import Locks
from tests.simulation.run import NEXT_OFFSETS, Ran, Run

KEPT: Final = FAST | {
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "wal_keep_size": "4GB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
    "hot_standby": "off",
}
"""What is flushed is in the files. Whether a disk keeps it is not what cuts try."""
BACKUP: Final = """
pg_basebackup --dbname="$SERVER" --pgdata="$BACKUP" --checkpoint=fast --wal-method=none --no-manifest
"""
FLUSHED: Final = "SELECT pg_current_wal_flush_lsn() - '0/0'"
"""In bytes from the beginning of all WAL."""


class Acknowledged(NamedTuple):
    """Behind the byte ``flushed`` of the WAL lanes had been read so far, and a process knew it."""

    flushed: int
    reached: dict[LaneName, int]


class History(NamedTuple):
    """What a run left. Its WAL is the bytes from ``first``, behind the backup, to ``end``."""

    seed: int
    run: Run
    ran: Ran
    backup: Path
    wal: Path
    user: str
    first: int
    end: int
    acknowledged: list[Acknowledged]

    def acknowledged_at(self, cut: int) -> dict[LaneName, int]:
        """How far lanes had been read, as some process was told, when the WAL reached to this byte."""
        reached: dict[LaneName, int] = {}
        for each in self.acknowledged:
            if each.flushed <= cut:
                reached = each.reached
        return reached


@contextmanager
def history(seed: int) -> Iterator[History]:
    """What the run of a seed left, for as long as the block lasts; raises SeedFailed when it went wrong itself."""
    with folder_in_memory() as folder:
        yield _recorded(seed, folder)


def _recorded(seed: int, folder: Path) -> History:
    with RunDatabases(KEPT) as databases, closing(Locks(databases.server_url)) as locks:
        database = databases.fresh()
        user = databases.data_dir.owner()
        shutil.chown(folder, user)
        backup, wal = folder / "backup", folder / "wal"
        run(BACKUP, user, {"SERVER": databases.server_url, "BACKUP": str(backup)})
        acknowledged: list[Acknowledged] = []
        with closing(psycopg2.connect(database.url)) as session:
            session.autocommit = True
            ((first,),) = _rows(session, FLUSHED)

            def note() -> None:
                reached = {
                    (topic, number): at for topic, number, at in _rows(session, NEXT_OFFSETS)
                }
                ((flushed,),) = _rows(session, FLUSHED)
                acknowledged.append(Acknowledged(int(flushed), reached))

            played = Run(database, locks, seed)
            played.on_acknowledged(note)
            ran = played.play()
            ((end,),) = _rows(session, FLUSHED)
        wal.mkdir()
        for segment in (databases.data_dir / "pg_wal").iterdir():
            if segment.is_file():
                shutil.copy2(segment, wal)
    return History(seed, played, ran, backup, wal, user, int(first), int(end), acknowledged)


def _rows(session: Any, question: str) -> list[tuple[Any, ...]]:
    with session.cursor() as work:
        work.execute(question)
        found: list[tuple[Any, ...]] = work.fetchall()
        return found
