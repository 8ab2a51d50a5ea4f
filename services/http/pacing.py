"""One step of a long question at a time, and short questions in between.

Judging some hundred rows takes the process some milliseconds, in which nobody else is answered. A question that read
many rows, or by many statements, therefore waits for its turn before it goes on with them: in each round of the event
loop one such question takes one step, and while short questions are being answered, a pause comes between the steps.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import asyncpg

SHORT_ROWS: Final = 50
SHORT_STATEMENTS: Final = 8
"""What a question may read before it is a long one: rows by one statement, and statements."""

ROWS_OF_PART: Final = 1_000

PAUSE_SECONDS: Final = 0.002


class Pace:
    """The turns of one process."""

    def __init__(self) -> None:
        self.short = 0
        """How many questions are being answered that are not long."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_calling = False

    async def turn(self) -> None:
        """Waits until this step may be taken."""
        loop = asyncio.get_running_loop()
        called: asyncio.Future[None] = loop.create_future()
        self._waiting.append(called)
        if not self._is_calling:
            self._is_calling = True
            loop.call_soon(self._call, loop)
        await called

    def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        """Calls the question that waits longest: its step runs in the next round, and right behind it ``_rest``."""
        while self._waiting:
            called = self._waiting.popleft()
            if not called.done():
                called.set_result(None)
                break
        loop.call_soon(self._rest, loop, loop.time())

    def _rest(self, loop: asyncio.AbstractEventLoop, began: float) -> None:
        """Pauses as long as the step took, where somebody is waiting for a short answer."""
        if not self._waiting:
            self._is_calling = False
        elif self.short:
            spent = loop.time() - began
            loop.call_later(max(spent, PAUSE_SECONDS), self._call, loop)
        else:
            loop.call_soon(self._call, loop)


class PacedSession:
    """A connection as one question reads through it."""

    def __init__(self, session: "asyncpg.Connection[asyncpg.Record]", pace: Pace) -> None:
        self._session = session
        self._pace = pace
        self._statements = 0
        self._is_short = True
        pace.short += 1

    def done(self) -> None:
        """Takes note that the question has its answer."""
        if self._is_short:
            self._is_short = False
            self._pace.short -= 1

    async def step(self) -> None:
        """Waits for a turn before work that takes a while."""
        self.done()
        await self._pace.turn()

    async def fetch(self, query: str, *values: Any) -> Sequence[Any]:
        """Every row of a query."""
        rows = await self._session.fetch(query, *values)
        self._statements += 1
        if len(rows) > SHORT_ROWS or self._statements > SHORT_STATEMENTS:
            await self.step()
        return rows

    async def parts(self, query: str, *values: Any) -> AsyncIterator[Sequence[Any]]:
        """The rows of a query, some at a time; in a snapshot only."""
        cursor = await self._session.cursor(query, *values)
        while rows := await cursor.fetch(ROWS_OF_PART):
            await self.step()
            yield rows

    async def fetchrow(self, query: str, *values: Any) -> Any:
        """The first row of a query, or None."""
        rows = await self.fetch(query, *values)
        return rows[0] if rows else None

    async def fetchval(self, query: str, *values: Any) -> Any:
        """The first value of the first row of a query, or None."""
        row = await self.fetchrow(query, *values)
        return None if row is None else row[0]
