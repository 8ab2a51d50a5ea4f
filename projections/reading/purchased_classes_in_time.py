"""The list of purchased classes in order of a time: of the first purchase, or of the partner's latest word.

Keys are (time, partner id, class code, person); descending is the whole order the other way round. A class
without the time (never reported on, never purchased) stands before all others. Each partner's rows are read in order
through an index, and the partners' rows merged: those of now here, those as of a time by
purchased_classes_in_time_as_of.py, and where neither can, every row is judged (purchased_classes_in_time_judged.py).
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from projections.reading import purchased_classes, watched
from projections.reading import purchased_classes_by_word as by_word
from projections.reading import purchased_classes_in_time_as_of as then
from projections.reading import purchased_classes_in_time_judged as judged
from projections.reading.catalogue import Known
from projections.reading.class_filter import Filter
from projections.reading.class_keys import Read, Source
from projections.reading.class_order import LATEST, NEVER, Order, bound, start
from projections.reading.page import Key, Page
from projections.reading.purchased_class import PurchasedClass
from projections.reading.purchased_classes import SQL
from projections.reading.session import Session
from projections.storage.sql import filled

FEWEST_ROWS: Final = 16
"""So many rows at least are read of a partner at once."""


async def pages(
    session: Session,
    known: Known,
    wanted: Filter,
    order: Order,
    as_of: int | None,
    after: Key | None,
    page_rows: int,
) -> AsyncIterator[Page[PurchasedClass]]:
    """The list behind the key ``after``, in pages of ``page_rows`` rows.

    The session is in one snapshot, which ``known`` is not older than.
    """
    if wanted.participant_id is not None:
        items = await purchased_classes.of_person(session, known, wanted, as_of)
        timed = [((order.time_of(item), *key), item) for key, item in items]
        for key, item in sorted(timed, reverse=order.descending, key=lambda each: each[0]):
            if order.is_behind(key, after):
                yield Page([(key, item)], key, 1)
        return
    await session.fetchrow(SQL["plans_for_the_values"])
    at_once = min(max(FEWEST_ROWS, -(-2 * page_rows // len(wanted.partner_ids))), page_rows)
    groups: Sequence[Sequence[Source]] | None
    if as_of is None:
        sources = await _sources(session, known, wanted, order, after, at_once)
        groups = None if sources is None else [sources]
    else:
        groups = await then.sources(session, known, wanted, order, as_of, after, at_once)
    if groups is None:
        async for page in judged.pages(session, known, wanted, order, as_of, after):
            yield page
        return
    keys: list[Key] = []
    for sources in groups:
        async for key in _merged(sources, order):
            keys.append(key)
            if len(keys) == page_rows:
                yield Page(await _shown(session, known, wanted, order, as_of, keys), key, len(keys))
                keys = []
    if keys:
        yield Page(await _shown(session, known, wanted, order, as_of, keys), keys[-1], len(keys))


async def _sources(
    session: Session,
    known: Known,
    wanted: Filter,
    order: Order,
    after: Key | None,
    at_once: int,
) -> Sequence[Source] | None:
    """Each partner's rows of now in the order; None: nothing has them in this order."""
    if order.by == "last_reported_at":
        return await by_word.sources(session, known, wanted, order, after, at_once)
    found: list[Source] = []
    for partner_id in sorted(wanted.partner_ids):
        of = await _read(session, known, wanted, order, partner_id, after, at_once)
        if of is not None:
            found.append(of)
    return found


async def _read(
    session: Session,
    known: Known,
    wanted: Filter,
    order: Order,
    partner_id: int,
    after: Key | None,
    at_once: int,
) -> Read | None:
    """One partner's rows in order of purchases; None where no row can be wanted."""
    codes = wanted.codes(known, partner_id, None)
    codes = await purchased_classes.narrowed(session, wanted, partner_id, codes)
    low, high = _bounds(wanted)
    if (codes is not None and not codes) or low >= high or wanted.is_of_nothing():
        return None
    name = "in_time"
    values = (*wanted.columns(codes), bound(low), bound(high))
    if wanted.package_code is not None:
        name = "of_package_in_time"
    elif wanted.is_of_few():
        name = "unusual_in_time"
    elif odd := await watched.few_odd(session, partner_id, wanted):
        name, values = "odd_in_time", (*values, *odd)
    way = ("<", "DESC") if order.descending else (">", "")
    statement = filled(SQL[name], dict(zip(("further", "way"), way, strict=True)))
    return Read(session, partner_id, statement, values, start(order, partner_id, after), at_once)


def _bounds(wanted: Filter) -> tuple[int, int]:
    """From which time on, and before which, the rows that are wanted stand."""
    if wanted.purchase == "none":
        return NEVER, NEVER + 1
    low = NEVER + 1 if wanted.purchased_from is None else wanted.purchased_from
    return low, LATEST if wanted.purchased_to is None else wanted.purchased_to


async def _merged(sources: Iterable[Source], order: Order) -> AsyncIterator[Key]:
    """The keys of all sources in one order, each once."""
    heads: dict[Key, Source] = {}
    last: Key | None = None

    async def go_on(source: Source) -> None:
        while (key := await source.next()) is not None:
            if key != last and key not in heads:
                heads[key] = source
                return

    for source in sources:
        await go_on(source)
    while heads:
        last = order.first(heads)
        source = heads.pop(last)
        yield last
        await go_on(source)


async def _shown(
    session: Session,
    known: Known,
    wanted: Filter,
    order: Order,
    as_of: int | None,
    keys: Sequence[Key],
) -> list[tuple[Key, PurchasedClass]]:
    """What is listed of these, in their order. As of a time a key says when something may stand, the judgement when."""
    by_partner: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for _, partner_id, class_code, person in keys:
        by_partner[partner_id].append((class_code, person))
    found: dict[Key, PurchasedClass] = {}
    for partner_id, rows in by_partner.items():
        found |= await purchased_classes.admitted(session, partner_id, rows, known, wanted, as_of)
    listed = ((key, found[key[1:]]) for key in keys if key[1:] in found)
    return [(key, item) for key, item in listed if as_of is None or order.time_of(item) == key[0]]
