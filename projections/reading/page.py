"""Pages of a list, in the order of its keys."""

from typing import Any, Generic, TypeAlias, TypeVar

from msgspec import Struct

Key: TypeAlias = tuple[Any, ...]
"""Where an item stands in its list; a list goes on behind a key."""

T = TypeVar("T")


class Page(Struct, Generic[T]):
    """Some items with their keys, and how far the list was read for them.

    ``examined`` counts the rows that were read, more than the items when the answer's own filters dropped some.
    """

    items: list[tuple[Key, T]]
    reached: Key
    examined: int
