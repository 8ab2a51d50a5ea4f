"""What the database cannot help now, as errors with a sentence for the asker."""

import asyncpg

from domain.telling import tell


class DatabaseAway(Exception):
    """The database cannot be reached or cannot work now; the same question may succeed later."""


class SchemaMissing(DatabaseAway):
    """The database is there, but no service has made its tables yet."""


class TooManyQuestions(DatabaseAway):
    """As many questions as may be are being answered; this one may be asked again later."""


class QuestionTooLong(DatabaseAway):
    """The database gave up on this question after its time."""


LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TargetServerAttributeNotMatched,  # of several servers none leads
    OSError,
)
UNABLE = (
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.PostgresSystemError,
    TimeoutError,
)


def translated(error: Exception) -> Exception:
    """DatabaseAway for what the database cannot help now; any other error as it is."""
    if isinstance(error, asyncpg.UndefinedTableError | asyncpg.InvalidSchemaNameError):
        return SchemaMissing(tell("the database has no tables of Tuntas yet"))
    if isinstance(error, asyncpg.QueryCanceledError):
        return QuestionTooLong(tell("this question took too long; narrow it by a filter"))
    if isinstance(error, LOST + UNABLE) or (
        isinstance(error, asyncpg.InterfaceError) and "clos" in str(error)
    ):
        return DatabaseAway(tell("the database cannot be reached"))
    return error
