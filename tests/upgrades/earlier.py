"""Programs of earlier versions, to run beside today's: out of the history, or today's without its last steps."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SOURCES = ("domain", "projections", "services")
MIGRATIONS = Path("services/postgres/migrations")


def of_commit(commit: str, folder: Path) -> Path | None:
    """The program as of a commit, below ``folder``; None where the history does not hold it (a shallow clone)."""
    archive = subprocess.run(
        ["git", "archive", "--format=tar", commit, *SOURCES],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    if archive.returncode:
        return None
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def without_migrations_after(number: int, folder: Path) -> Path:
    """Today's program as it was before later migrations were written, below ``folder``."""
    for source in SOURCES:
        shutil.copytree(
            REPOSITORY / source, folder / source, ignore=shutil.ignore_patterns("__pycache__")
        )
    for file in (folder / MIGRATIONS).glob("[0-9]*.sql"):
        if int(file.name[:4]) > number:
            file.unlink()
    return folder
