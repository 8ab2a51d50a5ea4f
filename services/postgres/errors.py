"""What can go wrong with PostgreSQL, and the one place where psycopg2's errors are translated.

Error codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2

from services.postgres.prepared import TableChanged
from services.postgres.refusal import access_refused
from services.postgres.tls import tls_sentence
from services.unworkable import Unworkable


class PostgresError(Exception):
    """PostgreSQL did not do what was asked."""

    def __init__(self, message: str | None = None, *, sqlstate: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])
        self.sqlstate = sqlstate


class DatabaseUnavailable(PostgresError):
    """PostgreSQL cannot be reached or cannot work: stop, back off, then resume.

    Refused or lost connection, shutdown, disk full, too many connections, read-only standby,
    damaged storage. The transaction did not happen. The connection is to be thrown away.
    """


class CommitUnknown(PostgresError):
    """The connection was lost during COMMIT: it happened or it did not.

    Connect again and re-read the lane row before deciding anything.
    """


class Retry(PostgresError):
    """PostgreSQL gave up on this transaction (deadlock, timeout, changed table): the same again may succeed."""


class LaneLost(PostgresError):
    """Another worker owns the lane, or it was read further: roll back and drop it."""

    def __init__(self, lane_ids: tuple[int, ...]) -> None:
        super().__init__(f"lanes {list(lane_ids)} moved on or belong to another worker")
        self.lane_ids = lane_ids


class LedgerConflict(PostgresError):
    """The row is already there: an event id of the partner, a lane position or an offset."""

    def __init__(self, message: str, *, constraint: str | None) -> None:
        super().__init__(message, sqlstate="23505")
        self.constraint = constraint


class StatementRefused(PostgresError):
    """PostgreSQL refused a statement: program and schema do not fit together."""


TOOK_TOO_LONG = "57014"
"""query_canceled: by its statement timeout."""

RETRY_CODES = frozenset({"55P03", TOOK_TOO_LONG})
"""lock_not_available; query_canceled, which is also what a statement timeout says."""

UNAVAILABLE_CLASSES = frozenset({"08", "53", "58", "F0", "XX"})
"""Connection; insufficient resources; system error; configuration file; internal error."""

UNAVAILABLE_CODES = frozenset(
    {"25006", "25P03", "25P04", "57P01", "57P02", "57P03", "57P04", "57P05"}
)
"""Read-only (a standby after a failover); session and transaction timeouts; shutdown."""


@contextmanager
def translated() -> Iterator[None]:
    """A block in which every psycopg2 error is raised as the PostgresError, or the Unworkable, it stands for.

    Errors that quote rows (class 22 and 23) lose their cause: it would carry keys into a log.
    """
    try:
        yield
    except psycopg2.Error as error:
        failure = translate(error)
        if isinstance(failure, PostgresError) and (failure.sqlstate or "")[:2] in {"22", "23"}:
            raise failure from None
        raise failure from error


def translate(error: psycopg2.Error) -> PostgresError | Unworkable:
    """The PostgresError that a psycopg2 error stands for, with the server's own sentence; Unworkable for a refusal."""
    if isinstance(error, TableChanged):
        return Retry(str(error).strip())
    code = error.pgcode
    message = error.diag.message_primary or str(error).strip().partition("\n")[0]
    if code is None:
        # libpq's own errors have no code. A lost connection arrives as OperationalError,
        # InterfaceError or plain DatabaseError, depending on the call that notices it.
        lost = isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
        away = lost or type(error) is psycopg2.DatabaseError
        return (
            DatabaseUnavailable(tls_sentence(message) or message)
            if away
            else StatementRefused(message)
        )
    refused = access_refused(code, f"PostgreSQL refuses: {message}")
    return refused or _coded(code, f"{message} ({code})", error)


def _coded(code: str, message: str, error: psycopg2.Error) -> PostgresError:
    if code == "23505":
        return LedgerConflict(message, constraint=error.diag.constraint_name)
    if code[:2] == "40" or code in RETRY_CODES:
        return Retry(message, sqlstate=code)
    if code[:2] in UNAVAILABLE_CLASSES or code in UNAVAILABLE_CODES:
        return DatabaseUnavailable(message, sqlstate=code)
    return StatementRefused(message, sqlstate=code)
