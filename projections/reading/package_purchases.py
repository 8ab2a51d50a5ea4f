"""Packages sold: which of their classes were completed and assessed, and which are missing."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from msgspec import Struct

from domain.answer import purchased_at
from domain.vocabulary import PARTNER_CODES, AssessmentState, CompletionState, PurchaseState
from projections.reading.catalogue import Known
from projections.reading.instants import instant
from projections.reading.meaning import means
from projections.reading.page import Key, Page
from projections.reading.purchased_class import answer_of, history_path
from projections.reading.purchased_classes import ALL_PARTNERS
from projections.reading.purchases import evidence_of, state
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
        apart: dict[str, list[Item]] = {}
        if as_of is not None:
            apart = await _withdrawn(session, partner_id, rules, as_of)
        waiting = sorted(
            (item for of in apart.values() for item in of if item[0] > behind), reverse=True
        )
        async for rows in _rows(session, wanted, as_of, behind, page_rows):
            found = await records(session, partner_id, {row[2] for row in rows})
            items: list[Item] = []
            for package_code, purchase_id, participant_id in rows:
                if participant_id in apart:
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
            yield Page(_admitted(items, wanted), reached, len(rows))
        if waiting:
            yield Page(_admitted(waiting, wanted), waiting[0][0], len(waiting))


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


async def _withdrawn(
    session: Session, partner_id: int, rules: Rules, as_of: int
) -> dict[str, list[Item]]:
    """Participant to package purchases by ``as_of``, of those of whom the table may not show what stood then."""
    apart: dict[str, list[Item]] = {}
    async for record in with_withdrawn_payments(session, partner_id):
        items = apart[record.participant_id] = []
        for purchase_id in record.state.purchases:
            item = package_purchase(partner_id, record, purchase_id, rules, as_of)
            if item is not None:
                key = (partner_id, item.package_code, purchase_id, record.participant_id)
                items.append((key, item))
    return apart


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
