"""Packages sold: which of their classes were completed and assessed, and which are missing."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from domain.answer import purchased_at
from domain.vocabulary import PARTNER_CODES, AssessmentState, CompletionState, PurchaseState
from projections.reading.catalogue import Known
from projections.reading.instants import instant
from projections.reading.meaning import means
from projections.reading.page import Key, Page
from projections.reading.purchased_class import answer_of, history_path
from projections.reading.purchased_classes import ALL_PARTNERS
from projections.reading.purchases import Flags, evidence_of, flags, paid_at, state
from projections.reading.records import SQL, records, with_withdrawn_payments
from projections.reading.session import Session
from projections.record import Record, Rules, class_codes_of, package_code_of


class PackageClass(Struct, frozen=True, gc=False):
    """One class of a package that was bought."""

    class_code: Annotated[str, means("A class of the package.")]
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
        bool, means("The package is not published yet, so its classes are not known.")
    ]
    after_sales_end: Annotated[bool, means("Paid at or after the package sales end.")]
    complete: Annotated[
        bool | None,
        means("Every class of the package was completed; false: incomplete; null: unresolved."),
    ]
    classes: Annotated[list[PackageClass], means("Each class of the package.")]
    missing: Annotated[list[str], means("Codes of the classes without a completion.")]
    flags: Flags = []


Item: TypeAlias = tuple[Key, PackagePurchase]


class Apart(Struct):
    """What stood as of a time of those who had a payment withdrawn: the table shows what stands now.

    ``payers`` says who of them paid under a purchase id.
    """

    participants: set[str] = field(default_factory=set)
    payers: dict[str, set[str]] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)


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
    """The list behind the key ``after`` = (partner id, package code, purchase id, participant id).

    The session is in one snapshot, which ``known`` is not older than.
    """
    for partner_id in sorted(wanted.partner_ids):
        behind: Key = (partner_id, wanted.package_code or "", "", "")
        if after is not None and partner_id <= after[0]:
            if partner_id < after[0]:
                continue
            behind = after
        rules = known.of(partner_id)
        apart = Apart()
        if as_of is not None:
            apart = await _withdrawn(session, partner_id, rules, as_of)
        waiting = sorted((item for item in apart.items if item[0] > behind), reverse=True)
        async for rows in _rows(session, wanted, as_of, behind, page_rows):
            found = await records(session, partner_id, {row[2] for row in rows})
            items: list[Item] = []
            for package_code, purchase_id, participant_id in rows:
                if participant_id in apart.participants:
                    continue
                item = package_purchase(
                    partner_id, found[participant_id], purchase_id, rules, as_of
                )
                if item is not None:
                    key = (partner_id, package_code, purchase_id, participant_id)
                    items.append((key, item))
            reached = (partner_id, *rows[-1])
            while waiting and waiting[-1][0] <= reached:
                items.append(waiting.pop())
            admitted = _admitted(items, wanted)
            await _flag(session, partner_id, admitted, apart, as_of)
            yield Page(admitted, reached, len(rows))
        if waiting:
            admitted = _admitted(waiting, wanted)
            await _flag(session, partner_id, admitted, apart, as_of)
            yield Page(admitted, waiting[0][0], len(waiting))


async def _rows(
    session: Session, wanted: Filter, as_of: int | None, behind: Key, page_rows: int
) -> AsyncIterator[Sequence[Any]]:
    """(package code, purchase id, participant id) of the table's rows of one partner, in pages."""
    statement = SQL["packages_of_code" if wanted.package_code else "packages_of_partner"]
    columns: Sequence[Any] = (wanted.complete, wanted.after_sales_end, wanted.unresolved)
    if as_of is not None:
        columns = (None, None, None)
    elif wanted.unresolved and not wanted.package_code:
        statement = SQL["unresolved_of_partner"]
    while True:
        rows = await session.fetch(statement, *behind, page_rows, *columns)
        if rows:
            yield rows
        if len(rows) < page_rows:
            return
        behind = (behind[0], *rows[-1])


async def _withdrawn(session: Session, partner_id: int, rules: Rules, as_of: int) -> Apart:
    """What stood by ``as_of`` of those of whom the table may not show it."""
    apart = Apart()
    async for record in with_withdrawn_payments(session, partner_id):
        apart.participants.add(record.participant_id)
        for purchase_id in record.state.purchases:
            if paid_at(record, purchase_id, as_of) is not None:
                apart.payers.setdefault(purchase_id, set()).add(record.participant_id)
            item = package_purchase(partner_id, record, purchase_id, rules, as_of)
            if item is not None:
                key = (partner_id, item.package_code, purchase_id, record.participant_id)
                apart.items.append((key, item))
    return apart


async def _flag(
    session: Session, partner_id: int, items: list[Item], apart: Apart, as_of: int | None
) -> None:
    """Sets the flags of the items, in place: those whose ids several participants paid under."""
    if not items:
        return
    payers = {item.purchase_id: set(apart.payers.get(item.purchase_id, ())) for _, item in items}
    for purchase_id, named in await session.fetch(SQL["payers"], partner_id, list(payers)):
        payers[purchase_id].update(named)
    shared = {purchase_id: named for purchase_id, named in payers.items() if len(named) > 1}
    if shared and as_of is not None:
        everybody = {participant_id for named in shared.values() for participant_id in named}
        found = await records(session, partner_id, everybody)
        shared = {
            purchase_id: {
                who for who in named if paid_at(found[who], purchase_id, as_of) is not None
            }
            for purchase_id, named in shared.items()
        }
    for place, (key, item) in enumerate(items):
        if found_flags := flags(len(shared.get(item.purchase_id, ()))):
            items[place] = (key, replace(item, flags=found_flags))


def _admitted(items: list[Item], wanted: Filter) -> list[Item]:
    return sorted(item for item in items if wanted.admits(item[1]))


def package_purchase(
    partner_id: int, record: Record, purchase_id: str, rules: Rules, as_of: int | None
) -> PackagePurchase | None:
    """One package purchase, or None when it was not paid, or bought no package (by ``as_of``)."""
    purchase = record.state.purchases.get(purchase_id)
    if purchase is None:
        return None
    since = purchased_at(purchase, as_of)
    package_code = package_code_of(purchase, as_of)
    if since is None or package_code is None:
        return None
    partner = PARTNER_CODES[partner_id]
    codes, unresolved = class_codes_of(purchase, rules.catalogue, as_of)
    package = rules.catalogue.package(package_code, as_of)
    classes: list[PackageClass] = []
    for code in codes:
        answer = answer_of(code, evidence_of(record, code), rules, as_of)
        classes.append(
            PackageClass(
                code,
                rules.catalogue.terms(code, as_of).title,
                answer.purchase,
                answer.completion,
                answer.assessment.state,
                answer.satisfied,
                history_path(partner, record.participant_id, code),
            )
        )
    missing = [of.class_code for of in classes if of.completion != "completed"]
    return PackagePurchase(
        partner,
        purchase_id,
        record.participant_id,
        package_code,
        package.title if package else None,
        instant(since),
        state(purchase, codes, as_of),
        unresolved,
        since >= rules.package_sales_end,
        None if unresolved else not missing,
        classes,
        missing,
    )
