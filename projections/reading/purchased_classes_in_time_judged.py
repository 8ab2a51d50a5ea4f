"""Purchased classes in order of a time where no row tells it: all that the filter leaves are judged, and sorted.

Of the keys as many are kept as fit, and those that are listed are judged once more.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Final

from projections.reading import purchased_classes
from projections.reading.catalogue import Known
from projections.reading.class_filter import Filter
from projections.reading.class_order import Order
from projections.reading.evidence import people
from projections.reading.page import Key, Page
from projections.reading.people import names
from projections.reading.purchased_class import PurchasedClass, answer_of, shown
from projections.reading.session import Session

KEYS_KEPT: Final = 100_000
JUDGED_AT_ONCE: Final = 250


async def pages(
    session: Session,
    known: Known,
    wanted: Filter,
    order: Order,
    as_of: int | None,
    after: Key | None,
) -> AsyncIterator[Page[PurchasedClass]]:
    """The list behind the key ``after``: everything is judged, as often as there are ``KEYS_KEPT`` more to list."""
    while True:
        keys: list[Key] = []
        cut = False
        everything = purchased_classes.pages(session, known, wanted, as_of, None, JUDGED_AT_ONCE)
        async for page in everything:
            for key, item in page.items:
                timed = (order.time_of(item), *key)
                if order.is_behind(timed, after):
                    keys.append(timed)
            if len(keys) > 2 * KEYS_KEPT:
                cut, keys = True, _first(keys, order)
        cut, keys = cut or len(keys) > KEYS_KEPT, _first(keys, order)
        for start in range(0, len(keys), JUDGED_AT_ONCE):
            some = keys[start : start + JUDGED_AT_ONCE]
            yield Page(await _again(session, known, some, as_of), some[-1], len(some))
        if not cut:
            return
        after = keys[-1]


def _first(keys: list[Key], order: Order) -> list[Key]:
    return sorted(keys, reverse=order.descending)[:KEYS_KEPT]


async def _again(
    session: Session, known: Known, keys: Sequence[Key], as_of: int | None
) -> list[tuple[Key, PurchasedClass]]:
    """The items of keys, as of a time."""
    by_partner: dict[int, set[int]] = defaultdict(set)
    for _, partner_id, _, person in keys:
        by_partner[partner_id].add(person)
    held = {
        partner_id: await people(session, partner_id, known.of(partner_id), who)
        for partner_id, who in by_partner.items()
    }
    who = await names(session, (person for *_, person in keys))
    items: list[tuple[Key, PurchasedClass]] = []
    for key in keys:
        _, partner_id, class_code, person = key
        rules = known.of(partner_id)
        evidence = held[partner_id].of_class(person, class_code)
        answer = answer_of(class_code, evidence, rules, as_of)
        items.append((key, shown(partner_id, who[person], class_code, answer, rules, as_of)))
    return items
