"""Every command that needs the database ends with one sentence and a code of its own on one that does not fit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.postgres.connect import close, connect, transaction
from services.postgres.migrations.run import migrate
from tests.services.cli.commands import run

COMMANDS = [
    ["ingest"],
    ["project"],
    ["api"],
    ["rebuild"],
    ["status"],
    ["status", "--json"],
    ["report", "--out", "report.html"],
    ["export", "purchased-classes", "--out", "rows.csv"],
]
UNFIT = 3


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    return empty_database_url


def change(database_url: str, *statements: str) -> None:
    session = connect(database_url, "test")
    try:
        with transaction(session) as work:
            for statement in statements:
                work.execute(statement)
    finally:
        close(session)


def migrated(database_url: str) -> None:
    session = connect(database_url, "test")
    migrate(session)
    close(session)


def empty(_database_url: str) -> str:
    return "Run `tuntas migrate`"


def older(database_url: str) -> str:
    migrated(database_url)
    change(database_url, "DELETE FROM tuntas.migration WHERE number > 1")
    return "Run `tuntas migrate`"


def newer(database_url: str, kind: str = "contract") -> str:
    migrated(database_url)
    change(
        database_url,
        "INSERT INTO tuntas.migration (number, name, kind, checksum, program, finished) "
        f"VALUES (9000, 'of_tomorrow', '{kind}', '', '9.9.9', now())",
    )
    return "newer version"


def expanded(database_url: str) -> str:
    return newer(database_url, "expand")


def foreign(database_url: str) -> str:
    change(database_url, "CREATE TABLE orders (id integer)")
    return "public.orders"


def before_versions(database_url: str) -> str:
    change(database_url, "CREATE SCHEMA ledger", "CREATE TABLE ledger.lane (lane_id integer)")
    return "before 0.2.0"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("made", [empty, older, newer, foreign, before_versions])
def test_it_ends_with_a_sentence(
    tmp_path: Path, database_url: str, command: list[str], made: Callable[[str], str]
) -> None:
    expected = made(database_url)
    ended = run(tmp_path, database_url, *command)
    assert ended.returncode == UNFIT
    assert expected in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
    assert len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_service_begins_on_a_database_that_was_expanded(
    tmp_path: Path, database_url: str, command: list[str]
) -> None:
    expected = expanded(database_url)
    ended = run(tmp_path, database_url, *command)
    if command[0] == "status":  # services of this version go on beside it, and are looked at
        assert ended.returncode == 0
    else:
        assert (ended.returncode, expected in ended.stderr) == (UNFIT, True)


@pytest.mark.parametrize("made", [newer, foreign, before_versions])
def test_migrate_leaves_it_alone(
    tmp_path: Path, database_url: str, made: Callable[[str], str]
) -> None:
    expected = made(database_url)
    for arguments in (["migrate", "--check"], ["migrate"]):
        ended = run(tmp_path, database_url, *arguments)
        assert (ended.returncode, expected in ended.stderr) == (UNFIT, True)
        assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("made", [empty, older])
def test_migrate_says_what_it_would_do_and_does_it(
    tmp_path: Path, database_url: str, made: Callable[[str], str]
) -> None:
    made(database_url)
    ended = run(tmp_path, database_url, "migrate", "--check")
    assert ended.returncode == 1
    assert "keep none of it" in ended.stdout
    assert run(tmp_path, database_url, "migrate").returncode == 0
    assert run(tmp_path, database_url, "migrate", "--check").returncode == 0
    assert run(tmp_path, database_url, "status").returncode == 0
