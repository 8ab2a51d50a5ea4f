"""Turns for questions that judge many rows again: few at once, fewer of one token, none without an end.

Each keeps a connection and most of the process's time. Who waits too long for a turn, or for the answer, is told so.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.types import Receive

from domain.telling import tell
from services.http.away import QuestionTooLong
from services.http.turns import Turns

AT_ONCE: Final = 4
AT_ONCE_OF_SHARE: Final = 2
ANSWER_SECONDS: Final = 120.0


class LongQuestions:
    """The turns of one process, or one token's share of them."""

    def __init__(self, of: Turns | None = None) -> None:
        """``of``: the turns of all, of which this is a token's share."""
        self._all = of or Turns(AT_ONCE, tell("questions with as_of over many rows"))
        at_once = AT_ONCE_OF_SHARE if of else AT_ONCE
        self._of_share = Turns(at_once, tell("questions of this token with as_of over many rows"))

    def share(self) -> "LongQuestions":
        """The same for one token."""
        return LongQuestions(self._all)

    @asynccontextmanager
    async def turn(self, receive: Receive | None = None) -> AsyncIterator[None]:
        """Waits for a turn and holds it, with an end to both: also when whoever asks, by ``receive``, has left.

        Raises TooManyQuestions, QuestionTooLong.
        """
        async with self._of_share, self._all:
            try:
                async with asyncio.timeout(ANSWER_SECONDS) as deadline:
                    watching = asyncio.create_task(_end_when_left(receive, deadline))
                    try:
                        yield
                    finally:
                        watching.cancel()
            except TimeoutError:
                took = f"this question took more than {ANSWER_SECONDS:g} seconds"
                raise QuestionTooLong(
                    f"{took}; ask about less, or for the list as a file"
                ) from None


async def _end_when_left(receive: Receive | None, deadline: asyncio.Timeout) -> None:
    """Ends the question when the connection of whoever asked it has ended."""
    if receive is not None:
        while (await receive())["type"] != "http.disconnect":
            pass
        deadline.reschedule(0)
