"""Every class and every package with its headline figures, now or as of a time, in the order of any of them.

There are thousands of classes, not millions: whatever the order, all of them are put in it, by the one figure that it
asks for, and the others are read of those that are shown. A session is in one snapshot, which ``known`` is not older
than.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final, TypeVar

from msgspec import Struct

from domain.counting import Metric, Tally
from domain.vocabulary import PARTNER_CODES
from projections.reading import evaluations_as_of
from projections.reading import evaluations_days as days
from projections.reading import evaluations_links as links
from projections.reading.by_partner import ALL_PARTNERS
from projections.reading.catalogue import Known
from projections.reading.class_filter import titled
from projections.reading.evaluations_figures import counts, package_headline
from projections.reading.evaluations_shown import ClassHeadline, PackageConflict, PackageHeadline
from projections.reading.figures import (
    CLASS_METRICS,
    OF_CLASSES,
    OF_PACKAGES,
    PACKAGE_METRICS,
    Figures,
    Order,
    figure_of,
    in_order,
    place_of,
)
from projections.reading.headline_tallies import (
    SQL,
    ClassesOfDay,
    Kept,
    Named,
    PackagesOfDay,
    ReadOnce,
    Tallies,
    judged,
)
from projections.reading.instants import instant
from projections.reading.page import Key, Page
from projections.reading.session import Session

T = TypeVar("T")

NOTHING_READ: Final[Mapping[str, Mapping[Named, int]]] = MappingProxyType({})


class Filter(Struct, frozen=True, kw_only=True):
    """What the lists are narrowed to; None: not at all. ``institution`` and ``purchased_least`` are for classes."""

    partner_ids: tuple[int, ...] = ALL_PARTNERS
    institution: str | None = None
    title: str | None = None
    purchased_least: int | None = None


async def classes(
    session: Session,
    known: Known,
    wanted: Filter,
    order: Order | None,
    as_of: int | None,
    after: Key | None,
    page_rows: int,
) -> AsyncIterator[Page[ClassHeadline]]:
    """The list of classes behind the key ``after`` = (partner id, class code), in an order behind a figure's place."""
    tallies, figures = await _classes(session, known, wanted, as_of)
    purchased = figures["purchased"]
    named = [
        each
        for each in _published_or(purchased, known, wanted, as_of)
        if purchased.get(each, 0) >= (wanted.purchased_least or 0)
    ]
    keys = await _keys(tallies, named, order, OF_CLASSES, counts, after, figures)
    async for page in _pages(
        tallies, keys, page_rows, CLASS_METRICS, partial(_class, known, as_of)
    ):
        yield page


async def packages(
    session: Session,
    known: Known,
    wanted: Filter,
    order: Order | None,
    as_of: int | None,
    after: Key | None,
    page_rows: int,
) -> AsyncIterator[Page[PackageHeadline]]:
    """The list of packages behind the key ``after`` = (partner id, package code), in an order as that of classes."""
    tallies, sold = await _packages(session, known, wanted, as_of)
    codes = _codes(sold)
    named = [
        (partner_id, code)
        for partner_id in wanted.partner_ids
        for code in {*known.of(partner_id).catalogue.packages, *codes[partner_id]}
        if (title := known.of(partner_id).catalogue.package_title(code, as_of)) is not None
        or (partner_id, code) in sold
        if titled(title, wanted.title)
    ]
    keys = await _keys(tallies, named, order, OF_PACKAGES, package_headline, after)
    show = partial(_package, known, as_of)
    async for page in _pages(tallies, keys, page_rows, PACKAGE_METRICS, show):
        yield page


async def _classes(
    session: Session, known: Known, wanted: Filter, as_of: int | None
) -> tuple[Tallies, Mapping[str, Mapping[Named, int]]]:
    """What classes count, and what of it is known of all of them already: how often each was purchased."""
    partner_ids = wanted.partner_ids
    if as_of is None:
        rows = await session.fetch(SQL["purchased"], list(partner_ids))
        now = {(partner_id, code): n for partner_id, code, n in rows}
        return Kept(session, "of_classes"), {"purchased": now}
    near = await days.answering(session, known, partner_ids, as_of)
    if near is None:
        found = await judged(session, known, partner_ids, as_of, evaluations_as_of.headlines)
        bought = {each: of[Metric.PURCHASED, 0] for each, of in found.tallies.items()}
        return found, {"purchased": bought}
    purchased: dict[Named, int] = {}
    silent: dict[Named, int] = {}
    for partner_id in partner_ids:
        for code, of in (await days.silences(session, partner_id, near)).items():
            purchased[partner_id, code], silent[partner_id, code] = of
    return ClassesOfDay(session, near), {"purchased": purchased, "never_reported": silent}


