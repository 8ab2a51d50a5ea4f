"""Every kind of trouble becomes the one exception that says what to do about it."""

import psycopg2
import pytest
from psycopg2.extensions import connection

from services.postgres.connect import close, connect, transaction
from services.postgres.errors import (
    CommitUnknown,
    DatabaseUnavailable,
    LaneLost,
    LedgerConflict,
    PostgresError,
    Retry,
    StatementRefused,
    translate,
)

RAISE = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{}', MESSAGE = 'told so'; END $$"


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        ("40001", Retry),
        ("40P01", Retry),
        ("55P03", Retry),
        ("57014", Retry),
        ("08006", DatabaseUnavailable),
        ("25006", DatabaseUnavailable),
        ("53100", DatabaseUnavailable),
        ("53300", DatabaseUnavailable),
        ("57P01", DatabaseUnavailable),
        ("57P03", DatabaseUnavailable),
        ("58030", DatabaseUnavailable),
        ("XX001", DatabaseUnavailable),
        ("23505", LedgerConflict),
        ("23514", StatementRefused),
        ("22021", StatementRefused),
        ("42P01", StatementRefused),
    ],
)
def test_the_server_s_code_decides(
    session: connection, sqlstate: str, kind: type[PostgresError]
) -> None:
    with pytest.raises(PostgresError, match="told so") as raised, transaction(session) as work:
        work.execute(RAISE.format(sqlstate))
    assert type(raised.value) is kind
    assert raised.value.sqlstate == sqlstate


def test_a_refused_connection_is_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable):
        connect("postgresql://postgres@127.0.0.1:1/none", "test")


def test_a_database_url_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(StatementRefused):
        connect("postgresql://host/?no_such_parameter=1", "test")


def test_a_closed_connection_is_unavailable(session: connection) -> None:
    close(session)
    with pytest.raises(DatabaseUnavailable), transaction(session):
        pass


def test_a_terminated_backend_is_unavailable_and_the_connection_closed(session: connection) -> None:
    with pytest.raises(DatabaseUnavailable), transaction(session) as work:
        work.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert session.closed


def test_misuse_of_the_driver_is_refused(session: connection) -> None:
    with pytest.raises(StatementRefused), transaction(session) as work:
        work.execute("")


def test_a_conflict_names_its_constraint_and_not_its_row(session: connection) -> None:
    with transaction(session) as work:
        work.execute("CREATE TABLE once (secret text CONSTRAINT only_once UNIQUE)")
    with pytest.raises(LedgerConflict) as raised, transaction(session) as work:
        work.execute("INSERT INTO once VALUES ('PRK-1'), ('PRK-1')")
    assert raised.value.constraint == "only_once"
    assert "PRK-1" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_an_error_without_a_code_is_unavailable_only_when_the_connection_can_be_the_reason() -> (
    None
):
    assert type(translate(psycopg2.OperationalError("gone"))) is DatabaseUnavailable
    assert type(translate(psycopg2.InterfaceError("closed"))) is DatabaseUnavailable
    assert type(translate(psycopg2.DatabaseError("no message"))) is DatabaseUnavailable
    assert type(translate(psycopg2.ProgrammingError("no results"))) is StatementRefused


def test_messages_say_something() -> None:
    assert str(CommitUnknown()).startswith("The connection was lost during COMMIT")
    assert str(LaneLost((3, 5))) == "lanes [3, 5] moved on or belong to another worker"
