"""What goes wrong in a run, drawn from its seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

import psycopg2
from psycopg2 import errors

MOST_FAULTS: Final = 8
"""Of those that end or move something, in one run."""


class CommitFault(Enum):
    """What becomes of a COMMIT."""

    NONE = auto()
    ANSWER_LOST = auto()
    NOT_DONE = auto()


class OutOfMemory(errors.OutOfMemory):
    """A statement was too much for the server."""

    pgcode = "53200"


class DiskFull(errors.DiskFull):
    """The server cannot write."""

    pgcode = "53100"


class Serialization(errors.SerializationFailure):
    """The server gave up on a transaction."""

    pgcode = "40001"


class Cancelled(errors.QueryCanceled):
    """A statement took too long."""

    pgcode = "57014"


STATEMENT_FAULTS: Final[tuple[type[psycopg2.Error], ...]] = (
    OutOfMemory,
    DiskFull,
    Serialization,
    Cancelled,
)


class Faults:
    """The dice of one run. Nothing goes wrong any more once `is_over`."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.is_over = False
        self._strikes = chance.choice((0.0, 0.004, 0.01, 0.02))
        self._lost_answers = chance.choice((0.0, 0.03, 0.15))
        self._failing = chance.choice((0.0, 0.002, 0.006))
        self._refusing = chance.choice((0.0, 0.1, 0.3))
        self._left = chance.randint(1, MOST_FAULTS)
        self.note: Callable[[str, str], None] = lambda _kind, _what: None
        """Told of what goes wrong: which kind, and what."""

    def strikes(self) -> bool:
        """Whether something breaks, or moves, at this step."""
        if self.is_over or self._left <= 0 or self._chance.random() >= self._strikes:
            return False
        self._left -= 1
        return True

    def at_commit(self) -> CommitFault:
        """What becomes of a COMMIT that is being sent."""
        if self.is_over or self._chance.random() >= self._lost_answers:
            return CommitFault.NONE
        if self._chance.random() < 0.5:
            self.note("commit answer lost", "it was committed")
            return CommitFault.ANSWER_LOST
        self.note("commit not done", "the connection was lost before")
        return CommitFault.NOT_DONE

    def at_statement(self) -> Exception | None:
        """What a statement fails with, instead of being executed."""
        if self.is_over or self._chance.random() >= self._failing:
            return None
        fault = self._chance.choice(STATEMENT_FAULTS)
        self.note("statement failed", fault.__name__)
        return fault(fault.__doc__)

    def refuses(self, what: str) -> bool:
        """Whether Kafka does not take something, or does not answer."""
        if self.is_over or self._chance.random() >= self._refusing:
            return False
        self.note("kafka away", what)
        return True
