"""Purchased classes as of a time by the partner's latest word of then, found by the ledger's days.

Whoever was spoken of is judged, since a class may have words behind it that came later. So every class is found that
was reported on by then.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from domain.days import FIRST_DAY, LAST_DAY, begin_of, end_of
from projections.reading.class_order import LATEST, NEVER, bound
from projections.reading.instants import instant, microseconds
from projections.reading.page import Key
from projections.reading.purchased_classes_as_of import SQL
from projections.reading.purchased_classes_keys_as_of import OfPartner
from projections.storage.sql import filled

WORDS_READ: Final = 256
WORDS_AT_ONCE: Final = 8
"""So many words of a partner are read at once, and so many participants looked at."""


class SpokenOf:
    """Classes of one partner by the latest word of then: whoever was spoken of is judged, day by day."""

    def __init__(self, of: OfPartner, days: Sequence[int], after: Key | None) -> None:
        """``days``: those on which anything was said, in order."""
        self._of = of
        self._after = after
        self._first, self._last = NEVER + 1, of.as_of
        if of.wanted.stalled_since is not None:
            self._last = min(self._last, of.wanted.stalled_since - 1)
        if after is not None:
            if of.order.descending:
                self._last = min(self._last, after[0])
            else:
                self._first = max(self._first, after[0])
        self._days = [day for day in days if _begin(day) <= self._last and self._first <= _end(day)]
        if not of.order.descending:
            self._days.reverse()
        self._words: list[tuple[int, int]] = []
        self._seen: set[int] = set()
        self._waiting: list[Key] = []
        self._ready: list[Key] = []

    async def next(self) -> Key | None:
        """The next key; None: there is none."""
        while not self._ready:
            if not self._words and not await self._read_on():
                if not self._waiting:
                    return None
                self._make_ready(self._waiting)
                self._waiting = []
                continue
            await self._judge_on()
        return self._ready.pop()

    async def _read_on(self) -> bool:
        """Reads the next words; False: there are none."""
        of, is_descending = self._of, self._of.order.descending
        statement = filled(SQL["words"], {"way": "DESC" if is_descending else ""})
        while self._days and not self._words:
            day = self._days[-1]
            bounds = (bound(max(self._first, _begin(day))), instant(min(self._last, _end(day))))
            asked = (of.partner_id, day, *bounds, of.changed.unfollowed, WORDS_READ)
            rows = await of.session.fetch(statement, *asked)
            self._words = [(microseconds(happened), person) for person, happened in rows]
            if len(rows) < WORDS_READ:
                self._days.pop()
            elif is_descending:
                self._last = self._words[-1][0] - 1
            else:
                self._first = self._words[-1][0] + 1
            self._words.reverse()
        return bool(self._words)

    async def _judge_on(self) -> None:
        """Judges whom the next words are of, and makes ready what no later word can stand before."""
        of, words = self._of, self._words
        spoken: set[int] = set()
        at = words[-1][0]
        while words and (len(spoken) < WORDS_AT_ONCE or words[-1][0] == at):
            at, person = words.pop()
            spoken.add(person)
        new = sorted(spoken - self._seen)
        self._seen.update(new)
        if new:
            keys = await of.all_keys_of(new)
            self._waiting += [
                key for key in keys if key[0] != NEVER and of.order.is_behind(key, self._after)
            ]
        sign = -1 if of.order.descending else 1
        self._make_ready([key for key in self._waiting if sign * (key[0] - at) <= 0])
        self._waiting = [key for key in self._waiting if sign * (key[0] - at) > 0]

    def _make_ready(self, keys: Iterable[Key]) -> None:
        self._ready = sorted(keys, reverse=not self._of.order.descending)


def _begin(day: int) -> int:
    """The first microsecond of a day; of the first one that there is: before everything."""
    return NEVER + 1 if day <= FIRST_DAY else begin_of(day)


def _end(day: int) -> int:
    """The last microsecond of a day; of the last one that there is: behind everything."""
    return LATEST if day >= LAST_DAY else end_of(day)
