"""Turns, where few may be at once: whoever waits too long for one is told to come again."""

import asyncio
from types import TracebackType
from typing import Final

from services.http.away import TooManyQuestions

WAIT_SECONDS: Final = 30.0


class Turns:
    """So many turns at once: ``async with turns`` waits for one and holds it. Raises TooManyQuestions."""

    def __init__(self, at_once: int, whose: str) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._refusal = f"{at_once} {whose} are being answered; ask again later"

    async def take(self) -> None:
        """Waits for a turn, which ``release`` ends. Raises TooManyQuestions."""
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise TooManyQuestions(self._refusal) from None

    def release(self) -> None:
        """Ends a turn."""
        self._free.release()

    async def __aenter__(self) -> None:
        await self.take()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._free.release()
