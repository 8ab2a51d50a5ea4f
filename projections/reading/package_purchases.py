"""Packages sold: which of their classes were completed and assessed, and which are missing."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from domain.answer import purchased_at
from domain.vocabulary import PARTNER_CODES, AssessmentState, CompletionState, PurchaseState
from projections.reading.catalogue import Known
from projections.reading.instants import instant
from projections.reading.page import Key, Page
from projections.reading.purchased_class import answer_of, history_path
from projections.reading.purchased_classes import ALL_PARTNERS
from projections.reading.purchases import SQL, evidence_of, records, state
from projections.reading.session import Session
from projections.record import Record, Rules, class_codes_of, package_code_of


class PackageClass(Struct, frozen=True, gc=False):
    """One class of a package that was bought."""

    class_code: str
    title: str | None
    purchase: PurchaseState
    completion: CompletionState
    assessment: AssessmentState
    satisfied: bool
    history: str


class PackagePurchase(Struct, frozen=True, gc=False):
    """One package that was bought. ``missing`` are the classes without a completion.

    ``unresolved``: the package is not published yet, so its classes are not known; such a purchase is not complete.
    """

    partner: str
    purchase_id: str
    participant_id: str
    package_code: str
    title: str | None
    purchased_at: datetime
    purchase: PurchaseState
    unresolved: bool
    after_sales_end: bool
    complete: bool
    classes: list[PackageClass]
    missing: list[str]


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
    columns: Sequence[Any] = (
        (None, None, None)
        if as_of is not None
        else (wanted.complete, wanted.after_sales_end, wanted.unresolved)
    )
    for partner_id in sorted(wanted.partner_ids):
        behind: Sequence[Any] = (wanted.package_code or "", "", "")
        if after is not None and partner_id <= after[0]:
            if partner_id < after[0]:
                continue
            behind = after[1:]
        statement = SQL["packages_of_code" if wanted.package_code else "packages_of_partner"]
        while True:
            rows = await session.fetch(statement, partner_id, *behind, page_rows, *columns)
            if not rows:
                break
            behind = tuple(rows[-1])
            found = await records(session, partner_id, {row[2] for row in rows})
            items: list[tuple[Key, PackagePurchase]] = []
            for row in rows:
                item = package_purchase(
                    partner_id, found[row[2]], row[1], known.of(partner_id), as_of
                )
                if item is not None and wanted.admits(item):
                    items.append(((partner_id, *row), item))
            yield Page(items, (partner_id, *behind), len(rows))
            if len(rows) < page_rows:
                break


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
        not missing and not unresolved,
        classes,
        missing,
    )
