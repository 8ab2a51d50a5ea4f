"""Programs of earlier versions, out of the history, to run beside today's."""

import io
import subprocess
import tarfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SOURCES = ("domain", "projections", "services")
MIGRATIONS = Path("services/postgres/migrations")


def of_commit(commit: str, folder: Path, migrations: int) -> Path | None:
    """The program as of a commit, without migrations after a number; None where the history lacks the commit."""
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
    return _without_migrations_after(migrations, folder)


def _without_migrations_after(number: int, folder: Path) -> Path:
    for file in (folder / MIGRATIONS).glob("[0-9]*.sql"):
        if int(file.name[:4]) > number:
            file.unlink()
    return folder