async def _packages(
    session: Session, known: Known, wanted: Filter, as_of: int | None
) -> tuple[Tallies, set[Named]]:
    """What packages count, and which were sold."""
    partner_ids = wanted.partner_ids
    if as_of is None:
        rows = await session.fetch(SQL["sold"], list(partner_ids))
        return Kept(session, "of_packages"), {(partner_id, code) for partner_id, code in rows}
    near = await days.answering(session, known, partner_ids, as_of)
    found: Tallies
    if near is None:
        rows_of = evaluations_as_of.package_headlines
        found = await judged(session, known, partner_ids, as_of, rows_of)
        counted: Mapping[Named, Tally] = found.tallies
    else:
        of_day = PackagesOfDay(session, near)
        found = ReadOnce(of_day)
        counted = await found.of(await of_day.sold(partner_ids), ())
    return found, {each for each, of in counted.items() if of[Metric.PACKAGES, 0]}


async def _pages(
    tallies: Tallies,
    keys: Sequence[Key],
    page_rows: int,
    metrics: Sequence[int],
    show: Callable[[int, str, Tally], T],
) -> AsyncIterator[Page[T]]:
    """The items of keys, page by page."""
    for start in range(0, len(keys), page_rows):
        some = keys[start : start + page_rows]
        of = await tallies.of([_named(key) for key in some], metrics)
        items = [(key, show(*_named(key), of[_named(key)])) for key in some]
        yield Page(items, some[-1], len(some))


async def _keys(
    tallies: Tallies,
    named: Sequence[Named],
    order: Order | None,
    metrics_of: Mapping[str, Sequence[int]],
    figures: Figures,
    after: Key | None,
    read: Mapping[str, Mapping[Named, int]] = NOTHING_READ,
) -> list[Key]:
    """The keys of all that is listed behind ``after``, in order. ``read``: figures of all of them, by name."""
    if order is None:
        return in_order(list(named), after)
    if order.figure in read:
        of_figure = read[order.figure]
        keys: list[Key] = [(place_of(of_figure.get(each, 0)), *each) for each in named]
        return order.sorted(keys, after)
    of = await tallies.of(named, metrics_of[order.figure])
    return order.sorted(
        [(place_of(figure_of(of[each], order.figure, figures)), *each) for each in named],
        after,
    )


def _named(key: Key) -> Named:
    """Whom a key is of."""
    return key[-2], key[-1]


def _published_or(
    purchased: Mapping[Named, int], known: Known, wanted: Filter, as_of: int | None
) -> list[Named]:
    """The classes that were published or purchased, narrowed by what their publications say."""
    found: list[Named] = []
    sold = _codes(purchased)
    for partner_id in wanted.partner_ids:
        catalogue = known.of(partner_id).catalogue
        for code in {*catalogue.classes, *sold[partner_id]}:
            terms = catalogue.terms(code, as_of)
            if terms.title is None and not purchased.get((partner_id, code)):
                continue
            if wanted.institution in {None, terms.institution} and titled(
                terms.title, wanted.title
            ):
                found.append((partner_id, code))
    return found


def _codes(named: Iterable[Named]) -> Mapping[int, set[str]]:
    """By partner."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for partner_id, code in named:
        found[partner_id].add(code)
    return found


def _class(
    known: Known, as_of: int | None, partner_id: int, class_code: str, tally: Tally
) -> ClassHeadline:
    partner = PARTNER_CODES[partner_id]
    terms = known.of(partner_id).catalogue.terms(class_code, as_of)
    return ClassHeadline(
        partner=partner,
        class_code=class_code,
        title=terms.title,
        institution=terms.institution,
        evaluation=links.evaluation(f"classes/{partner}", class_code, as_of),
        **counts(tally),
    )


def _package(
    known: Known, as_of: int | None, partner_id: int, package_code: str, tally: Tally
) -> PackageHeadline:
    partner = PARTNER_CODES[partner_id]
    catalogue = known.of(partner_id).catalogue
    composition = catalogue.composition(package_code, as_of)
    return PackageHeadline(
        partner=partner,
        package_code=package_code,
        title=catalogue.package_title(package_code, as_of),
        class_codes=None if composition is None else list(composition),
        conflicts=conflicts(known, partner_id, package_code, as_of),
        evaluation=links.evaluation(f"packages/{partner}", package_code, as_of),
        **package_headline(tally),
    )


def conflicts(
    known: Known, partner_id: int, package_code: str, as_of: int | None
) -> list[PackageConflict]:
    """The publications of a package that do not count."""
    return [
        PackageConflict(instant(each.happened), each.title, list(each.class_codes))
        for each in known.of(partner_id).catalogue.conflicts(package_code, as_of)
    ]
