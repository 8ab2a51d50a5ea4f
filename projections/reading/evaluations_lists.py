"""The lists of partners and institutions with their headline figures, from the sums or as of a time.

As of a time they are read from the sums over time; where these cannot say, each item is judged again when its turn
comes. A session is in one snapshot, which ``known`` is not older than.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from msgspec.structs import asdict

from domain.counting import Tally
from domain.vocabulary import PARTNER_CODES, PARTNERS
from projections.reading import evaluations_as_of as judged
from projections.reading import evaluations_days as days
from projections.reading import evaluations_links as links
from projections.reading.catalogue import Known
from projections.reading.evaluations_figures import counts
from projections.reading.evaluations_shown import (
    InstitutionHeadline,
    PartnerHeadline,
    completed_of_started,
)
from projections.reading.evaluations_sums import SQL
from projections.reading.figures import Order, flat, place_of
from projections.reading.page import Key, Page
from projections.reading.session import Session

ALL_TOGETHER: Final = 0
"""The partner id under which an institution's plain counts are kept over all partners."""


MOST_AT_ONCE: Final = 1_000
"""So many institutions are read at once where all of them are."""


async def partners(
    session: Session, known: Known, partner_ids: Sequence[int], as_of: int | None, after: Key | None
) -> AsyncIterator[Page[PartnerHeadline]]:
    """The list of partners behind the key ``after`` = (partner id)."""
    wanted = [partner_id for partner_id in sorted(partner_ids) if (partner_id,) > (after or (0,))]
    tallies: dict[int, Tally] = {partner_id: Counter() for partner_id in wanted}
    if as_of is None:
        rows = await session.fetch(SQL["partners_headlines"], wanted)
        for partner_id, metric, value, n in rows:
            tallies[partner_id][metric, value] = n
    near = None if as_of is None else await days.answering(session, known, wanted, as_of)
    if near is not None:
        kept = [days.sum_of_partner(partner_id) for partner_id in wanted]
        tallies = dict(zip(wanted, await days.headlines(session, kept, near), strict=True))
    for partner_id in wanted:
        if as_of is not None and near is None:
            everything = [(partner_id, None)]
            tallies[partner_id] = await judged.headline(session, known, everything, as_of)
        partner = PARTNER_CODES[partner_id]
        headline = PartnerHeadline(
            partner=partner,
            name=PARTNERS[partner],
            evaluation=links.evaluation("partners", partner, as_of),
            **counts(tallies[partner_id]),
        )
        yield Page([((partner_id,), headline)], (partner_id,), 1)


async def institutions(
    session: Session,
    known: Known,
    partner_ids: Sequence[int],
    as_of: int | None,
    after: Key | None,
    page_rows: int,
) -> AsyncIterator[Page[InstitutionHeadline]]:
    """The list of institutions behind the key ``after`` = (institution,)."""
    behind = after[0] if after else ""
    if as_of is not None:
        async for page in _institutions_as_of(
            session, known, partner_ids, as_of, behind, page_rows
        ):
            yield page
        return
    while True:
        rows = await session.fetch(SQL["institutions"], behind, list(partner_ids), page_rows)
        of: dict[str, dict[int, int]] = {}
        for name, partner_id, count in rows:
            of.setdefault(name, {})[partner_id] = count
        if of:
            tallies: dict[str, Tally] = {name: Counter() for name in of}
            everywhere = len(partner_ids) == len(PARTNER_CODES)
            pairs = (
                [(name, ALL_TOGETHER) for name in of] if everywhere else [row[:2] for row in rows]
            )
            columns = [[name for name, _ in pairs], [partner_id for _, partner_id in pairs]]
            headlines = await session.fetch(SQL["institutions_headlines"], *columns)
            for name, metric, value, n in headlines:
                tallies[name][metric, value] = n
            behind = max(of)
            items: list[tuple[Key, InstitutionHeadline]] = [
                ((name,), _institution(name, of[name], tallies[name], None)) for name in of
            ]
            yield Page(items, (behind,), len(of))
        if len(of) < page_rows:
            return


async def institutions_in_order(
    session: Session,
    known: Known,
    partner_ids: Sequence[int],
    as_of: int | None,
    order: Order,
    after: Key | None,
    page_rows: int,
) -> AsyncIterator[Page[InstitutionHeadline]]:
    """The list of institutions in the order of a figure, behind the key ``after`` = (place of the figure, institution).

    There are hundreds of institutions: all of them are read, whatever part is shown.
    """
    items: dict[Key, InstitutionHeadline] = {}
    async for page in institutions(session, known, partner_ids, as_of, None, MOST_AT_ONCE):
        for _, item in page.items:
            figure = dict(flat(asdict(item)))[order.figure]
            items[place_of(figure), item.institution] = item
    keys = order.sorted(list(items), after)
    for start in range(0, len(keys), page_rows):
        some = keys[start : start + page_rows]
        yield Page([(key, items[key]) for key in some], some[-1], len(some))


def _institution(
    name: str, classes: Mapping[int, int], tally: Tally, as_of: int | None
) -> InstitutionHeadline:
    counted = counts(tally)
    return InstitutionHeadline(
        institution=name,
        completed_of_started=completed_of_started(counted["completed"], counted["started"]),
        partners=[PARTNER_CODES[partner_id] for partner_id in sorted(classes)],
        classes=sum(classes.values()),
        evaluation=links.evaluation("institutions", name, as_of),
        **counted,
    )


async def _institutions_as_of(
    session: Session,
    known: Known,
    partner_ids: Sequence[int],
    as_of: int,
    behind: str,
    page_rows: int,
) -> AsyncIterator[Page[InstitutionHeadline]]:
    near = await days.answering(session, known, partner_ids, as_of)
    everywhere = len(partner_ids) == len(PARTNER_CODES)
    every = {
        name: classes
        for name in sorted(known.institutions())
        if name > behind and (classes := known.classes_of_institution(name, partner_ids, as_of))
    }
    names = list(every)
    at_once = 1 if near is None else page_rows
    for start in range(0, len(names), at_once):
        some = names[start : start + at_once]
        taught = {name: every[name] for name in some}
        tallies: dict[str, Tally] = {name: Counter() for name in taught}
        if near is None:
            for name, classes in taught.items():
                tallies[name] = await judged.headline(session, known, classes, as_of)
        else:
            pairs = [
                (name, partner_id)
                for name in taught
                for partner_id in ([ALL_TOGETHER] if everywhere else partner_ids)
            ]
            kept = [days.sum_of_institution(*pair) for pair in pairs]
            summed = await days.headlines(session, kept, near)
            for (name, _), tally in zip(pairs, summed, strict=True):
                tallies[name].update(tally)
        items: list[tuple[Key, InstitutionHeadline]] = [
            (
                (name,),
                _institution(
                    name,
                    Counter(partner_id for partner_id, _ in classes),
                    tallies[name],
                    as_of,
                ),
            )
            for name, classes in taught.items()
        ]
        yield Page(items, (some[-1],), len(some))
