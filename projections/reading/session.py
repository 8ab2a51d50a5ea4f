"""What the read side needs of a database connection."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol


class Session(Protocol):
    """The part of an asyncpg connection that reads.

    Queries take ``$1`` parameters; rows are read by position or by column name.
    """

    async def fetch(self, query: str, *values: Any) -> Sequence[Any]:
        """Every row of a query."""

    async def fetchrow(self, query: str, *values: Any) -> Any:
        """The first row of a query, or None."""


class SnapshotSession(Session, Protocol):
    """A connection in one snapshot, which reads what is too much to be held at once."""

    def parts(self, query: str, *values: Any) -> AsyncIterator[Sequence[Any]]:
        """The rows of a query, some at a time."""

    async def step(self) -> None:
        """Waits for a turn before work that takes a while."""
