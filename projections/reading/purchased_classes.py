"""Purchased classes: one person's, and the filtered list, now or as of a time.

Without ``as_of`` the row's columns narrow a list in SQL, through an index that has only rows of a package or only
unusual ones where the filter allows it; with ``as_of`` only the evidence can say, so rows are judged and filtered here.
Either way what is listed is what the judgement says, never the column.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from msgspec import Struct

from domain.answer import Answer
from domain.vocabulary import (
    FLAGS,
    PARTNER_CODES,
    AssessmentState,
    CompletionState,
    PurchaseState,
)
from projections.reading.catalogue import CatalogueCache, Known, Version
from projections.reading.counted_classes import classes_with
from projections.reading.evidence import classes_of, loaded, of_rows
from projections.reading.instants import instant
from projections.reading.page import Key, Page
from projections.reading.people import LOWEST, names
from projections.reading.purchased_class import PurchasedClass, answer_of, shown
from projections.reading.session import Session
from projections.status.record import ASSESSMENT_NUMBER, COMPLETION_NUMBER, PURCHASE_NUMBER
from projections.storage.sql import load

_NAMED = load("projections.reading", "purchased_classes.sql")
SQL = {name: text.replace("{filters}", _NAMED["filters"]) for name, text in _NAMED.items()}

FIRST_CLASS = ("\x01", LOWEST)
"""Behind the rows of class '' and before every other: no text without NUL is smaller."""

LAST_CLASS = "\U0010ffff"
"""Not before any class: no printable text is greater."""

ANY = (None,) * 7
"""The filters of the statement ``rows``, none of them set."""

ALL_PARTNERS = tuple(PARTNER_CODES)


class Filter(Struct, frozen=True, kw_only=True):
    """What a list of purchased classes is narrowed to; None: not at all.

    ``purchase`` None leaves out evidence without a purchase. ``purchased_from`` (inclusive) and ``purchased_to``
    (exclusive) speak of the earliest purchase, in microseconds UTC.
    """

    partner_ids: tuple[int, ...] = ALL_PARTNERS
    class_code: str | None = None
    institution: str | None = None
    package_code: str | None = None
    purchase: PurchaseState | None = None
    completion: CompletionState | None = None
    assessment: AssessmentState | None = None
    flag: str | None = None
    purchased_from: int | None = None
    purchased_to: int | None = None

    def admits(self, answer: Answer) -> bool:
        """Whether an answer is listed, as far as partner, class and institution do not decide."""
        if self.purchase is None:
            if answer.purchase == "none":
                return False
        elif answer.purchase != self.purchase or not (answer.purchases or answer.reported):
            return False
        if self.completion is not None and answer.completion != self.completion:
            return False
        if self.assessment is not None and answer.assessment.state != self.assessment:
            return False
        if self.flag is not None and not answer.flags >> FLAGS.index(self.flag) & 1:
            return False
        return self._admits_purchases(answer)

    def _admits_purchases(self, answer: Answer) -> bool:
        bought = answer.purchases
        if self.package_code is not None and all(
            purchase.package_code != self.package_code for purchase in bought
        ):
            return False
        if self.purchased_from is None and self.purchased_to is None:
            return True
        if not bought:
            return False
        earliest = bought[0].purchased_at
        return (self.purchased_from is None or earliest >= self.purchased_from) and (
            self.purchased_to is None or earliest < self.purchased_to
        )


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
    classes = []
    for partner_id, person, *snapshot in (row[:5] for row in rows):
        rules = known.of(partner_id)
        found = await loaded(session, partner_id, rules, [(person, *snapshot)])
        for class_code in sorted(classes_of(found.states[person], rules)):
            answer = answer_of(class_code, found.of_class(person, class_code), rules, as_of)
            if wanted.admits(answer):
                classes.append(shown(partner_id, participant_id, class_code, answer, rules, as_of))
    return classes


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
    columns = _columns(wanted, as_of)
    statement = _statement(wanted, as_of)
    start = after or (0,)
    states = [state for state in (wanted.completion, wanted.assessment, wanted.flag) if state]
    if as_of is not None or statement != SQL["rows"]:
        states = []
    ranges = [each for each in _ranges(known, wanted, as_of) if each[0] >= start[0]]
    async for partner_id, class_code in _with_rows(session, ranges, states):
        if (partner_id, class_code or LAST_CLASS) < start[:2]:
            continue
        resumes = partner_id == start[0]
        if class_code is None:
            behind: Sequence[Any] = start[1:] if resumes else FIRST_CLASS
        else:
            behind = (class_code, start[2] if resumes and class_code == start[1] else LOWEST)
        upto = class_code or LAST_CLASS
        while True:
            rows = await session.fetch(statement, partner_id, *behind, upto, page_rows, *columns)
            if not rows:
                break
            behind = rows[-1]
            items = await _admitted(session, partner_id, rows, known, wanted, as_of)
            yield Page(items, (partner_id, *behind), len(rows))
            if len(rows) < page_rows:
                break


async def _admitted(
    session: Session,
    partner_id: int,
    rows: Sequence[Any],
    known: Known,
    wanted: Filter,
    as_of: int | None,
) -> list[tuple[Key, PurchasedClass]]:
    rules = known.of(partner_id)
    items: list[tuple[Key, PurchasedClass]] = []
    evidence = await of_rows(session, partner_id, rules, [(who, code) for code, who in rows])
    admitted = [
        (class_code, person, answer)
        for (class_code, person), held in zip(rows, evidence, strict=True)
        if wanted.admits(answer := answer_of(class_code, held, rules, as_of))
    ]
    who = await names(session, (person for _, person, _ in admitted))
    for class_code, person, answer in admitted:
        item = shown(partner_id, who[person], class_code, answer, rules, as_of)
        items.append(((partner_id, class_code, person), item))
    return items


def _ranges(known: Known, wanted: Filter, as_of: int | None) -> list[tuple[int, str | None]]:
    """The parts of the table to walk, in order: a whole partner (class code None) or one class of one."""
    partner_ids = sorted(wanted.partner_ids)
    if wanted.institution is None:
        return [(partner_id, wanted.class_code) for partner_id in partner_ids]
    taught = known.classes_of_institution(wanted.institution, partner_ids, as_of)
    return [key for key in taught if wanted.class_code in {None, key[1]}]


def _statement(wanted: Filter, as_of: int | None) -> str:
    """What reads through the narrowest index that has every row that is wanted."""
    if as_of is not None:
        return SQL["rows"]
    if wanted.package_code is not None:
        return SQL["rows_of_package"]
    unusual = (
        wanted.purchase not in {None, "active"}
        or wanted.assessment == "assessed"
        or wanted.flag not in {None, "completed_without_assessment"}
    )
    return SQL["unusual_rows" if unusual else "rows"]


async def _with_rows(
    session: Session, ranges: Iterable[tuple[int, str | None]], states: Iterable[str]
) -> AsyncIterator[tuple[int, str | None]]:
    """The ranges; of a whole partner only the classes with rows in each of the states, where one of these is rare."""
    for partner_id, class_code in ranges:
        codes: list[str] | None = None
        if class_code is None:
            for state in states:
                codes = await classes_with(session, partner_id, state)
                if codes is not None:
                    break
        for code in [class_code] if codes is None else codes:
            yield partner_id, code


def _columns(wanted: Filter, as_of: int | None) -> tuple[Any, ...]:
    if as_of is not None:
        return ANY
    states: tuple[PurchaseState, ...] = (
        ("active", "refunded") if wanted.purchase is None else (wanted.purchase,)
    )
    return (
        [PURCHASE_NUMBER[state] for state in states],
        None if wanted.completion is None else COMPLETION_NUMBER[wanted.completion],
        None if wanted.assessment is None else ASSESSMENT_NUMBER[wanted.assessment],
        None if wanted.flag is None else 1 << FLAGS.index(wanted.flag),
        wanted.package_code,
        instant(wanted.purchased_from),
        instant(wanted.purchased_to),
    )
