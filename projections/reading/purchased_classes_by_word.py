"""Purchased classes of now in order of the partner's latest word: sources for purchased_classes_in_time.py.

Of one partner three kinds of rows are merged: those that were reported on, by the index of what the project service
follows; those of participants of whom it has not followed everything, who are judged; and those that were never
reported on, which stand before all others.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import structs

from projections.reading import watched
from projections.reading.catalogue import Known
from projections.reading.class_filter import Filter
from projections.reading.class_order import NEVER, Order, bound, start
from projections.reading.evidence import AT_ONCE, classes_of, people
from projections.reading.instants import instant, microseconds
from projections.reading.page import Key
from projections.reading.purchased_class import answer_of
from projections.reading.session import Session
from projections.storage.sql import filled

ANY: Final = "true"
NARROW: Final = {
    "few": "unusual",
    "package": (
        "package_codes IS NOT NULL "
        "AND CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END IN ($10, '')"
    ),
    "classes": "class_code = ANY ($13::text[])",
}
"""How the rows of a filter are found by an index of purchased classes."""


async def sources(
    session: Session,
    known: Known,
    wanted: Filter,
    order: Order,
    after: Key | None,
    at_once: int,
) -> "list[Judged | Read] | None":
    """The sources of all partners; None: what is followed may not be asked."""
    behind = None
    if wanted.purchase != "none":
        behind = await watched.touched(session, wanted.partner_ids)
    if behind is None:
        return None
    found: list[Judged | Read] = []
    for partner_id in sorted(wanted.partner_ids):
        codes = wanted.codes(known, partner_id, None)
        if codes is not None and not codes:
            continue
        persons = behind.get(partner_id, [])
        keys = await _judged(session, known, partner_id, wanted, codes, persons)
        found.append(Judged(order, [key for key in keys if order.is_behind(key, after)]))
        never = codes
        if _narrow(wanted, codes) == ANY:
            never = await watched.never_reported(session, partner_id, wanted)
        for name, among in (("never", never), ("by_word", codes)):
            of = Read(session, name, partner_id, start(order, partner_id, after), at_once)
            if among != [] and of.prepare(wanted, order, among, persons):
                found.append(of)
    return found


class Judged:
    """Keys in the order."""

    def __init__(self, order: Order, keys: Sequence[Key]) -> None:
        self._keys = sorted(keys, reverse=not order.descending)

    async def next(self) -> Key | None:
        """The key of the next row; None: there is none."""
        return self._keys.pop() if self._keys else None


class Read:
    """One partner's rows of one kind in their order, by their keys, some read ahead."""

    def __init__(
        self, session: Session, name: str, partner_id: int, behind: Key, at_once: int
    ) -> None:
        self._session = session
        self._name = name
        self._partner_id = partner_id
        self._behind = behind
        self._at_once = at_once
        self._statement = ""
        self._values: Sequence[Any] = ()
        self._keys: list[Key] = []
        self._is_over = False

    def prepare(
        self, wanted: Filter, order: Order, codes: Sequence[str] | None, persons: Sequence[int]
    ) -> bool:
        """Makes the statement; False where no row can be wanted."""
        since = instant(wanted.stalled_since)
        is_open = "is_open AND last_reported < $16" if since else "$16::timestamptz IS NULL"
        narrow = _narrow(wanted, codes)
        name = self._name
        if name == "never":
            if wanted.completion not in {None, "never_reported"} or wanted.is_of_reported():
                return False
            if not order.descending and self._behind[0] > NEVER:
                return False
            wanted = structs.replace(wanted, completion="never_reported")
            if self._behind[0] != NEVER:
                first = start(order, self._partner_id, None)
                self._behind = (NEVER, *first[1:])
        elif wanted.completion == "never_reported":
            return False
        elif narrow != ANY:
            name = "few_by_word"
        way = ("<", "DESC") if order.descending else (">", "")
        parts = dict(zip(("further", "way"), way, strict=True)) | {"open": is_open}
        statement = filled(watched.SQL[name], {**parts, "narrow": narrow})
        self._statement = filled(statement, {"filters": watched.SQL["filters"]})
        self._values = (*wanted.columns(codes), list(persons), since)
        return True

    async def next(self) -> Key | None:
        """The key of the next row; None: there is none."""
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


def _narrow(wanted: Filter, codes: Sequence[str] | None) -> str:
    if wanted.package_code is not None:
        return NARROW["package"]
    if wanted.is_of_few():
        return NARROW["few"]
    return ANY if codes is None else NARROW["classes"]


async def _judged(
    session: Session,
    known: Known,
    partner_id: int,
    wanted: Filter,
    codes: Sequence[str] | None,
    persons: Sequence[int],
) -> list[Key]:
    """The keys of all that some participants have and that was reported on."""
    rules = known.of(partner_id)
    keys: list[Key] = []
    for first in range(0, len(persons), AT_ONCE):
        held = await people(session, partner_id, rules, persons[first : first + AT_ONCE])
        for person, state in held.states.items():
            for code in classes_of(state, rules):
                if codes is not None and code not in codes:
                    continue
                answer = answer_of(code, held.of_class(person, code), rules, None)
                at = answer.last_reported_at
                if at is not None and wanted.admits(answer):
                    keys.append((at, partner_id, code, person))
    return keys
