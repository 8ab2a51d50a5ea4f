"""The lists of partners and institutions with their headline figures, from the sums or as of a time.

As of a time each item is judged again when its turn comes. A session is in one snapshot, which ``known`` is not older
than.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from domain.counting import Tally
from domain.vocabulary import PARTNER_CODES, PARTNERS
from projections.reading import evaluations_as_of as judged
from projections.reading import evaluations_links as links
from projections.reading.catalogue import Known
from projections.reading.evaluations_shown import (
    InstitutionHeadline,
    PartnerHeadline,
    completed_of_started,
    counts,
)
from projections.reading.evaluations_sums import SQL
from projections.reading.page import Key, Page
from projections.reading.session import Session

ALL_TOGETHER: Final = 0
"""The partner id under which an institution's plain counts are kept over all partners."""


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
    for partner_id in wanted:
        if as_of is not None:
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
        taught = _taught(known, partner_ids, as_of)
        for name in sorted(name for name in taught if name > behind):
            tally = await judged.headline(session, known, taught[name], as_of)
            classes = Counter(partner_id for partner_id, _ in taught[name])
            item = _institution(name, classes, tally, as_of)
            yield Page([((name,), item)], (name,), 1)
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


def _taught(
    known: Known, partner_ids: Sequence[int], as_of: int
) -> dict[str, list[tuple[int, str]]]:
    taught: dict[str, list[tuple[int, str]]] = {}
    for partner_id in sorted(partner_ids):
        catalogue = known.of(partner_id).catalogue
        for class_code in sorted(catalogue.classes):
            institution = catalogue.terms(class_code, as_of).institution
            if institution is not None:
                taught.setdefault(institution, []).append((partner_id, class_code))
    return taught
