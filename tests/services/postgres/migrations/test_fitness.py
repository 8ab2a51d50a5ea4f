"""A database that this version cannot work with is told by a sentence that says what to do."""

import pytest
from psycopg2.extensions import connection, parse_dsn

from services.postgres.connect import close, connect, transaction
from services.postgres.migrations.fitness import DatabaseUnfit, check, server_fits
from services.postgres.migrations.run import migrate
from tests.services.postgres.migrations.made_up import rows


def run(session: connection, *statements: str) -> None:
    with transaction(session) as work:
        for statement in statements:
            work.execute(statement)


def sentence(session: connection, *, while_running: bool = False) -> str:
    with pytest.raises(DatabaseUnfit) as unfit:
        check(session, while_running=while_running)
    return str(unfit.value)


NEWER = (
    "INSERT INTO tuntas.migration (number, name, kind, checksum, program, finished) "
    "VALUES (9000, 'of_tomorrow', '{kind}', '', '9.9.9', {finished})"
)


def test_an_empty_database_is_to_be_migrated(session: connection) -> None:
    assert "Run `tuntas migrate`" in sentence(session)


def test_a_database_of_something_else_is_left_alone(session: connection) -> None:
    run(session, "CREATE TABLE orders (id integer)")
    assert "public.orders" in sentence(session)
    with pytest.raises(DatabaseUnfit, match=r"public\.orders"):
        migrate(session)
    assert rows(session, "SELECT to_regnamespace('tuntas'), to_regnamespace('ledger')") == [
        (None, None)
    ]


def test_a_database_without_versions_cannot_be_used(session: connection) -> None:
    run(session, "CREATE SCHEMA ledger", "CREATE TABLE ledger.lane (lane_id integer)")
    assert "before 0.2.0" in sentence(session)
    with pytest.raises(DatabaseUnfit, match="empty database"):
        migrate(session)


def test_an_older_database_is_to_be_migrated(session: connection) -> None:
    migrate(session)
    run(session, "DELETE FROM tuntas.migration WHERE number > 1")
    assert "earlier version" in sentence(session)
    assert "tuntas migrate" in sentence(session)
    assert migrate(session)
    check(session)


@pytest.mark.parametrize("kind", ["expand", "contract"])
def test_a_newer_database_needs_a_newer_program(session: connection, kind: str) -> None:
    migrate(session)
    run(session, NEWER.format(kind=kind, finished="now()"))
    assert "newer version" in sentence(session)
    assert "9.9.9" in sentence(session)
    with pytest.raises(DatabaseUnfit, match="newer version"):
        migrate(session)


@pytest.mark.parametrize("finished", ["now()", "NULL"])
def test_who_runs_already_goes_on_while_the_database_is_expanded(
    session: connection, finished: str
) -> None:
    migrate(session)
    run(session, NEWER.format(kind="expand", finished=finished))
    check(session, while_running=True)


def test_who_runs_already_stops_when_the_database_was_contracted(session: connection) -> None:
    migrate(session)
    run(session, NEWER.format(kind="contract", finished="now()"))
    assert "newer version" in sentence(session, while_running=True)


def test_a_migration_that_is_not_finished_is_waited_for(session: connection) -> None:
    migrate(session)
    run(
        session,
        "UPDATE tuntas.migration SET finished = NULL, rows_done = 5000, rows_total = 12000 WHERE number = 2",
    )
    assert "(5,000 of 12,000 rows are done)" in sentence(session)


def test_a_database_made_by_another_baseline_cannot_be_used(session: connection) -> None:
    migrate(session)
    run(session, "UPDATE tuntas.migration SET checksum = 'another' WHERE number = 1")
    assert "another migration 1 (baseline)" in sentence(session)
    with pytest.raises(DatabaseUnfit, match="another migration 1"):
        migrate(session)


def test_a_newer_stored_format_needs_a_newer_program(session: connection) -> None:
    migrate(session)
    run(session, "UPDATE tuntas.stored_format SET number = number + 1")
    assert "stored in format 2" in sentence(session)
    assert "stored in format 2" in sentence(session, while_running=True)


@pytest.mark.parametrize("change", ["SET fingerprint = 'other'", "SET number = 0"])
def test_another_stored_format_cannot_be_used(session: connection, change: str) -> None:
    migrate(session)
    run(session, f"UPDATE tuntas.stored_format {change}")
    assert "stored in another form" in sentence(session)


def test_a_server_before_18_is_refused() -> None:
    with pytest.raises(DatabaseUnfit, match=r"PostgreSQL 17, and Tuntas needs 18"):
        server_fits(170_006, "UTF8")
    server_fits(180_000, "UTF8")


def test_a_database_that_cannot_hold_every_character_is_refused(
    database_url: str, session: connection
) -> None:
    name = parse_dsn(database_url)["dbname"]
    session.autocommit = True
    with session.cursor() as work:
        work.execute(
            f"CREATE DATABASE {name}_latin TEMPLATE template0 ENCODING 'LATIN1'"
            " LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    latin = connect(database_url.replace(name, f"{name}_latin"), "test")
    with pytest.raises(DatabaseUnfit, match="LATIN1"):
        migrate(latin)
    with pytest.raises(DatabaseUnfit, match="LATIN1"):
        check(latin)
    close(latin)
    with session.cursor() as work:
        work.execute(f"DROP DATABASE {name}_latin")
