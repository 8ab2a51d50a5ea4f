"""In which order purchased classes are listed by a time."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Literal, Self, TypeAlias

from msgspec import Struct

from projections.reading.instants import instant, microseconds
from projections.reading.page import Key
from projections.reading.people import LOWEST
from projections.reading.purchased_class import PurchasedClass

Timed: TypeAlias = Literal["purchased_at", "last_reported_at"]

NEVER: Final = -(2**61)
"""The time of a class without one, in keys: before every other."""

LATEST: Final = 2**61

FIRST_CLASS = ("\x01", LOWEST)
"""Behind the rows of class '' and before every other: no text without NUL is smaller."""

LAST_CLASS = "\U0010ffff"
"""Not before any class: no printable text is greater."""


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


def start(order: Order, partner_id: int, after: Key | None) -> Key:
    """What a partner's rows stand behind in the order of (time, class code, person)."""
    last = (LAST_CLASS, LOWEST)
    first = FIRST_CLASS
    if after is None:
        return (LATEST, *last) if order.descending else (NEVER, *first)
    at, of, class_code, person = after
    if partner_id == of:
        return (at, class_code, person)
    return (at, *first) if partner_id > of else (at, *last)


_EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)
"""The least that is not taken for infinity."""


def bound(at: int) -> datetime:
    """A time for a statement; asyncpg takes the naive ends of the calendar for infinity."""
    if at == NEVER:
        return datetime.min  # noqa: DTZ901
    if at == NEVER + 1:
        return _EARLIEST
    return datetime.max if at == LATEST else instant(at)  # noqa: DTZ901
