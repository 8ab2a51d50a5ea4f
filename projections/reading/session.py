"""What the read side needs of a database connection."""

from collections.abc import Sequence
from typing import Any, Protocol


class Session(Protocol):
    """The part of an asyncpg connection that reads.

    Queries take ``$1`` parameters; rows are read by position or by column name.
    """

    async def fetch(self, query: str, *values: Any) -> Sequence[Any]:
        """Every row of a query."""

    async def fetchrow(self, query: str, *values: Any) -> Any:
        """The first row of a query, or None."""
