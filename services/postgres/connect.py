"""Connections, transactions and the schema."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from importlib.resources import files
from typing import Final

import psycopg2
from psycopg2.extensions import (
    TRANSACTION_STATUS_INERROR,
    connection,
    cursor,
    parse_dsn,
)

from services.postgres.errors import (
    CommitUnknown,
    DatabaseUnavailable,
    StatementRefused,
    translate,
    translated,
)
from services.postgres.waiting import WaitingConnection, WaitingCursor

MIGRATION_LOCK: Final = 7_468_756_105
"""Key of the advisory lock that lets one process at a time change the schema."""


def connect(
    database_url: str,
    application_name: str,
    *,
    statement_timeout_seconds: float = 60,
    lock_timeout_seconds: float = 10,
    idle_timeout_seconds: float = 60,
) -> WaitingConnection:
    """A new connection in UTC; blocks for at most 10 seconds.

    A peer that vanished is noticed within 30 seconds (keepalives, tcp_user_timeout). The idle
    timeout ends a transaction whose owner is stopped or stuck, so that it cannot hold a lane for
    ever. Parameters in ``database_url`` win. Raises DatabaseUnavailable.
    """
    timeouts = {
        "statement_timeout": statement_timeout_seconds,
        "lock_timeout": lock_timeout_seconds,
        "idle_in_transaction_session_timeout": idle_timeout_seconds,
    }
    options = ["-c timezone=UTC"]
    options += [f"-c {name}={round(seconds * 1000)}" for name, seconds in timeouts.items()]
    with translated():
        given = parse_dsn(database_url)
        options.append(given.pop("options", ""))
        parameters = {
            "application_name": application_name,
            "connect_timeout": "10",
            "keepalives": "1",
            "keepalives_idle": "10",
            "keepalives_interval": "5",
            "keepalives_count": "4",
            "tcp_user_timeout": "30000",
            "client_encoding": "UTF8",
            **given,
            "options": " ".join(options).strip(),
        }
        session: WaitingConnection = psycopg2.connect(
            **parameters, connection_factory=WaitingConnection, cursor_factory=WaitingCursor
        )
    return session


@contextmanager
def transaction(session: connection) -> Iterator[cursor]:
    """A cursor in one transaction, committed at the end of the block, rolled back on any error.

    Raises CommitUnknown when the connection is lost during COMMIT, and the translated error of
    whatever failed before that. A lost connection is closed.
    """
    with translated():
        try:
            with session.cursor() as work:
                yield work
        except BaseException:
            roll_back(session)
            raise
    commit(session)


def roll_back(session: connection) -> None:
    """Roll back; a connection that cannot even do that is closed: the server rolls back then."""
    try:
        session.rollback()
    except psycopg2.Error:
        close(session)


def commit(session: connection) -> None:
    """Commit; see ``transaction`` for what it raises."""
    if session.info.transaction_status == TRANSACTION_STATUS_INERROR:
        # COMMIT would quietly roll back and report success.
        roll_back(session)
        raise StatementRefused("an error inside the transaction was ignored: nothing is committed")
    if session.closed:
        raise DatabaseUnavailable("the connection was lost before COMMIT")
    try:
        session.commit()
    except psycopg2.Error as error:
        # An ERROR is the server's word that it rolled back. FATAL, PANIC or silence may come
        # after the commit record was written.
        if error.diag.severity_nonlocalized == "ERROR":
            roll_back(session)
            raise translate(error) from None
        close(session)
        raise CommitUnknown(sqlstate=error.pgcode) from error


def close(session: connection) -> None:
    """Close, whatever state the connection is in."""
    with suppress(psycopg2.Error):
        session.close()


def migrate(session: connection, scripts: Sequence[str] = ()) -> None:
    """Bring the schema up to the package's ledger.sql, then ``scripts``, in that order.

    A script (idempotent SQL) runs once per text it ever had, all in one transaction under an
    advisory lock. Skipping what was applied matters: even ``CREATE INDEX IF NOT EXISTS`` waits for
    every writer of its table, and every worker migrates when it starts. Raises StatementRefused for a
    database that cannot hold every character.
    """
    ledger = files("services.postgres").joinpath("ledger.sql").read_text(encoding="utf-8")
    wanted = {sha256(script.encode()).hexdigest(): script for script in (ledger, *scripts)}
    if (encoding := session.get_parameter_status("server_encoding")) != "UTF8":
        raise StatementRefused(f"the database's encoding is {encoding}: create it with UTF8")
    with transaction(session) as work:
        work.execute("SELECT to_regclass('ledger.applied_script') IS NOT NULL")
        if work.fetchall() == [(True,)] and not wanted.keys() - applied_scripts(work):
            return
        work.execute("SET LOCAL statement_timeout = 0")
        work.execute("SET LOCAL lock_timeout = '60s'")
        work.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        work.execute("CREATE SCHEMA IF NOT EXISTS ledger")
        work.execute(
            "CREATE TABLE IF NOT EXISTS ledger.applied_script "
            "(fingerprint text PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())"
        )
        done = applied_scripts(work)
        for fingerprint, script in wanted.items():
            if fingerprint not in done:
                work.execute(script)
                work.execute("INSERT INTO ledger.applied_script VALUES (%s)", (fingerprint,))


def applied_scripts(work: cursor) -> set[str]:
    """SHA-256 of every script that ran, in hexadecimal."""
    work.execute("SELECT fingerprint FROM ledger.applied_script")
    return {fingerprint for (fingerprint,) in work.fetchall()}
