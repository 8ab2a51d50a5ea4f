"""The API's connections to PostgreSQL: asyncpg, reading only.

Nothing connects before the first question, and a database that went away is asked again by the next one.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias, TypeVar

import asyncpg

T = TypeVar("T")
Session: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

CONNECTIONS: Final = 10
EXPORTS: Final = 4
"""How many connections long reading may hold: the rest stays for answers that people wait for."""
CONNECT_TIMEOUT_SECONDS: Final = 5
COMMAND_TIMEOUT_SECONDS: Final = 35
CLOSE_TIMEOUT_SECONDS: Final = 5

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
    """A few connections that read.

    The last one given back is the first one taken, so that few connections serve what few can. What asyncpg's own
    pool does beside that (a reset query and a task for each release) takes as long as a small question.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._idle: list[Session] = []
        self._free = asyncio.Semaphore(CONNECTIONS)
        self._exports = asyncio.Semaphore(EXPORTS)
        self._closed = False

    async def close(self) -> None:
        """Closes the idle connections, and each other one when it is given back."""
        self._closed = True
        while self._idle:
            session = self._idle.pop()
            try:
                await session.close(timeout=CLOSE_TIMEOUT_SECONDS)
            except (*LOST, *UNABLE):
                session.terminate()

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
            async with self._exports:
                session = await self._take()
                try:
                    async with session.transaction(isolation="repeatable_read", readonly=True):
                        yield session
                except BaseException:
                    self._throw_away(session)
                    raise
                self._give_back(session)
        except Exception as error:
            raise _translated(error) from error

    async def _once(self, question: Callable[[Session], Awaitable[T]]) -> T:
        session = await self._take()
        try:
            answer = await question(session)
        except asyncpg.PostgresError:
            # The server's own word: the connection is in order, or knows that it is closed.
            self._give_back(session)
            raise
        except BaseException:
            # Whatever else it was, an answer may still be on its way through this connection.
            self._throw_away(session)
            raise
        self._give_back(session)
        return answer

    async def _take(self) -> Session:
        if self._closed:
            raise DatabaseAway("the API is stopping")
        await self._free.acquire()
        try:
            while self._idle:
                session = self._idle.pop()
                if not session.is_closed():
                    return session
            return await asyncpg.connect(
                self._url,
                timeout=CONNECT_TIMEOUT_SECONDS,
                command_timeout=COMMAND_TIMEOUT_SECONDS,
                server_settings=SESSION_SETTINGS,
            )
        except BaseException:
            self._free.release()
            raise

    def _give_back(self, session: Session) -> None:
        if self._closed:
            session.terminate()
        elif not session.is_closed():
            self._idle.append(session)
        self._free.release()

    def _throw_away(self, session: Session) -> None:
        session.terminate()
        self._free.release()


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
