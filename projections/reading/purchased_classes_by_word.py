"""Purchased classes of now in order of the partner's latest word: sources for purchased_classes_in_time.py.

Of one partner three kinds of rows are merged: those that were reported on, by the index of what the project service
follows; those of participants of whom it has not followed everything, who are judged; and those that were never
reported on, which stand before all others.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from projections.reading import watched
from projections.reading.catalogue import Known
from projections.reading.class_filter import Filter
from projections.reading.class_keys import Read, Sorted, Source
from projections.reading.class_order import NEVER, Order, start
from projections.reading.evidence import AT_ONCE, classes_of, people
from projections.reading.instants import instant
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
) -> list[Source] | None:
    """The sources of all partners; None: what is followed may not be asked."""
    behind = None
    if wanted.purchase != "none":
        behind = await watched.touched(session, wanted.partner_ids)
    if behind is None:
        return None
    found: list[Source] = []
    for partner_id in sorted(wanted.partner_ids):
        codes = wanted.codes(known, partner_id, None)
        if codes is not None and not codes:
            continue
        persons = behind.get(partner_id, [])
        keys = await _judged(session, known, partner_id, wanted, codes, persons)
        found.append(Sorted(order, keys, after))
        never = codes
        if _narrow(wanted, codes) == ANY:
            never = await watched.never_reported(session, partner_id, wanted)
        for name, among in (("never", never), ("by_word", codes)):
            place = (after, at_once)
            of = _read(session, partner_id, name, wanted, order, among, persons, *place)
            if of is not None:
                found.append(of)
    return found


def _read(
    session: Session,
    partner_id: int,
    name: str,
    wanted: Filter,
    order: Order,
    codes: Sequence[str] | None,
    persons: Sequence[int],
    after: Key | None,
    at_once: int,
) -> Read | None:
    """One partner's rows of one kind; None where no row can be wanted."""
    behind = start(order, partner_id, after)
    since = instant(wanted.stalled_since)
    is_open = "is_open AND last_reported < $16" if since else "$16::timestamptz IS NULL"
    narrow = _narrow(wanted, codes)
    if codes == []:
        return None
    if name == "never":
        if wanted.completion not in {None, "never_reported"} or wanted.is_of_reported():
            return None
        if not order.descending and behind[0] > NEVER:
            return None
        wanted = structs.replace(wanted, completion="never_reported")
        if behind[0] != NEVER:
            behind = (NEVER, *start(order, partner_id, None)[1:])
    elif wanted.completion == "never_reported":
        return None
    elif narrow != ANY:
        name = "few_by_word"
    way = ("<", "DESC") if order.descending else (">", "")
    parts = dict(zip(("further", "way"), way, strict=True)) | {"open": is_open}
    statement = filled(watched.SQL[name], {**parts, "narrow": narrow})
    statement = filled(statement, {"filters": watched.SQL["filters"]})
    values = (*wanted.columns(codes), list(persons), since)
    return Read(session, partner_id, statement, values, behind, at_once)


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
