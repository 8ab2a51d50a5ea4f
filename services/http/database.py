"""The API's connections to PostgreSQL: asyncpg, reading only.

Nothing connects before the first question, and a database that went away is asked again by the next one.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias, TypeVar

import asyncpg

T = TypeVar("T")
Session: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

CONNECTIONS: Final = 10
CONNECT_TIMEOUT_SECONDS: Final = 5
COMMAND_TIMEOUT_SECONDS: Final = 35

SESSION_SETTINGS: Final = {
    "application_name": "tuntas api",
    "default_transaction_read_only": "on",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "jit": "off",  # questions here are short; compiling them takes longer than answering
}


class DatabaseAway(Exception):
    """The database cannot be reached or cannot work now; the same question may succeed later."""


class SchemaMissing(DatabaseAway):
    """The database is there, but no service has made its tables yet."""


class QuestionTooLong(DatabaseAway):
    """The database gave up on this question after its time."""


LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    OSError,
)
UNABLE = (
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.PostgresSystemError,
    TimeoutError,
)


class Database:
    """A pool of connections that read."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def open(self) -> None:
        """Makes the pool; connects to nothing yet."""
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=CONNECTIONS,
            timeout=CONNECT_TIMEOUT_SECONDS,
            command_timeout=COMMAND_TIMEOUT_SECONDS,
            server_settings=SESSION_SETTINGS,
            reset=_keep,
        )

    async def close(self) -> None:
        """Closes every connection; what still reads has ten seconds to finish."""
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                await asyncio.wait_for(pool.close(), 10)
            except TimeoutError:
                pool.terminate()

    async def read(self, question: Callable[[Session], Awaitable[T]]) -> T:
        """The answer of ``question`` on some connection; asked twice when the first one was lost.

        Raises DatabaseAway.
        """
        try:
            return await self._once(question)
        except LOST:
            pass
        except Exception as error:
            raise _translated(error) from error
        try:
            return await self._once(question)
        except Exception as error:
            raise _translated(error) from error

    async def read_snapshot(self, question: Callable[[Session], Awaitable[T]]) -> T:
        """As ``read``, with everything in one snapshot."""

        async def in_snapshot(session: Session) -> T:
            async with session.transaction(isolation="repeatable_read", readonly=True):
                return await question(session)

        return await self.read(in_snapshot)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Session]:
        """A connection in one snapshot, for long reading. Raises DatabaseAway."""
        try:
            async with (
                self._opened().acquire() as session,
                session.transaction(isolation="repeatable_read", readonly=True),
            ):
                yield session
        except Exception as error:
            raise _translated(error) from error

    async def _once(self, question: Callable[[Session], Awaitable[T]]) -> T:
        pool = self._opened()
        session = await pool.acquire()
        try:
            return await question(session)
        finally:
            await pool.release(session)

    def _opened(self) -> "asyncpg.Pool[asyncpg.Record]":
        if self._pool is None:
            raise DatabaseAway("the API is stopping")
        return self._pool


async def _keep(_session: Any) -> None:
    """Nothing: readers leave nothing behind that a reset query would have to clear."""


def _translated(error: Exception) -> Exception:
    """DatabaseAway for what the database cannot help now; any other error as it is."""
    if isinstance(error, asyncpg.UndefinedTableError | asyncpg.InvalidSchemaNameError):
        return SchemaMissing("the database has no tables of Tuntas yet")
    if isinstance(error, asyncpg.QueryCanceledError):
        return QuestionTooLong("this question took too long; narrow it by a filter")
    if isinstance(error, LOST + UNABLE) or (
        isinstance(error, asyncpg.InterfaceError) and "clos" in str(error)
    ):
        return DatabaseAway("the database cannot be reached")
    return error
