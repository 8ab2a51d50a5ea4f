"""Purchased classes as of a time in the order of one: sources for purchased_classes_in_time.py.

What has its time by its row, the first purchase, is read in order through an index. Of the latest word the ledger says
when somebody was spoken of, day by day from where the list begins. Whose events are not followed yet is judged.

A key is a candidate: it counts where the judgement as of the time has that time.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import structs

from domain.days import day_of
from projections.reading.catalogue import Known
from projections.reading.class_filter import Filter
from projections.reading.class_keys import Read, Sorted, Source
from projections.reading.class_order import LATEST, NEVER, Order, bound, start
from projections.reading.page import Key
from projections.reading.purchased_classes_as_of import SQL, is_lasting, values_of
from projections.reading.purchased_classes_keys_as_of import OfPartner
from projections.reading.purchased_classes_spoken_of import SpokenOf
from projections.reading.session import Session
from projections.reading.since_then import since
from projections.storage.sql import filled

MOST_JUDGED: Final = 5_000
"""So many rows of some classes are rather judged, all of them, than looked for among all others."""


async def sources(
    session: Session,
    known: Known,
    wanted: Filter,
    order: Order,
    as_of: int,
    after: Key | None,
    at_once: int,
) -> list[list[Source]] | None:
    """The sources of all partners, those of one group behind all of those before, which are read first.

    None: every row that the filter leaves is better judged.
    """
    if wanted.purchase == "none":
        return None
    timed: list[Source] = []
    never: list[Source] = []
    changes = await since(session, known, wanted.partner_ids, as_of)
    days: dict[int, list[int]] = {}
    if order.by == "last_reported_at":
        days = dict(await session.fetch(SQL["days"], list(wanted.partner_ids), day_of(as_of)))
    for partner_id in sorted(wanted.partner_ids):
        codes = wanted.codes(known, partner_id, as_of)
        if codes == [] or partner_id not in known.rules:
            continue
        changed = changes.get(partner_id)
        if changed is None:
            return None
        of = OfPartner(
            session, known.of(partner_id), partner_id, wanted, order, as_of, changed, codes
        )
        if order.by == "purchased_at":
            timed += await _by_purchase(of, after, at_once)
        elif not changed.is_followed or await _is_narrow(of):
            return None
        else:
            unfollowed = await of.keys_of_persons(changed.unfollowed)
            never += _never(of, unfollowed, after, at_once)
            timed += _by_word(of, unfollowed, days.get(partner_id, []), after)
    return [timed, never] if order.descending else [never, timed]


async def _is_narrow(of: OfPartner) -> bool:
    """Whether few rows can be wanted."""
    if is_lasting(of.wanted) or of.wanted.package_code is not None:
        return True
    if of.codes is None:
        return False
    asked = (of.partner_id, of.codes, MOST_JUDGED)
    (count,) = await of.session.fetchrow(SQL["count_of_classes"], *asked)
    return bool(count < MOST_JUDGED)


async def _by_purchase(of: OfPartner, after: Key | None, at_once: int) -> list[Source]:
    wanted, package = of.wanted, of.wanted.package_code
    narrow = "true"
    if package is not None:
        narrow = SQL["narrow_package"]
    elif is_lasting(wanted):
        narrow = SQL["narrow_unusual"]
    low = NEVER + 1 if wanted.purchased_from is None else wanted.purchased_from
    high = LATEST if wanted.purchased_to is None else wanted.purchased_to
    values = (bound(low), bound(high), package, of.changed.packages)
    read = _read(of, "purchased_in_time", wanted, values, narrow, after, at_once)
    keys = await of.keys_of_persons(of.changed.persons)
    keys += await of.keys_of_packages()
    return [read, Sorted(of.order, keys, after)]


def _never(
    of: OfPartner, unfollowed: Sequence[Key], after: Key | None, at_once: int
) -> list[Source]:
    """What has what was not reported on by then."""
    wanted, order = of.wanted, of.order
    found: list[Source] = [Sorted(order, [key for key in unfollowed if key[0] == NEVER], after)]
    is_before = after is None or order.descending or after[0] == NEVER
    if wanted.completion in {None, "never_reported"} and not wanted.is_of_reported() and is_before:
        never = structs.replace(wanted, completion="never_reported")
        values = (of.changed.unfollowed,)
        found.append(_read(of, "never_in_time", never, values, "", after, at_once))
    return found


def _by_word(
    of: OfPartner, unfollowed: Sequence[Key], days: Sequence[int], after: Key | None
) -> list[Source]:
    """What has what was reported on. ``days``: those of which the partner told something."""
    found: list[Source] = [Sorted(of.order, [key for key in unfollowed if key[0] != NEVER], after)]
    if of.wanted.completion != "never_reported":
        found.append(SpokenOf(of, days, after))
    return found


def _read(
    of: OfPartner,
    name: str,
    wanted: Filter,
    values: Sequence[Any],
    narrow: str,
    after: Key | None,
    at_once: int,
) -> Read:
    way = ("<", "DESC") if of.order.descending else (">", "")
    parts = dict(zip(("further", "way"), way, strict=True)) | {"narrow": narrow}
    behind = start(of.order, of.partner_id, after)
    if name == "never_in_time" and behind[0] != NEVER:
        behind = (NEVER, *start(of.order, of.partner_id, None)[1:])
    values = (*values_of(wanted, of.as_of, of.changed, of.codes), *values)
    return Read(of.session, of.partner_id, filled(SQL[name], parts), values, behind, at_once)
