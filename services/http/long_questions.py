"""Turns for questions that judge many rows again: few at once, none without an end.

Each keeps a connection and most of the process's time. Who waits too long for a turn, or for the answer, is told so.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from services.http.database import DatabaseAway, QuestionTooLong

AT_ONCE: Final = 3
WAIT_SECONDS: Final = 30.0
ANSWER_SECONDS: Final = 120.0


class TooManyLongQuestions(DatabaseAway):
    """As many long questions as are answered at once are being answered; this one may be asked again later."""


class LongQuestions:
    """The turns of one process."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits for a turn and holds it, with an end to both. Raises TooManyLongQuestions, QuestionTooLong."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise TooManyLongQuestions(
                f"{AT_ONCE} questions with as_of over many rows are being answered; ask again later"
            ) from None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                yield
        except TimeoutError:
            raise QuestionTooLong(
                f"this question took more than {ANSWER_SECONDS:g} seconds; ask about less, or for the list as a file"
            ) from None
        finally:
            self._free.release()
