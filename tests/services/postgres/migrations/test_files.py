"""Migrations are files that say what they are; what was released stays as it is; the linter finds locks."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.postgres.migrations import baseline, release
from services.postgres.migrations.files import MigrationMalformed, in_order, numbered, parsed
from services.postgres.migrations.stored_format import fingerprint
from tests.lint_migrations import lint
from tests.services.postgres.migrations.made_up import migration

WELL = "-- It is so.\n-- kind: expand\n-- runs: in one transaction\n-- takes: no time\n\n-- name: a\nSELECT 1;\n"


def test_a_file_says_what_it_is() -> None:
    found = parsed("0007_it_is_so.sql", WELL)
    assert (found.number, found.name, found.description) == (7, "it_is_so", "It is so.")
    assert (found.kind, found.runs, found.takes) == ("expand", "in one transaction", "no time")
    assert dict(found.statements) == {"a": "SELECT 1;"}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("7_short.sql", WELL),
        ("0007_no_kind.sql", WELL.replace("-- kind: expand\n", "")),
        ("0007_other_kind.sql", WELL.replace("expand", "widen")),
        ("0007_no_way.sql", WELL.replace("-- runs: in one transaction\n", "")),
        ("0007_no_time.sql", WELL.replace("-- takes: no time\n", "")),
        ("0007_no_description.sql", WELL.replace("-- It is so.\n", "")),
        ("0007_chunks.sql", WELL.replace("in one transaction", "in chunks of 10")),
        ("0007_chunk.sql", WELL.replace("name: a", "name: chunk\nSELECT 1\n-- name: total")),
        ("0007_format.sql", WELL.replace("-- takes", "-- stored format: 2\n-- takes")),
        ("0007_statement.sql", "SELECT 1;\n" + WELL),
    ],
)
def test_a_file_that_does_not_is_refused(file: str, text: str) -> None:
    with pytest.raises(MigrationMalformed):
        parsed(file, text)


def test_numbers_have_no_gaps() -> None:
    assert [each.number for each in baseline.migrations()] == list(
        range(1, len(baseline.migrations()) + 1)
    )
    with pytest.raises(MigrationMalformed):
        in_order([migration(1, "SELECT 1"), migration(3, "SELECT 1")])
    with pytest.raises(MigrationMalformed):
        in_order([migration(1, "SELECT 1"), migration(1, "SELECT 1")])


def test_what_was_released_has_not_changed() -> None:
    assert release.changed() == []


def test_a_release_freezes_what_is_there(tmp_path: Path) -> None:
    for file in release.FOLDER.glob("[0-9]*.sql"):
        shutil.copy(file, tmp_path)
    release.release(tmp_path)
    assert release.noted(tmp_path).keys() >= {"0001_baseline", "stored_format_1"}
    assert release.changed(tmp_path) == []
    release.release(tmp_path)
    frozen = tmp_path / release.BASELINE_FILE
    frozen.write_text(frozen.read_text() + "\n-- name: more\nSELECT 1;\n")
    assert release.changed(tmp_path) == ["0001_baseline"]
    with pytest.raises(ValueError, match="0001_baseline"):
        release.release(tmp_path)
    frozen.unlink()
    assert release.changed(tmp_path) == ["0001_baseline"]


def test_the_frozen_baseline_runs_what_the_scripts_say() -> None:
    frozen = parsed(release.BASELINE_FILE, release.frozen_text())
    assert list(frozen.statements) == list(baseline.scripts())
    for name, script in baseline.scripts().items():
        bare = "\n".join(line for line in script.splitlines() if not line.startswith("--"))
        assert frozen.statements[name] == bare.strip()


def test_a_released_stored_format_does_not_change(tmp_path: Path) -> None:
    (tmp_path / release.NOTES).write_text("stored_format_1 of_another_day\n")
    assert release.changed(tmp_path) == ["stored_format_1"]
    (tmp_path / release.NOTES).write_text(
        f"stored_format_0 past\nstored_format_1 {fingerprint()}\n"
    )
    assert release.changed(tmp_path) == []


def test_the_fingerprint_is_the_same_in_every_process() -> None:
    program = (
        "from services.postgres.migrations.stored_format import fingerprint; print(fingerprint())"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == fingerprint()


def test_no_migration_stops_writers() -> None:
    assert lint(sorted(release.FOLDER.glob("[0-9]*.sql"))) == 0
    assert [each.number for each in numbered()][-1:] == [len(baseline.migrations())]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX slow ON ledger.stored_event (happened)",
        "ALTER TABLE ledger.lane ADD COLUMN more integer NOT NULL",
        "ALTER TABLE ledger.lane ALTER COLUMN topic TYPE varchar(9)",
        "ALTER TABLE ledger.lane ADD CONSTRAINT odd CHECK (partition > 0)",
    ],
)
def test_the_linter_finds_what_would(tmp_path: Path, statement: str) -> None:
    file = tmp_path / "0009_it_locks.sql"
    file.write_text(WELL.replace("SELECT 1", statement))
    assert lint([file]) != 0
