"""The API's connections to PostgreSQL: asyncpg, reading only.

Nothing connects before the first question, and a database that went away is asked again by the next one.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from copy import copy
from typing import Any, Final, TypeAlias, TypeVar

import asyncpg
from asyncpg.connect_utils import SessionAttribute
from psycopg2.extensions import parse_dsn

from domain.telling import tell
from services.http.away import LOST, UNABLE, DatabaseAway, translated
from services.http.pacing import Pace, PacedSession
from services.http.turns import Turns
from services.logs import pairs
from services.postgres.tls import tls_failure

log = logging.getLogger("tuntas.api")

T = TypeVar("T")
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Session: TypeAlias = PacedSession

CONNECTIONS: Final = 14
QUESTIONS_OF_SHARE: Final = 4
"""How many connections the questions of one token may hold at once."""
EXPORTS: Final = 4
"""How many connections long reading may hold: the rest stays for answers that people wait for."""
EXPORTS_OF_SHARE: Final = 2
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


class Connections:
    """A few connections that read.

    The last one given back is the first one taken, so that few connections serve what few can. What asyncpg's own
    pool does beside that (a reset query and a task for each release) takes as long as a small question.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._idle: list[Connection] = []
        self._free = Turns(CONNECTIONS, tell("questions"))
        self._is_closed = False

    async def close(self) -> None:
        """Closes the idle connections, and each other one when it is given back."""
        self._is_closed = True
        while self._idle:
            session = self._idle.pop()
            try:
                await session.close(timeout=CLOSE_TIMEOUT_SECONDS)
            except (*LOST, *UNABLE):
                session.terminate()

    async def take(self) -> Connection:
        """A connection, one of the idle ones or a new one. Raises DatabaseAway or what asyncpg raises."""
        if self._is_closed:
            raise DatabaseAway(tell("the API is stopping"))
        await self._free.take()
        try:
            while self._idle:
                session = self._idle.pop()
                if not session.is_closed():
                    return session
            return await self._connect()
        except BaseException:
            self._free.release()
            raise

    async def _connect(self) -> Connection:
        """A new connection; why it cannot be trusted is told to the operator's log, not to who asks the API."""
        # To asyncpg these sessions, which read only, are "read-write" of no server.
        leads = parse_dsn(self._url).get("target_session_attrs") == "read-write"
        try:
            return await asyncpg.connect(
                self._url,
                target_session_attrs=SessionAttribute.primary if leads else None,
                timeout=CONNECT_TIMEOUT_SECONDS,
                command_timeout=COMMAND_TIMEOUT_SECONDS,
                server_settings=SESSION_SETTINGS,
            )
        except (OSError, asyncpg.InterfaceError) as error:
            if (why := tls_failure(error, self._url)) is None:
                raise
            log.error("database not reached %s", pairs(why=why))  # noqa: TRY400 - a sentence says it
            raise DatabaseAway(tell("the database cannot be reached")) from error

    def give_back(self, session: Connection) -> None:
        """Ends the use of a connection that is in order, or knows that it is closed."""
        if self._is_closed:
            session.terminate()
        elif not session.is_closed():
            self._idle.append(session)
        self._free.release()

    def throw_away(self, session: Connection) -> None:
        """Ends the use of a connection that something may still be on its way through."""
        session.terminate()
        self._free.release()


class Share:
    """How many questions and exports of one token may be answered at once."""

    def __init__(self, questions: int, exports: int) -> None:
        self.questions = Turns(questions, tell("questions of this token"))
        self.exports = Turns(exports, tell("exports of this token"))


class Database:
    """What questions are asked of: the whole, or one token's share of it."""

    def __init__(self, database_url: str) -> None:
        self._connections = Connections(database_url)
        self._pace = Pace()
        self._exports = Turns(EXPORTS, tell("exports"))
        self._share = Share(CONNECTIONS, EXPORTS)

    def share(self) -> "Database":
        """The same for one token, whose questions take turns where they are many, so that others find room."""
        shared = copy(self)
        shared._share = Share(QUESTIONS_OF_SHARE, EXPORTS_OF_SHARE)  # noqa: SLF001 - one of its own kind
        return shared

    async def close(self) -> None:
        """Closes the connections."""
        await self._connections.close()

    async def read(self, question: Callable[[Session], Awaitable[T]]) -> T:
        """The answer of ``question`` on some connection; asked twice when the first one was lost.

        Raises DatabaseAway.
        """
        return await self._asked(question, in_snapshot=False)

    async def read_snapshot(self, question: Callable[[Session], Awaitable[T]]) -> T:
        """As ``read``, with everything in one snapshot."""
        return await self._asked(question, in_snapshot=True)

    async def write(self, statement: str, *values: Any) -> None:
        """Runs one statement that changes what the API keeps of its own. Raises DatabaseAway."""
        async with self._share.questions:
            try:
                session = await self._connections.take()
                try:
                    async with session.transaction():
                        await session.execute("SET TRANSACTION READ WRITE")
                        await session.execute(statement, *values)
                except BaseException:
                    self._connections.throw_away(session)
                    raise
                self._connections.give_back(session)
            except Exception as error:
                raise translated(error) from error

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Session]:
        """A connection in one snapshot, for long reading. Raises DatabaseAway."""
        try:
            async with self._share.exports, self._exports:
                session = await self._connections.take()
                paced = PacedSession(session, self._pace)
                try:
                    async with session.transaction(isolation="repeatable_read", readonly=True):
                        yield paced
                except BaseException:
                    self._connections.throw_away(session)
                    raise
                finally:
                    paced.done()
                self._connections.give_back(session)
        except Exception as error:
            raise translated(error) from error

    async def _asked(self, question: Callable[[Session], Awaitable[T]], *, in_snapshot: bool) -> T:
        questions = self._share.questions
        await questions.take()
        try:
            return await self._once(question, in_snapshot)
        except LOST:
            pass
        except Exception as error:
            raise translated(error) from error
        finally:
            questions.release()
        async with questions:
            try:
                return await self._once(question, in_snapshot)
            except Exception as error:
                raise translated(error) from error

    async def _once(self, question: Callable[[Session], Awaitable[T]], in_snapshot: bool) -> T:
        session = await self._connections.take()
        paced = PacedSession(session, self._pace)
        try:
            if in_snapshot:
                async with session.transaction(isolation="repeatable_read", readonly=True):
                    answer = await question(paced)
            else:
                answer = await question(paced)
        except asyncpg.PostgresError:
            # The server's own word: the connection is in order, or knows that it is closed.
            self._connections.give_back(session)
            raise
        except BaseException:
            # Whatever else it was, an answer may still be on its way through this connection.
            self._connections.throw_away(session)
            raise
        finally:
            paced.done()
        self._connections.give_back(session)
        return answer
