"""Turns, where few may be at once: whoever waits too long for one is told to come again."""

import asyncio
from collections import deque
from types import TracebackType
from typing import Final

from domain.telling import tell
from services.http.away import TooManyQuestions

WAIT_SECONDS: Final = 30.0
LOOKS: Final = 10
"""How often, in that time, it is looked who waits too long: no question pays for a timer of its own."""


class Turns:
    """So many turns at once, in the order in which they are asked for.

    ``async with turns`` waits for one and holds it. Raises TooManyQuestions.
    """

    def __init__(self, at_once: int, whose: str) -> None:
        self._free = at_once
        self._waiting: deque[tuple[asyncio.Future[None], float]] = deque()
        self._looking: asyncio.TimerHandle | None = None
        self._refusal = tell(
            "%(count)s %(what)s are being answered; ask again later", count=at_once, what=whose
        )

    async def take(self) -> None:
        """Waits for a turn, which ``release`` ends. Raises TooManyQuestions."""
        if self._free:
            self._free -= 1
            return
        loop = asyncio.get_running_loop()
        given: asyncio.Future[None] = loop.create_future()
        self._waiting.append((given, loop.time()))
        if self._looking is None:
            self._looking = loop.call_later(WAIT_SECONDS / LOOKS, self._look, loop)
        try:
            await given
        except asyncio.CancelledError:
            if given.done() and not given.cancelled() and given.exception() is None:
                self.release()
            raise

    def release(self) -> None:
        """Ends a turn: it is the next one's who waits."""
        while self._waiting:
            given, _ = self._waiting.popleft()
            if not given.done():
                given.set_result(None)
                return
        self._free += 1

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tells those who wait too long."""
        while self._waiting and loop.time() - self._waiting[0][1] >= WAIT_SECONDS:
            given, _ = self._waiting.popleft()
            if not given.done():
                given.set_exception(TooManyQuestions(self._refusal))
        self._looking = None
        if self._waiting:
            self._looking = loop.call_later(WAIT_SECONDS / LOOKS, self._look, loop)

    async def __aenter__(self) -> None:
        await self.take()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
