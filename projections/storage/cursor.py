"""What read models need of a database cursor: psycopg2's, or any other that does as much."""

from collections.abc import Sequence
from typing import Any, Protocol


class Cursor(Protocol):
    """Runs statements within the transaction of whoever opened it; errors are the driver's and pass through."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement answered or changed."""

    def execute(self, query: str, vars: Any = None) -> None:  # noqa: A002 - as drivers name it
        """Runs a statement with its values, by name or in order."""

    def fetchone(self) -> Any:
        """The next row of the last statement's, None behind the last one."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        """The rows of the last statement that are left."""

    def fetchmany(self, size: int = ...) -> Sequence[tuple[Any, ...]]:
        """So many of them at most."""

    def copy_expert(self, sql: str, file: Any, size: int = ...) -> None:
        """Runs a COPY statement against a file."""
