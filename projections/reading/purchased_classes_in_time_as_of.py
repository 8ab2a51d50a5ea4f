"""Purchased classes as of a time in the order of one: sources for purchased_classes_in_time.py.

What has its time by its row is read in order through an index. Of the latest word that is so where there was none since
then; of classes with words before and since, and of participants from whom something was withdrawn since, the ledger
says when they were spoken of, day by day from where the list begins. Whose events are not followed yet is judged.

A key is a candidate: it counts where the judgement as of the time has that time.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from msgspec import structs

from domain.days import FIRST_DAY, LAST_DAY, begin_of, day_of, end_of
from projections.reading.catalogue import Known
from projections.reading.class_filter import Filter
from projections.reading.class_order import LATEST, NEVER, Order, bound, start
from projections.reading.evidence import AT_ONCE, People, classes_of, people
from projections.reading.instants import instant, microseconds
from projections.reading.page import Key
from projections.reading.purchased_class import answer_of
from projections.reading.purchased_classes_as_of import SQL, is_lasting, values_of
from projections.reading.session import Session
from projections.reading.since_then import Since, since
from projections.status.record import Rules
from projections.storage.sql import filled

MOST_JUDGED: Final = 5_000
"""So many rows of some classes are rather judged, all of them, than looked for among all others."""

WORDS_READ: Final = 256
WORDS_AT_ONCE: Final = 24
"""So many words of a partner are read at once, and so many participants looked at."""


class Source(Protocol):
    """Keys in the order."""

    async def next(self) -> Key | None:
        """The next key; None: there is none."""


async def sources(
    session: Session,
    known: Known,
    wanted: Filter,
    order: Order,
    as_of: int,
    after: Key | None,
    at_once: int,
) -> list[Source] | None:
    """The sources of all partners; None: every row that the filter leaves is better judged."""
    if wanted.purchase == "none":
        return None
    found: list[Source] = []
    changes = await since(session, known, wanted.partner_ids, as_of)
    for partner_id in sorted(wanted.partner_ids):
        codes = wanted.codes(known, partner_id, as_of)
        if codes == [] or partner_id not in known.rules:
            continue
        changed = changes.get(partner_id)
        if changed is None:
            return None
        of = _Partner(
            session, known.of(partner_id), partner_id, wanted, order, as_of, changed, codes
        )
        if order.by == "purchased_at":
            found += await of.by_purchase(after, at_once)
        elif not changed.is_followed or await of.is_narrow():
            return None
        else:
            found += await of.by_word(after, at_once)
    return found


class _Partner:
    """What the sources of one partner have in common."""

    def __init__(
        self,
        session: Session,
        rules: Rules,
        partner_id: int,
        wanted: Filter,
        order: Order,
        as_of: int,
        changed: Since,
        codes: Sequence[str] | None,
    ) -> None:
        self.session = session
        self.rules = rules
        self.partner_id = partner_id
        self.wanted = wanted
        self.order = order
        self.as_of = as_of
        self.changed = changed
        self.codes = codes

    async def is_narrow(self) -> bool:
        """Whether few rows can be wanted."""
        if is_lasting(self.wanted) or self.wanted.package_code is not None:
            return True
        if self.codes is None:
            return False
        asked = (self.partner_id, self.codes, MOST_JUDGED)
        (count,) = await self.session.fetchrow(SQL["count_of_classes"], *asked)
        return bool(count < MOST_JUDGED)

    async def by_purchase(self, after: Key | None, at_once: int) -> list[Source]:
        wanted, package = self.wanted, self.wanted.package_code
        narrow = "true"
        if package is not None:
            narrow = SQL["narrow_package"]
        elif is_lasting(wanted):
            narrow = SQL["narrow_unusual"]
        low = NEVER + 1 if wanted.purchased_from is None else wanted.purchased_from
        high = LATEST if wanted.purchased_to is None else wanted.purchased_to
        values = (bound(low), bound(high), package, self.changed.packages)
        read = Read(self, "purchased_in_time", wanted, values, narrow, after, at_once)
        keys = await self._of_persons(self.changed.persons)
        keys += await self._of_packages()
        return [read, Sorted(self.order, keys, after)]

    async def by_word(self, after: Key | None, at_once: int) -> list[Source]:
        wanted, order = self.wanted, self.order
        found: list[Source] = [
            Sorted(order, await self._of_persons(self.changed.unfollowed), after)
        ]
        is_before = after is None or order.descending or after[0] == NEVER
        if (
            wanted.completion in {None, "never_reported"}
            and not wanted.is_of_reported()
            and is_before
        ):
            never = structs.replace(wanted, completion="never_reported")
            found.append(
                Read(self, "never_in_time", never, (self.changed.unfollowed,), "", after, at_once)
            )
        if wanted.completion != "never_reported":
            found.append(Read(self, "reported_in_time", wanted, (), "", after, at_once))
            rows = await self.session.fetch(SQL["days"], self.partner_id, day_of(self.as_of))
            found.append(SpokenOf(self, [day for (day,) in rows], after))
        return found

    def keys_of(self, held: People, rows: Iterable[tuple[int, str]]) -> list[Key]:
        """The keys of those rows (person, class code) that are listed."""
        keys: list[Key] = []
        for person, code in rows:
            if self.codes is not None and code not in self.codes:
                continue
            answer = answer_of(code, held.of_class(person, code), self.rules, self.as_of)
            if self.wanted.admits(answer):
                at = answer.last_reported_at
                if self.order.by == "purchased_at":
                    at = answer.purchases[0].purchased_at if answer.purchases else None
                keys.append((NEVER if at is None else at, self.partner_id, code, person))
        return keys

    async def _of_persons(self, persons: Sequence[int]) -> list[Key]:
        keys: list[Key] = []
        for first in range(0, len(persons), AT_ONCE):
            keys += await self.all_keys_of(persons[first : first + AT_ONCE])
        return keys

    async def all_keys_of(self, persons: Sequence[int]) -> list[Key]:
        """The keys of all that some participants have."""
        held = await people(self.session, self.partner_id, self.rules, persons)
        rows = [
            (person, code)
            for person, state in held.states.items()
            for code in classes_of(state, self.rules)
        ]
        return self.keys_of(held, rows)

    async def _of_packages(self) -> list[Key]:
        """The keys of what was, or was not yet, bought with packages that were published since."""
        if not self.changed.packages:
            return []
        asked = (instant(self.as_of), self.changed.packages, self.changed.persons)
        rows = await self.session.fetch(SQL["of_packages"], self.partner_id, *asked)
        keys: list[Key] = []
        for first in range(0, len(rows), AT_ONCE):
            some = [(person, code) for code, person in rows[first : first + AT_ONCE]]
            held = await people(self.session, self.partner_id, self.rules, [who for who, _ in some])
            keys += self.keys_of(held, some)
        return keys


class Sorted:
    """Keys that are all there."""

    def __init__(self, order: Order, keys: Iterable[Key], after: Key | None) -> None:
        behind = (key for key in keys if order.is_behind(key, after))
        self._keys = sorted(behind, reverse=not order.descending)

    async def next(self) -> Key | None:
        """The next key; None: there is none."""
        return self._keys.pop() if self._keys else None


class Read:
    """Rows of one partner that a statement has in the order, some read ahead."""

    def __init__(
        self,
        of: _Partner,
        name: str,
        wanted: Filter,
        values: Sequence[Any],
        narrow: str,
        after: Key | None,
        at_once: int,
    ) -> None:
        way = ("<", "DESC") if of.order.descending else (">", "")
        parts = dict(zip(("further", "way"), way, strict=True)) | {"narrow": narrow}
        self._session = of.session
        self._partner_id = of.partner_id
        self._statement = filled(SQL[name], parts)
        self._values = (*values_of(wanted, of.as_of, of.changed, of.codes), *values)
        self._behind = start(of.order, of.partner_id, after)
        if name == "never_in_time" and self._behind[0] != NEVER:
            self._behind = (NEVER, *start(of.order, of.partner_id, None)[1:])
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


class SpokenOf:
    """Classes of one partner with words since, by the latest of then: whoever was spoken of is judged, day by day."""

    def __init__(self, of: _Partner, days: Sequence[int], after: Key | None) -> None:
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
        self._withdrew = set(of.changed.withdrew)
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
        asked = (of.partner_id, new, instant(of.as_of))
        rows = await of.session.fetch(SQL["with_later_words"], *asked)
        persons = {person for (person,) in rows}.union(self._withdrew.intersection(new))
        if persons:
            keys = await of.all_keys_of(sorted(persons))
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
