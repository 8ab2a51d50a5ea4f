"""Migrations as they stand in files: ``NNNN_what_it_does.sql``, each with a header that says what it is.

The header's lines are comments before the first statement: first what becomes true, then

    -- kind: expand | contract
    -- runs: in one transaction | outside a transaction | in chunks of N
    -- takes: how long, and who waits meanwhile
    -- stored format: N        (only where stored events are read or written differently from here on)

Programs of the version before work on a database that was expanded, and not on one that was contracted. Statements are
headed by ``-- name: …``. A migration in chunks has two: ``total``, how many rows there are to do, and ``chunk`` with
two parameters: $1, a jsonb, is what the chunk before answered first (null before the first one), $2 the most rows to
do. It answers one row: where it ended (jsonb, null when nothing is left) and how many rows it did.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Final, Literal

from msgspec import Struct

from projections.storage.sql import statements

PACKAGE: Final = "services.postgres.migrations"
Kind = Literal["expand", "contract"]
AT_ONCE: Final = "in one transaction"
APART: Final = "outside a transaction"
IN_CHUNKS: Final = "in chunks"
_FILE: Final = re.compile(r"(\d{4})_(\w+)\.sql")
_LINE: Final = re.compile(r"-- (kind|runs|takes|stored format): (.+)")
_RUNS: Final = re.compile(rf"({AT_ONCE}|{APART})|({IN_CHUNKS}) of (\d+)")


class MigrationMalformed(ValueError):
    """A migration's file is not written as migrations are."""


class Migration(Struct, frozen=True, kw_only=True):
    """One step from a layout to the next. ``chunk_rows``: the most rows of a chunk, 0 where there are none.

    ``stored_format``: the number of the format that events are stored in from here on; None: as before.
    """

    number: int
    name: str
    description: str
    kind: Kind
    runs: str
    takes: str
    chunk_rows: int = 0
    stored_format: int | None = None
    statements: Mapping[str, str]
    checksum: str


def checksum(text: str) -> str:
    """What tells one text from another, in a line."""
    return sha256(text.encode()).hexdigest()


def numbered() -> list[Migration]:
    """The migrations in files, in order of their numbers; raises MigrationMalformed."""
    found = [
        parsed(file.name, file.read_text(encoding="utf-8"))
        for file in files(PACKAGE).iterdir()
        if file.name.endswith(".sql") and _FILE.fullmatch(file.name)
    ]
    return sorted(found, key=lambda migration: migration.number)


def parsed(file: str, text: str) -> Migration:
    """The migration of one file; raises MigrationMalformed."""
    form = _FILE.fullmatch(file)
    if form is None:
        raise MigrationMalformed(f"{file} is not named NNNN_what_it_does.sql")
    header = _header(file, text)
    kind = header.get("kind")
    if kind not in {"expand", "contract"} or "takes" not in header:
        raise MigrationMalformed(f"{file} does not say its kind, or how long it takes")
    runs = _RUNS.fullmatch(header.get("runs", ""))
    if runs is None:
        raise MigrationMalformed(f"{file} does not say how it runs")
    parts = statements(text, file)
    if (runs[2] is not None) != (parts.keys() == {"total", "chunk"}):
        raise MigrationMalformed(f"{file}: total and chunk are the statements of one in chunks")
    stored_format = header.get("stored format")
    if stored_format is not None and kind != "contract":
        raise MigrationMalformed(
            f"{file}: programs of another stored format cannot go on beside it"
        )
    return Migration(
        number=int(form[1]),
        name=form[2],
        description=header[""],
        kind="expand" if kind == "expand" else "contract",
        runs=runs[1] or IN_CHUNKS,
        takes=header["takes"],
        chunk_rows=int(runs[3] or 0),
        stored_format=None if stored_format is None else int(stored_format),
        statements=parts,
        checksum=checksum(text),
    )


def in_order(found: Iterable[Migration]) -> list[Migration]:
    """The same, from 1 without a gap; raises MigrationMalformed."""
    ordered = sorted(found, key=lambda migration: migration.number)
    if [migration.number for migration in ordered] != list(range(1, len(ordered) + 1)):
        raise MigrationMalformed("migrations are numbered from 1 without gaps")
    return ordered


def _header(file: str, text: str) -> dict[str, str]:
    """The header's lines by what they say; '' is the description. A line that begins with blanks goes on."""
    said: dict[str, str] = {}
    last = ""
    for line in text.partition("\n-- name: ")[0].splitlines():
        if found := _LINE.fullmatch(line):
            last = found[1]
            said[last] = found[2]
        elif line.startswith("--"):
            said[last] = f"{said.get(last, '')} {line[2:].strip()}".strip()
        elif line.strip():
            raise MigrationMalformed(f"{file}: a statement before the first name")
    if not said.get(""):
        raise MigrationMalformed(f"{file} does not say what becomes true")
    return said
