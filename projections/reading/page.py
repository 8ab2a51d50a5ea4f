"""Pages of a list, in the order of its keys."""

from typing import Any, Final, Generic, TypeAlias, TypeVar

from msgspec import Struct

Key: TypeAlias = tuple[Any, ...]
"""Where an item stands in its list; a list goes on behind a key."""

PAGE_ROWS: Final = 128
"""Rows that are judged at once at most, before others get their turn."""

T = TypeVar("T")


class Page(Struct, Generic[T]):
    """Some items with their keys, and how far the list was read for them.

    ``examined`` counts the rows that were read, more than the items when the answer's own filters dropped some.
    """

    items: list[tuple[Key, T]]
    reached: Key
    examined: int


def more(rows: int) -> int:
    """How many rows to look at next, behind ``rows`` of which too few were listed."""
    return max(rows, min(2 * rows, PAGE_ROWS))
