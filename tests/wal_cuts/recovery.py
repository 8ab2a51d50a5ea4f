"""A server that comes up from a base backup and WAL that ends at some byte."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from services.embedded.postgres import EmbeddedPostgres
from tests.simulation.database import RUN, folder_in_memory
from tests.wal_cuts.history import KEPT, History

SEGMENT_BYTES: Final = 16 << 20
SEGMENTS_A_FILE: Final = 0x100
WAYS: Final = ("archive", "disk")
TAILS: Final = ("zeros", "noise", "earlier")


@contextmanager
def recovered(of: History, cut: int, way: str, tail: str) -> Iterator[EmbeddedPostgres]:
    """The server, recovered from WAL of which the bytes from ``cut`` on are something else.

    ``way``: the WAL comes from an archive, behind a restored backup, or lies in the data directory, as after a crash.
    ``tail``: zeros (a new file), noise (a torn page), or what stood there in an earlier use of the file.
    """
    with folder_in_memory() as folder:
        data, archive = folder / "data", folder / "archive"
        shutil.chown(folder, of.user)
        subprocess.run(["cp", "-a", str(of.backup), str(data)], check=True)
        archive.mkdir()
        for segment in sorted(of.wal.iterdir()):
            _copy(segment, archive / segment.name, cut, tail)
        settings = KEPT | {"restore_command": f"cp {archive}/%f %p"} if way == "archive" else KEPT
        if way == "archive":
            (data / "recovery.signal").touch()
            shutil.chown(data / "recovery.signal", of.user)
        else:
            for segment in archive.iterdir():
                shutil.move(segment, data / "pg_wal")
        for path in (archive, *archive.iterdir(), *(data / "pg_wal").iterdir()):
            shutil.chown(path, of.user)
        with EmbeddedPostgres(data, settings) as server:
            try:
                yield server
            finally:
                server.kill()  # there is nothing to keep


def _copy(segment: Path, to: Path, cut: int, tail: str) -> None:
    """The part of a segment before the cut, whole files before it, and none behind it."""
    start = _start(segment.name)
    if start >= cut:
        return
    if start + SEGMENT_BYTES <= cut:
        os.link(segment, to)
        return
    kept = cut - start
    with segment.open("rb") as source, to.open("wb") as target:
        whole = source.read()
        left = SEGMENT_BYTES - kept
        target.write(whole[:kept])
        if tail == "zeros":
            target.write(bytes(left))
        elif tail == "noise":
            target.write(random.Random(cut).randbytes(left))
        else:  # valid pages, but of places further back
            target.write((whole[:kept] * (left // kept + 1))[:left] if kept else bytes(left))


def _start(name: str) -> int:
    """The first byte of a segment, by its file's name."""
    return (int(name[8:16], 16) * SEGMENTS_A_FILE + int(name[16:], 16)) * SEGMENT_BYTES


def database_url(server: EmbeddedPostgres) -> str:
    """The URL of the run's database."""
    return server.database_url(RUN)
