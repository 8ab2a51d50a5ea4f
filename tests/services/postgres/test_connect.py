"""Sessions, transactions, a lost COMMIT, and the schema."""

from collections.abc import Callable
from threading import Thread
from time import monotonic, sleep

import psycopg2
import pytest
from psycopg2.extensions import connection, cursor, parse_dsn

from services.postgres.connect import close, connect, transaction
from services.postgres.errors import (
    CommitUnknown,
    DatabaseUnavailable,
    LedgerConflict,
    PostgresError,
    Retry,
    StatementRefused,
)
from services.postgres.patience import GRACE_SECONDS
from tests.services.postgres.lossy_proxy import LossyProxy


def shown(session: connection, setting: str) -> str:
    with transaction(session) as work:
        work.execute(f"SHOW {setting}")
        ((value,),) = work.fetchall()
        return str(value)


def count_of(session: connection, table: str) -> int:
    with transaction(session) as work:
        work.execute(f"SELECT count(*) FROM {table}")
        ((count,),) = work.fetchall()
        return int(count)


def test_a_session_is_in_utc_named_and_bounded(database_url: str) -> None:
    session = connect(database_url, "intake", lock_timeout_seconds=1.5)
    assert shown(session, "timezone") == "UTC"
    assert shown(session, "application_name") == "intake"
    assert shown(session, "statement_timeout") == "1min"
    assert shown(session, "lock_timeout") == "1500ms"
    assert shown(session, "idle_in_transaction_session_timeout") == "1min"
    assert session.get_dsn_parameters()["keepalives_idle"] == "10"
    close(session)


SLEEPS_AT_COMMIT = """
    CREATE TABLE slow (at integer);
    CREATE FUNCTION sleeps() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(30); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER sleeps AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION sleeps();
"""


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(database_url: str) -> None:
    session = connect(database_url, "intake", statement_timeout_seconds=20)
    assert session.patience_seconds == 20 + GRACE_SECONDS
    with transaction(session) as work:
        work.execute("SELECT pg_sleep(0.1)")
    session.patience_seconds = 0.5
    began = monotonic()
    with pytest.raises(DatabaseUnavailable), transaction(session) as work:
        work.execute("SELECT pg_sleep(30)")
    assert monotonic() - began < 10
    assert session.closed


def test_whether_a_commit_without_an_answer_took_place_is_unknown(database_url: str) -> None:
    session = connect(database_url, "intake")
    with transaction(session) as work:
        work.execute(SLEEPS_AT_COMMIT)
    session.patience_seconds = 0.5
    began = monotonic()
    with pytest.raises(CommitUnknown), transaction(session) as work:
        work.execute("INSERT INTO slow VALUES (1)")
    assert monotonic() - began < 10
    assert session.closed


def test_who_sets_no_limit_waits_as_long_as_it_takes(database_url: str) -> None:
    unlimited = connect(database_url, "rebuild", statement_timeout_seconds=0)
    assert unlimited.patience_seconds is None
    close(unlimited)
    url = f"{database_url}&options=-c%20statement_timeout%3D90s"
    session = connect(url, "intake", statement_timeout_seconds=20)
    assert session.patience_seconds == 90 + GRACE_SECONDS
    close(session)


def test_parameters_of_the_url_win(database_url: str) -> None:
    url = f"{database_url}&application_name=mine&options=-c%20lock_timeout%3D3s"
    session = connect(url, "intake")
    assert shown(session, "application_name") == "mine"
    assert shown(session, "lock_timeout") == "3s"
    assert shown(session, "timezone") == "UTC"
    close(session)


def test_what_a_connection_is_for_stays_in_its_name(database_url: str) -> None:
    """So that a process's heartbeat is told from what it works on, whoever named them."""
    for url, name in (
        (database_url, "intake heartbeat"),
        (f"{database_url}&application_name=mine", "mine heartbeat"),
        (f"{database_url}&application_name={'m' * 70}", "m" * 53 + " heartbeat"),
    ):
        session = connect(url, "intake", purpose="heartbeat")
        assert shown(session, "application_name") == name
        session.close()


