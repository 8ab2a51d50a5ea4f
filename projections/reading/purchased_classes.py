"""Purchased classes: one person's, and the list in order of (partner, class, participant), now or as of a time.

The row's columns narrow a list in SQL, through an index that has few rows where the filter allows it: as of a time only
as far as they tell what cannot have been (purchased_classes_as_of.py). Either way what is listed is what the judgement
says, never the column.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final

from projections.reading import purchased_classes_as_of, watched
from projections.reading.by_partner import starts
from projections.reading.catalogue import CatalogueCache, Known, Version
from projections.reading.class_filter import Filter, only
from projections.reading.class_order import FIRST_CLASS, LAST_CLASS
from projections.reading.counted_classes import classes_with
from projections.reading.evidence import classes_of, loaded, of_rows
from projections.reading.instants import instant
from projections.reading.page import Key, Page, more
from projections.reading.people import names
from projections.reading.purchased_class import PurchasedClass, answer_of, shown
from projections.reading.session import Session
from projections.reading.since_then import Since, since
from projections.reading.watched import Rows
from projections.storage.sql import load

SQL: Final = load("projections.reading", "purchased_classes.sql")

FEW: Final = 2_000
"""So many rows of a partner are rather sorted than looked for among all others."""


async def of_participant(
    session: Session,
    catalogue: CatalogueCache,
    participant_id: str,
    wanted: Filter,
    as_of: int | None,
) -> list[PurchasedClass]:
    """Every purchased class of a person at the partners of the filter (one, or all)."""
    rows = await session.fetch(SQL["of_participant"], participant_id, wanted.partner_ids)
    if not rows:
        return []
    known = await catalogue.at_least(session, Version(rows[0][5], rows[0][6]))
    return [
        item for _, item in await _of_person(session, participant_id, rows, known, wanted, as_of)
    ]


async def of_person(
    session: Session, known: Known, wanted: Filter, as_of: int | None
) -> list[tuple[Key, PurchasedClass]]:
    """The list where the filter names a participant, whole; keys as in ``pages``."""
    assert wanted.participant_id is not None  # noqa: S101 - the caller looked
    rows = await session.fetch(SQL["of_participant"], wanted.participant_id, wanted.partner_ids)
    return await _of_person(session, wanted.participant_id, rows, known, wanted, as_of)


async def pages(
    session: Session,
    known: Known,
    wanted: Filter,
    as_of: int | None,
    after: Key | None,
    page_rows: int,
) -> AsyncIterator[Page[PurchasedClass]]:
    """The list behind the key ``after`` = (partner id, class code, person), in pages of ``page_rows`` rows.

    The session is in one snapshot, which ``known`` is not older than.
    """
    if wanted.participant_id is not None:
        for item in await of_person(session, known, wanted, as_of):
            if after is None or item[0] > after:
                yield Page([item], item[0], 1)
        return
    changes: Mapping[int, Since] = {}
    if as_of is not None:
        await session.fetchrow(SQL["plans_for_the_values"])
        changes = await since(session, known, wanted.partner_ids, as_of)
    for start in starts(wanted.partner_ids, after, FIRST_CLASS):
        partner_id, behind = start[0], start[1:]
        codes = wanted.codes(known, partner_id, as_of)
        if as_of is None:
            found = await _rows_of_now(session, partner_id, wanted, codes)
        else:
            found = _rows_of_then(changes.get(partner_id), wanted, codes, as_of)
        if found is None:
            continue
        while True:
            rows = await session.fetch(
                found.statement, partner_id, *behind, LAST_CLASS, page_rows, *found.values
            )
            if rows:
                behind = tuple(rows[-1])
                items = await admitted(session, partner_id, rows, known, wanted, as_of)
                yield Page(items, (partner_id, *behind), len(rows))
            if len(rows) < page_rows:
                break
            page_rows = more(page_rows)


async def admitted(
    session: Session,
    partner_id: int,
    rows: Sequence[Any],
    known: Known,
    wanted: Filter,
    as_of: int | None,
) -> list[tuple[Key, PurchasedClass]]:
    """Those of one partner's rows (class code, person) that are listed, with their keys."""
    rules = known.of(partner_id)
    evidence = await of_rows(session, partner_id, rules, [(who, code) for code, who in rows])
    judged = [
        (class_code, person, answer)
        for (class_code, person), held in zip(rows, evidence, strict=True)
        if wanted.admits(answer := answer_of(class_code, held, rules, as_of))
    ]
    who = await names(session, (person for _, person, _ in judged))
    return [
        (
            (partner_id, class_code, person),
            shown(partner_id, who[person], class_code, answer, rules, as_of),
        )
        for class_code, person, answer in judged
    ]


