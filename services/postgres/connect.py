"""Connections and transactions."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
from services.postgres.patience import GRACE_SECONDS, WATCH
from services.postgres.refusal import refusal
from services.postgres.waiting import WaitingConnection, WaitingCursor

MOST_NAME_BYTES: Final = 63
"""PostgreSQL cuts a longer application_name off (NAMEDATALEN)."""


def connect(
    database_url: str,
    application_name: str,
    *,
    purpose: str = "",
    statement_timeout_seconds: float = 60,
    lock_timeout_seconds: float = 10,
    idle_timeout_seconds: float = 60,
) -> WaitingConnection:
    """A new connection in UTC; blocks for at most 10 seconds.

    A peer that vanished is noticed within 30 seconds (keepalives, tcp_user_timeout); one that seems to be there and
    does not answer, 10 seconds after a statement should have ended, where statements have a timeout (patience.py).
    The idle timeout ends a transaction whose owner is stopped or stuck, so that it cannot hold a lane for ever.
    Parameters in ``database_url`` win; ``purpose`` is added to the name, also where that comes from there. Raises
    DatabaseUnavailable, and Unworkable when the server refuses who asks or has no such database.
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
        if purpose:
            name = parameters["application_name"][: MOST_NAME_BYTES - 1 - len(purpose)]
            parameters["application_name"] = f"{name} {purpose}"
        try:
            session: WaitingConnection = psycopg2.connect(
                **parameters, connection_factory=WaitingConnection, cursor_factory=WaitingCursor
            )
        except psycopg2.OperationalError:
            if (refused := refusal(database_url)) is not None:
                raise refused from None
            raise
        if (seconds := _statement_timeout(session)) > 0:
            session.patience_seconds = seconds + GRACE_SECONDS
            WATCH.add(session)
    return session


def _statement_timeout(session: connection) -> float:
    """The one that is in force, in seconds; 0: none."""
    with session.cursor() as work:
        work.execute(
            "SELECT setting::integer / 1000.0 FROM pg_settings WHERE name = 'statement_timeout'"
        )
        ((seconds,),) = work.fetchall()
    session.rollback()
    return float(seconds)


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
