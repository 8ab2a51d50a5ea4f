"""Work behind the intake that may wait some seconds: in larger steps it costs less."""

from collections.abc import Callable
from time import monotonic
from typing import Final

from projections.status.rejudge import Transaction

LOOK_SECONDS: Final = 5.0


class Pausing:
    """Takes a step every five seconds, and at once where more waits than a step takes."""

    def __init__(
        self, step: Callable[[Transaction], bool], clock: Callable[[], float] = monotonic
    ) -> None:
        """``step`` returns whether more waits."""
        self._step = step
        self._clock = clock
        self._look_at = 0.0

    def look(self, opened: Transaction) -> int:
        """Takes a step where that is due; returns whether more waits, as a number."""
        if self._clock() < self._look_at:
            return 0
        waits = self._step(opened)
        self._look_at = 0.0 if waits else self._clock() + LOOK_SECONDS
        return int(waits)
