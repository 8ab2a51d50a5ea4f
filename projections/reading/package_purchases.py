"""Packages sold: which of their classes were completed and assessed, and which are missing."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from domain.package_purchase import contents_of, purchased_at
from domain.vocabulary import PARTNER_CODES, AssessmentState, CompletionState, PurchaseState
from projections.reading.by_partner import ALL_PARTNERS, starts
from projections.reading.catalogue import Known
from projections.reading.evidence import AT_ONCE, People, of_purchases, people
from projections.reading.instants import instant
from projections.reading.meaning import means
from projections.reading.page import Key, Page
from projections.reading.people import LOWEST, names
from projections.reading.purchased_class import answer_of, history_path
from projections.reading.purchased_classes import SQL as PURCHASED_CLASSES
from projections.reading.purchases import (
    SQL,
    Flags,
    PurchaseMoney,
    flags,
    purchase_money,
    state,
)
from projections.reading.session import Session
from projections.reading.since_then import Since, since, who_withdrew
from projections.reading.watched import Rows
from projections.status.record import Rules


class PackageClass(Struct, frozen=True, gc=False):
    """One class of a package that was bought."""

    class_code: Annotated[str, means("A class of the purchase.")]
    title: Annotated[str | None, means("The class's title; null: not published.")]
    purchase: Annotated[PurchaseState, means("State of purchase of the class.")]
    completion: Annotated[CompletionState, means("State of completion of the class.")]
    assessment: Annotated[AssessmentState, means("State of assessment of the class.")]
    satisfied: Annotated[bool, means("Whether the class's own rule (move_on) holds.")]
    history: Annotated[str, means("Path of the route with each event behind the class.")]


class PackagePurchase(Struct, frozen=True, gc=False):
    """One package that was bought. ``missing`` are the classes without a completion.

    It is complete, incomplete or unresolved, one of the three. Unresolved: the package is not published yet, so its
    classes are not known, and nobody can say whether it is complete.
    """

    partner: Annotated[str, means("The platform that sold the package.")]
    purchase_id: Annotated[str, means("The order, unique within its partner.")]
    participant_id: Annotated[str, means("The person's pseudonym.")]
    package_code: Annotated[str, means("The package, unique within its partner.")]
    title: Annotated[str | None, means("The package's title; null: not published.")]
    purchased_at: Annotated[datetime, means("When it was paid: the earliest payment that stands.")]
    purchase: Annotated[PurchaseState, means("active, or refunded when the whole was.")]
    unresolved: Annotated[
        bool,
        means("Not all classes are known: some payment leaves them to a package not published."),
    ]
    after_sales_end: Annotated[bool, means("Paid at or after the package sales end.")]
    complete: Annotated[
        bool | None,
        means("Every class of the purchase was completed; false: incomplete; null: unresolved."),
    ]
    classes: Annotated[
        list[PackageClass],
        means("Each class of the purchase, also what it names beside the package."),
    ]
    missing: Annotated[list[str], means("Codes of the classes without a completion.")]
    money: Annotated[PurchaseMoney, means("What was paid for the classes, in rupiah.")]
    flags: Flags = []


Item: TypeAlias = tuple[Key, PackagePurchase]


class Filter(Struct, frozen=True, kw_only=True):
    """What a list of package purchases is narrowed to; None: not at all."""

    partner_ids: tuple[int, ...] = ALL_PARTNERS
    package_code: str | None = None
    complete: bool | None = None
    after_sales_end: bool | None = None
    unresolved: bool | None = None

    def admits(self, item: PackagePurchase) -> bool:
        """Whether an item is listed, as far as the partner does not decide."""
        return (
            self.package_code in {None, item.package_code}
            and self.complete in {None, item.complete}
            and self.after_sales_end in {None, item.after_sales_end}
            and self.unresolved in {None, item.unresolved}
        )


async def pages(
    session: Session,
    known: Known,
    wanted: Filter,
    as_of: int | None,
    after: Key | None,
    page_rows: int,
) -> AsyncIterator[Page[PackagePurchase]]:
    """The list behind the key ``after`` = (partner id, package code, purchase id, participant's number).

    The session is in one snapshot, which ``known`` is not older than.
    """
    changes: Mapping[int, Since] = {}
    left: Mapping[int, Sequence[int]] = {}
    if as_of is not None:
        if wanted.unresolved or wanted.after_sales_end is not None:
            await session.fetchrow(PURCHASED_CLASSES["plans_for_the_values"])
            changes = await since(session, known, wanted.partner_ids, as_of)
        left = await who_withdrew(session, wanted.partner_ids, as_of, changes)
    for behind in starts(wanted.partner_ids, after, (wanted.package_code or "", "", LOWEST)):
        partner_id = behind[0]
        rules = known.of(partner_id)
        waiting: list[Item] = []
        if as_of is None:
            source = _now(wanted)
        else:
            persons = left[partner_id]
            apart = await _of_persons(session, partner_id, rules, wanted, persons, as_of)
            waiting = sorted((item for item in apart if item[0] > behind), reverse=True)
            source = _then(wanted, as_of, changes.get(partner_id), persons)
        async for rows in _rows(session, source, behind, page_rows):
            items = await _items(session, partner_id, rules, rows, as_of)
            reached = (partner_id, *rows[-1])
            while waiting and waiting[-1][0] <= reached:
                items.append(waiting.pop())
            admitted = await _flag(session, partner_id, rules, _admitted(items, wanted), as_of)
            yield Page(admitted, reached, len(rows))
        if waiting:
            admitted = await _flag(session, partner_id, rules, _admitted(waiting, wanted), as_of)
            yield Page(admitted, waiting[0][0], len(waiting))


def _now(wanted: Filter) -> Rows:
    """What reads the rows of one partner."""
    name = _statement(wanted)
    if wanted.unresolved and not wanted.package_code:
        name = "unresolved_of_partner"
    nobody: list[int] = []
    columns = (wanted.complete, wanted.after_sales_end, wanted.unresolved, nobody, None)
    return Rows(SQL[name], columns)


def _then(wanted: Filter, as_of: int, changed: Since | None, persons: Sequence[int]) -> Rows:
    """What reads those that can have been, as of a time, of all but some participants."""
    # Since when something was purchased stays, and so does what follows from that.
    is_late = None if changed is None else wanted.after_sales_end
    columns = (None, is_late, None, persons, instant(as_of))
    if changed is None or not wanted.unresolved:
        return Rows(SQL[_statement(wanted)], columns)
    return Rows(SQL["unresolved_then"], (*columns, wanted.package_code, changed.packages))


def _statement(wanted: Filter) -> str:
    return "packages_of_code" if wanted.package_code else "packages_of_partner"


async def _rows(
    session: Session, source: Rows, behind: Key, page_rows: int
) -> AsyncIterator[Sequence[Any]]:
    """(package code, purchase id, participant's number) of rows of one partner, in pages."""
    while True:
        rows = await session.fetch(source.statement, *behind, page_rows, *source.values)
        if rows:
            yield rows
        if len(rows) < page_rows:
            return
        behind = (behind[0], *rows[-1])


async def _of_persons(
    session: Session,
    partner_id: int,
    rules: Rules,
    wanted: Filter,
    persons: Sequence[int],
    as_of: int,
) -> list[Item]:
    """The package purchases by ``as_of`` of those from whom something was withdrawn since: rows do not show them."""
    items: list[Item] = []
    for first in range(0, len(persons), AT_ONCE):
        some = persons[first : first + AT_ONCE]
        # What is unresolved is so by a package that a payment named without its classes.
        rows = await session.fetch(SQL["of_persons"], partner_id, some, bool(wanted.unresolved))
        items += await _items(session, partner_id, rules, [(None, *row) for row in rows], as_of)
    return items


async def _items(
    session: Session, partner_id: int, rules: Rules, rows: Sequence[Any], as_of: int | None
) -> list[Item]:
    """The package purchases of some rows: package code, purchase id, participant's number."""
    known = await people(session, partner_id, rules, {row[2] for row in rows})
    who = await names(session, known.states)
    items: list[Item] = []
    for package_code, purchase_id, person in rows:
        of = _Sold(partner_id, purchase_id, person, who[person])
        item = package_purchase(of, known, rules, as_of)
        if item is not None:
            code = package_code or item.package_code
            items.append(((partner_id, code, purchase_id, person), item))
    return items


async def _flag(
    session: Session, partner_id: int, rules: Rules, items: list[Item], as_of: int | None
) -> list[Item]:
    """The items with their flags: those whose ids several participants paid under (by ``as_of``)."""
    ids = list({item.purchase_id for _, item in items})
    rows = (
        [tuple(row) for row in await session.fetch(SQL["shared"], partner_id, ids)] if ids else []
    )
    if not rows:
        return items
    payers: Counter[str] = Counter()
    for (purchase_id, _), held in zip(
        rows, await of_purchases(session, partner_id, rules, rows), strict=True
    ):
        since = purchased_at(held.purchase, held.withdrawn, as_of)
        payers[purchase_id] += since is not None
    return [(key, replace(item, flags=flags(payers[item.purchase_id]))) for key, item in items]


def _admitted(items: list[Item], wanted: Filter) -> list[Item]:
    return sorted(item for item in items if wanted.admits(item[1]))


class _Sold(NamedTuple):
    """A purchase of a participant, who is known by number and by name."""

    partner_id: int
    purchase_id: str
    person: int
    participant_id: str


def package_purchase(
    of: _Sold, known: People, rules: Rules, as_of: int | None
) -> PackagePurchase | None:
    """One package purchase, or None when it was not paid, or bought no package (by ``as_of``)."""
    partner_id, purchase_id, person, participant_id = of
    evidence = known.of_purchase(purchase_id, person)
    purchase, withdrawn = evidence.purchase, evidence.withdrawn
    contents = contents_of(purchase, withdrawn, rules.catalogue, as_of)
    if contents is None or contents.package_code is None:
        return None
    partner = PARTNER_CODES[partner_id]
    classes: list[PackageClass] = []
    completed: set[str] = set()
    for code in contents.class_codes:
        answer = answer_of(code, known.of_class(person, code), rules, as_of)
        if answer.completion == "completed":
            completed.add(code)
        classes.append(
            PackageClass(
                code,
                rules.catalogue.terms(code, as_of).title,
                answer.purchase,
                answer.completion,
                answer.assessment.state,
                answer.satisfied,
                history_path(partner, participant_id, code),
            )
        )
    missing = contents.missing(completed.__contains__) or []
    return PackagePurchase(
        partner,
        purchase_id,
        participant_id,
        contents.package_code,
        rules.catalogue.package_title(contents.package_code, as_of),
        instant(contents.purchased_at),
        state(evidence, contents.class_codes, as_of),
        contents.unresolved,
        contents.purchased_at >= rules.package_sales_end,
        contents.is_complete(missing),
        classes,
        missing,
        purchase_money(evidence, contents, as_of),
    )
