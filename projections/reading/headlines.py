"""Every class and every package with its headline figures, from the sums or as of a time, in the order of any of them.

There are thousands of classes, not millions: whatever the order, all of them are put in it, by the one figure that it
asks for, and the others are read of those that are shown. A session is in one snapshot, which ``known`` is not older
than.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from domain.counting import Metric, Tally
from domain.vocabulary import PARTNER_CODES
from projections.reading import evaluations_as_of as judged
from projections.reading import evaluations_links as links
from projections.reading.by_partner import ALL_PARTNERS
from projections.reading.catalogue import Known
from projections.reading.class_filter import titled
from projections.reading.evaluations_shown import (
    ClassHeadline,
    PackageConflict,
    PackageHeadline,
    counts,
    package_headline,
)
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
from projections.reading.instants import instant
from projections.reading.page import Key, Page
from projections.reading.session import Session
from projections.storage.sql import load

SQL: Final = load("projections.reading", "headlines.sql")

Named: TypeAlias = tuple[int, str]
"""Partner id, and the code of a class or a package."""


class Filter(Struct, frozen=True, kw_only=True):
    """What the lists are narrowed to; None: not at all. ``institution`` and ``purchased_least`` are for classes."""

    partner_ids: tuple[int, ...] = ALL_PARTNERS
    institution: str | None = None
    title: str | None = None
    purchased_least: int | None = None


class Kept(Struct):
    """The counts of some classes or packages: of each all that is kept, or what ``read`` gives of some metrics."""

    session: Session
    statement: str
    whole: dict[Named, Tally] | None = None

    async def of(self, named: Sequence[Named], metrics: Sequence[int]) -> Mapping[Named, Tally]:
        """The tallies of these, with some metrics at least."""
        if self.whole is not None:
            return {each: self.whole.get(each, Counter()) for each in named}
        tallies: dict[Named, Tally] = {each: Counter() for each in named}
        columns = [[partner_id for partner_id, _ in named], [code for _, code in named]]
        for place, metric, value, n in await self.session.fetch(
            SQL[self.statement], *columns, metrics
        ):
            tallies[named[place - 1]][metric, value] = n
        return tallies


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
    kept = Kept(session, "of_classes")
    if as_of is None:
        rows = await session.fetch(SQL["purchased"], list(wanted.partner_ids))
        purchased = {(partner_id, code): n for partner_id, code, n in rows}
    else:
        kept.whole = await _classes_as_of(session, known, wanted, as_of)
        purchased = {each: tally[Metric.PURCHASED, 0] for each, tally in kept.whole.items()}
    named = [
        each
        for each in _published_or(purchased, known, wanted, as_of)
        if purchased.get(each, 0) >= (wanted.purchased_least or 0)
    ]
    keys = await _keys(kept, named, order, OF_CLASSES, counts, after)
    for start in range(0, len(keys), page_rows):
        some = keys[start : start + page_rows]
        tallies = await kept.of([_named(key) for key in some], CLASS_METRICS)
        items = [(key, _class(known, *_named(key), tallies[_named(key)], as_of)) for key in some]
        yield Page(items, some[-1], len(some))


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
    kept = Kept(session, "of_packages")
    if as_of is None:
        rows = await session.fetch(SQL["sold"], list(wanted.partner_ids))
        sold = {(partner_id, code) for partner_id, code in rows}
    else:
        kept.whole = await _packages_as_of(session, known, wanted, as_of)
        sold = {each for each, tally in kept.whole.items() if tally[Metric.PACKAGES, 0]}
    named = [
        (partner_id, code)
        for partner_id in wanted.partner_ids
        for code in {*known.of(partner_id).catalogue.packages, *_codes(sold, partner_id)}
        if (title := known.of(partner_id).catalogue.package_title(code, as_of)) is not None
        or (partner_id, code) in sold
        if titled(title, wanted.title)
    ]
    keys = await _keys(kept, named, order, OF_PACKAGES, package_headline, after)
    for start in range(0, len(keys), page_rows):
        some = keys[start : start + page_rows]
        tallies = await kept.of([_named(key) for key in some], PACKAGE_METRICS)
        items = [(key, _package(known, *_named(key), tallies[_named(key)], as_of)) for key in some]
        yield Page(items, some[-1], len(some))


async def _keys(
    kept: Kept,
    named: Sequence[Named],
    order: Order | None,
    metrics_of: Mapping[str, Sequence[int]],
    figures: Figures,
    after: Key | None,
) -> list[Key]:
    """The keys of all that is listed behind ``after``, in order."""
    if order is None:
        return in_order(list(named), after)
    tallies = await kept.of(named, metrics_of[order.figure])
    return order.sorted(
        [(place_of(figure_of(tallies[each], order.figure, figures)), *each) for each in named],
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
    for partner_id in wanted.partner_ids:
        catalogue = known.of(partner_id).catalogue
        for code in {*catalogue.classes, *_codes(purchased, partner_id)}:
            terms = catalogue.terms(code, as_of)
            if terms.title is None and not purchased.get((partner_id, code)):
                continue
            if wanted.institution in {None, terms.institution} and titled(
                terms.title, wanted.title
            ):
                found.append((partner_id, code))
    return found


def _codes(named: Mapping[Named, object] | set[Named], of_partner: int) -> set[str]:
    return {code for partner_id, code in named if partner_id == of_partner}


async def _classes_as_of(
    session: Session, known: Known, wanted: Filter, as_of: int
) -> dict[Named, Tally]:
    """What is counted of every class with a payment by then."""
    found: dict[Named, Tally] = {}
    for partner_id in wanted.partner_ids:
        by_class = await judged.headlines(session, known, partner_id, as_of)
        found |= {(partner_id, code): tally for code, tally in by_class.items()}
    return found


async def _packages_as_of(
    session: Session, known: Known, wanted: Filter, as_of: int
) -> dict[Named, Tally]:
    """The same of every package that was sold by then."""
    found: dict[Named, Tally] = {}
    for partner_id in wanted.partner_ids:
        by_package = await judged.package_headlines(session, known, partner_id, as_of)
        found |= {(partner_id, code): tally for code, tally in by_package.items()}
    return found


def _class(
    known: Known, partner_id: int, class_code: str, tally: Tally, as_of: int | None
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
    known: Known, partner_id: int, package_code: str, tally: Tally, as_of: int | None
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
