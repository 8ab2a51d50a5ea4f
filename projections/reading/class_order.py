"""In which order purchased classes are listed by a time."""

from collections.abc import Iterable
from typing import Final, Literal, Self, TypeAlias

from msgspec import Struct

from projections.reading.instants import microseconds
from projections.reading.page import Key
from projections.reading.purchased_class import PurchasedClass

Timed: TypeAlias = Literal["purchased_at", "last_reported_at"]

NEVER: Final = -(2**61)
"""The time of a class without one, in keys: before every other."""

LATEST: Final = 2**61


class Order(Struct, frozen=True):
    """By which time, and whether the latest stands first."""

    by: Timed
    descending: bool = False

    @classmethod
    def named(cls, name: str) -> Self:
        """The order by the time of this name; `-` in front: descending."""
        return cls("purchased_at" if "purchased" in name else "last_reported_at", name[0] == "-")

    def first(self, keys: Iterable[Key]) -> Key:
        """The key that stands before the others."""
        return max(keys) if self.descending else min(keys)

    def is_behind(self, key: Key, other: Key | None) -> bool:
        """Whether a key stands behind another one."""
        return other is None or (key < other if self.descending else key > other)

    def time_of(self, item: PurchasedClass) -> int:
        """The time of an item, in microseconds UTC."""
        if self.by == "last_reported_at":
            at = item.last_reported_at
        else:
            at = item.purchases[0].purchased_at if item.purchases else None
        return NEVER if at is None else microseconds(at)
