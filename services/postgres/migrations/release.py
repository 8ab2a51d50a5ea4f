"""``python -m services.postgres.migrations.release``: what is released with a version does not change any more.

It freezes the baseline, where that was not done, and notes the checksum of every migration and the fingerprint of the
stored format in released.txt. A test compares.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from services.postgres.migrations import baseline, files
from services.postgres.migrations.stored_format import STORED_FORMAT, fingerprint

FOLDER: Final = Path(__file__).parent
NOTES: Final = "released.txt"
BASELINE_FILE: Final = f"0001_{baseline.NAME}.sql"


def noted(folder: Path = FOLDER) -> dict[str, str]:
    """What was released: names to checksums, and ``stored_format_N`` to its fingerprint."""
    file = folder / NOTES
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return dict(line.split() for line in lines)


def present(folder: Path = FOLDER) -> dict[str, str]:
    """The same of what is there now."""
    found = [
        files.parsed(file.name, file.read_text(encoding="utf-8"))
        for file in sorted(folder.glob("[0-9]*.sql"))
    ]
    return {
        **{f"{migration.number:04}_{migration.name}": migration.checksum for migration in found},
        f"stored_format_{STORED_FORMAT}": fingerprint(),
    }


def changed(folder: Path = FOLDER) -> list[str]:
    """The names of what was released and is gone or another one now; formats of the past are left out."""
    now: Mapping[str, str] = present(folder)
    return [
        name
        for name, checksum in noted(folder).items()
        if now.get(name) != checksum and (name in now or not name.startswith("stored_format_"))
    ]


def release(folder: Path = FOLDER) -> None:
    """Freezes the baseline and notes what is there; raises ValueError when something noted has changed."""
    if not (folder / BASELINE_FILE).exists():
        (folder / BASELINE_FILE).write_text(frozen_text(), encoding="utf-8")
    if names := changed(folder):
        raise ValueError(f"released before, and changed since: {', '.join(names)}")
    notes = {**noted(folder), **present(folder)}
    text = "".join(f"{name} {checksum}\n" for name, checksum in notes.items())
    (folder / NOTES).write_text(text, encoding="utf-8")


def frozen_text() -> str:
    """The baseline as a file, made of the scripts as they are now."""
    header = (
        f"-- {baseline.DESCRIPTION}\n-- kind: contract\n-- runs: {files.AT_ONCE}\n"
        f"-- takes: {baseline.TAKES}\n-- stored format: {STORED_FORMAT}\n"
    )
    parts = [
        f"\n-- name: {name}\n{script.strip()}\n" for name, script in baseline.scripts().items()
    ]
    return header + "".join(parts)


if __name__ == "__main__":
    release()
