"""Keys of purchased classes in the order of a time, from one place or another."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from projections.reading.class_order import NEVER, Order, bound
from projections.reading.instants import microseconds
from projections.reading.page import Key
from projections.reading.session import Session


class Source(Protocol):
    """Keys in the order."""

    async def next(self) -> Key | None:
        """The next key; None: there is none."""


class Sorted:
    """Keys that are all there."""

    def __init__(self, order: Order, keys: Iterable[Key], after: Key | None) -> None:
        behind = (key for key in keys if order.is_behind(key, after))
        self._keys = sorted(behind, reverse=not order.descending)

    async def next(self) -> Key | None:
        """The next key; None: there is none."""
        return self._keys.pop() if self._keys else None


class Read:
    """One partner's rows that a statement has in the order, some read ahead.

    Its first values are the partner, what the rows stand behind (time, class code, person), and how many are read at
    once; its columns class code, person and time, null: before all others.
    """

    def __init__(
        self,
        session: Session,
        partner_id: int,
        statement: str,
        values: Sequence[Any],
        behind: Key,
        at_once: int,
    ) -> None:
        self._session = session
        self._partner_id = partner_id
        self._statement = statement
        self._values = values
        self._behind = behind
        self._at_once = at_once
        self._keys: list[Key] = []
        self._is_over = False

    async def next(self) -> Key | None:
        """The next key; None: there is none."""
        if not self._keys and not self._is_over:
            await self._read()
        return self._keys.pop() if self._keys else None

    async def _read(self) -> None:
        at, *behind = self._behind
        found = await self._session.fetch(
            self._statement, self._partner_id, bound(at), *behind, self._at_once, *self._values
        )
        for class_code, person, time in found:
            at = NEVER if time is None else microseconds(time)
            self._keys.append((at, self._partner_id, class_code, person))
        if self._keys:
            at, _, *behind = self._keys[-1]
            self._behind = (at, *behind)
        self._keys.reverse()
        self._is_over = len(found) < self._at_once