def track(session: connection, then: Callable[[cursor], object]) -> None:
    """Insert a row in a transaction and then do something that is to go wrong."""
    with transaction(session) as work:
        work.execute("INSERT INTO ledger.tracking VALUES (1, 1, 4, 'a')")
        then(work)


def test_an_error_rolls_back_and_the_session_stays_usable(session: connection) -> None:
    with pytest.raises(ZeroDivisionError):
        track(session, lambda _: 1 / 0)
    assert count_of(session, "ledger.tracking") == 0


def ignoring_errors(work: cursor, statement: str) -> None:
    with pytest.raises(psycopg2.Error):
        work.execute(statement)


def test_an_ignored_error_is_not_a_commit(session: connection) -> None:
    with pytest.raises(StatementRefused, match="nothing is committed"):
        track(session, lambda work: ignoring_errors(work, "SELECT 1/0"))
    assert count_of(session, "ledger.tracking") == 0


def test_a_commit_that_the_server_refuses_is_known(session: connection) -> None:
    with transaction(session) as work:
        work.execute("CREATE TABLE late (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(LedgerConflict), transaction(session) as work:
        work.execute("INSERT INTO late VALUES (1), (1)")
    assert count_of(session, "late") == 0


@pytest.mark.parametrize("delivered", [True, False])
def test_a_lost_commit_is_unknown_until_it_is_read_again(
    session: connection, database_url: str, delivered: bool
) -> None:
    proxy = LossyProxy(f"{parse_dsn(database_url)['host']}/.s.PGSQL.5432", delivered=delivered)
    name = parse_dsn(database_url)["dbname"]
    through = connect(
        f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}?sslmode=disable&gssencmode=disable",
        "test",
    )
    with pytest.raises(CommitUnknown), transaction(through) as work:
        work.execute("INSERT INTO ledger.tracking VALUES (1, 1, 4, 'a')")
    assert through.closed
    proxy.close()
    assert count_of(session, "ledger.tracking") == int(delivered)


def test_a_backend_killed_during_commit_is_unknown(
    session: connection, open_session: Callable[[], connection]
) -> None:
    with transaction(session) as work:
        work.execute(
            """
            CREATE TABLE slow (n int);
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON slow
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait();
            """
        )
    other = open_session()
    raised: list[PostgresError] = []

    def insert() -> None:
        try:
            with transaction(other) as work:
                work.execute("INSERT INTO slow VALUES (1)")
        except PostgresError as error:
            raised.append(error)

    thread = Thread(target=insert)
    thread.start()
    deadline = monotonic() + 10
    killed = False
    while not killed and monotonic() < deadline:
        with transaction(session) as work:
            work.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid = %s AND query = 'COMMIT' AND wait_event = 'PgSleep'",
                (other.info.backend_pid,),
            )
            killed = work.fetchall() == [(True,)]
        sleep(0.01)
    thread.join(timeout=10)
    assert [type(error) for error in raised] == [CommitUnknown]
    assert count_of(session, "slow") == 0


def test_a_connection_lost_before_commit_did_not_commit(
    session: connection, open_session: Callable[[], connection]
) -> None:
    other = open_session()
    suicide = "SELECT pg_terminate_backend(pg_backend_pid())"
    with pytest.raises(DatabaseUnavailable):
        track(other, lambda work: ignoring_errors(work, suicide))
    assert count_of(session, "ledger.tracking") == 0


def test_a_lock_that_is_not_granted_in_time_is_to_be_retried(
    session: connection, database_url: str
) -> None:
    hasty = connect(database_url, "test", lock_timeout_seconds=0.05)
    with transaction(session) as work:
        work.execute("LOCK TABLE ledger.lane")
        with pytest.raises(Retry), transaction(hasty) as other:
            other.execute("SELECT * FROM ledger.lane")
    close(hasty)


def test_while_no_server_leads_the_database_is_away(database_url: str) -> None:
    """Of several servers one may be up as a standby, and the leader not elected yet."""
    with pytest.raises(DatabaseUnavailable):
        connect(f"{database_url}&target_session_attrs=standby", "intake")