async def narrowed(
    session: Session, wanted: Filter, partner_id: int, codes: list[str] | None
) -> list[str] | None:
    """The classes that can have a row, where one of the states that are wanted is rare; else ``codes``."""
    if wanted.is_of_few() or wanted.package_code is not None:
        return codes
    states: list[str | None] = [wanted.completion, wanted.assessment, wanted.flag]
    if wanted.completion == "never_reported" and wanted.is_of_reported():
        return []
    if (wanted.completion, wanted.assessment) == ("completed", "not_assessed"):
        states.append("completed_without_assessment")
    for state in states:
        having = None if state is None else await classes_with(session, partner_id, state)
        if having is not None:
            return having if codes is None else sorted(set(having) & set(codes))
    return codes


async def _rows_of_now(
    session: Session, partner_id: int, wanted: Filter, codes: list[str] | None
) -> Rows | None:
    """What reads a partner's rows through the narrowest index that has all that are wanted; None: there are none."""
    found = await watched.rows_of(session, partner_id, wanted, codes)
    if found is not None:
        return Rows(found.statement, (*wanted.columns(codes), *found.values))
    codes = await narrowed(session, wanted, partner_id, codes)
    if codes is not None and not codes:
        return None
    name = await _statement(session, wanted, partner_id, codes)
    return Rows(SQL[name], wanted.columns(codes))


def _rows_of_then(
    changed: Since | None, wanted: Filter, codes: list[str] | None, as_of: int
) -> Rows | None:
    """The same as of a time, of rows as they are now."""
    if codes is not None and not codes:
        return None
    if changed is None:
        return Rows(SQL["rows" if codes is None else "rows_of_classes"], only(codes))
    return purchased_classes_as_of.rows(wanted, as_of, changed, codes)


async def _statement(
    session: Session, wanted: Filter, partner_id: int, codes: Sequence[str] | None
) -> str:
    if wanted.package_code is not None:
        return "rows_of_package"
    if wanted.is_of_few():
        return "unusual_rows"
    if codes is None and await _is_short(session, partner_id, wanted):
        return "rows_purchased"
    return "rows" if codes is None else "rows_of_classes"


async def _is_short(session: Session, partner_id: int, wanted: Filter) -> bool:
    """Whether few of a partner's rows were purchased in the time that is wanted."""
    bounds = (instant(wanted.purchased_from), instant(wanted.purchased_to))
    if bounds == (None, None):
        return False
    row = await session.fetchrow(SQL["count_purchased"], partner_id, *bounds, FEW)
    return bool(row[0] < FEW)


async def _of_person(
    session: Session,
    participant_id: str,
    rows: Iterable[Any],
    known: Known,
    wanted: Filter,
    as_of: int | None,
) -> list[tuple[Key, PurchasedClass]]:
    """Of rows that begin with partner id, person and snapshot, in order of partners."""
    items: list[tuple[Key, PurchasedClass]] = []
    for partner_id, person, *snapshot in (row[:5] for row in rows):
        rules = known.of(partner_id)
        found = await loaded(session, partner_id, rules, [(person, *snapshot)])
        codes = wanted.codes(known, partner_id, as_of)
        for code in sorted(classes_of(found.states[person], rules)):
            if codes is not None and code not in codes:
                continue
            answer = answer_of(code, found.of_class(person, code), rules, as_of)
            if wanted.admits(answer):
                item = shown(partner_id, participant_id, code, answer, rules, as_of)
                items.append(((partner_id, code, person), item))
    return items
