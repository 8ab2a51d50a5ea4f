"""The list of all purchases, of packages and of single classes, with what was paid for each class."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote

from msgspec import Struct, structs

from domain.money import PRICE_IS, UNPRICED, PriceIs
from domain.package_purchase import contents_of, refunded_at
from domain.vocabulary import PARTNER_CODES, PurchaseState
from projections.reading.by_partner import ALL_PARTNERS, starts
from projections.reading.catalogue import Known
from projections.reading.evidence import PurchaseEvidence, of_purchases
from projections.reading.instants import instant
from projections.reading.meaning import means
from projections.reading.page import Key, Page, more
from projections.reading.people import LOWEST, names, number
from projections.reading.purchases import PurchaseMoney, purchase_money, state
from projections.reading.session import Session
from projections.reading.since_then import Since, since, who_withdrew
from projections.status.record import Rules
from projections.storage.sql import load

SQL: Final = load("projections.reading", "purchase_list.sql")


NOBODY: Final = ""
"""Stands for a participant whose name is not looked up, as nothing of theirs may be listed."""


class PricedClass(Struct, frozen=True, gc=False):
    """One class of a purchase and what it cost there."""

    class_code: Annotated[str, means("The class, unique within its partner.")]
    price: Annotated[
        int | None, means("Price of the class in this purchase, whole rupiah; null: unpriced.")
    ]
    price_is: Annotated[
        PriceIs,
        means("How the price is known: stated, allocated (a share of the amount), unpriced."),
    ]
    refunded_at: Annotated[datetime | None, means("When this class was first given back.")]


class ListedPurchase(Struct, frozen=True, gc=False):
    """One purchase in the list."""

    partner: Annotated[str, means("The platform that sold it.")]
    purchase_id: Annotated[str, means("The order, unique within its partner.")]
    participant_id: Annotated[str, means("The person's pseudonym.")]
    purchased_at: Annotated[datetime, means("When it was paid: the earliest payment that stands.")]
    purchase: Annotated[
        PurchaseState, means("active, or refunded when the whole was, at once or class by class.")
    ]
    package_code: Annotated[str | None, means("The package; null: single classes.")]
    unresolved: Annotated[
        bool, means("The package is not published yet, so its classes are not known.")
    ]
    amount: Annotated[int | None, means("What was paid, whole rupiah, as the payment says.")]
    amount_differs: Annotated[
        bool, means("Every price is stated by a payment, and their sum is not its amount.")
    ]
    money: Annotated[PurchaseMoney, means("What was paid for the classes, in rupiah.")]
    classes: Annotated[list[PricedClass], means("Each class that was bought, with its price.")]
    details: Annotated[str, means("Path of the purchase, class by class.")]


class Filter(Struct, frozen=True, kw_only=True):
    """What the list is narrowed to; None: not at all. Times in microseconds UTC, ``purchased_to`` exclusive."""

    partner_ids: tuple[int, ...] = ALL_PARTNERS
    participant_id: str | None = None
    package_code: str | None = None
    refunded: bool | None = None
    amount_differs: bool | None = None
    purchased_from: int | None = None
    purchased_to: int | None = None

    def admits(self, item: ListedPurchase) -> bool:
        """Whether an item is listed, as far as partner and participant do not decide."""
        since, until = instant(self.purchased_from), instant(self.purchased_to)
        return (
            self.package_code in {None, item.package_code}
            and self.refunded in {None, item.purchase == "refunded"}
            and self.amount_differs in {None, item.amount_differs}
            and (since is None or item.purchased_at >= since)
            and (until is None or item.purchased_at < until)
        )


class Then(Struct, frozen=True):
    """As of a time: which, from whom something was withdrawn since, whether rows of classes follow the catalogue."""

    at: datetime
    persons: Sequence[int]
    rows_follow: bool


async def pages(
    session: Session,
    known: Known,
    wanted: Filter,
    as_of: int | None,
    after: Key | None,
    page_rows: int,
) -> AsyncIterator[Page[ListedPurchase]]:
    """The list behind the key ``after`` = (partner id, purchase id, participant's number).

    The session is in one snapshot, which ``known`` is not older than.
    """
    changes: Mapping[int, Since] = {}
    left: Mapping[int, Sequence[int]] = {}
    if as_of is not None:
        if wanted.refunded:
            changes = await since(session, known, wanted.partner_ids, as_of)
        left = await who_withdrew(session, wanted.partner_ids, as_of, changes)
    for start in starts(wanted.partner_ids, after, ("", LOWEST)):
        partner_id, behind = start[0], start
        rules = known.of(partner_id)
        then = None
        if as_of is not None:
            then = Then(instant(as_of), left[partner_id], partner_id in changes)
        while True:
            rows = await _rows(session, wanted, then, behind, page_rows)
            if rows:
                behind = (partner_id, *rows[-1])
                evidence = await of_purchases(
                    session, partner_id, rules, [tuple(row) for row in rows]
                )
                listed = [
                    ((partner_id, purchase_id, person), item)
                    for (purchase_id, person), held in zip(rows, evidence, strict=True)
                    if (item := _listed(partner_id, purchase_id, held, rules, as_of)) is not None
                    and wanted.admits(item)
                ]
                who = await names(session, (person for (*_, person), _ in listed))
                items = [
                    (key, structs.replace(item, participant_id=who[key[-1]]))
                    for key, item in listed
                ]
                yield Page(items, behind, len(rows))
            if len(rows) < page_rows:
                break
            page_rows = more(page_rows)


async def _rows(
    session: Session,
    wanted: Filter,
    then: Then | None,
    behind: Key,
    page_rows: int,
) -> Sequence[Any]:
    """The next rows of one partner: purchase id, participant's number."""
    partner_id, purchase_id, _ = behind
    if wanted.participant_id is not None:
        asked = await number(session, wanted.participant_id)
        if asked is None:
            return []
        return await session.fetch(SQL["of_participant"], partner_id, asked, purchase_id, page_rows)
    bounds = (instant(wanted.purchased_from), instant(wanted.purchased_to))
    columns: Sequence[Any] = (wanted.package_code, wanted.amount_differs, *bounds)
    statement = "of_partner"
    if then is not None:
        statement = "then"
        if wanted.amount_differs:
            statement = "differing_then"
        elif wanted.package_code is not None:
            statement = "of_package_then"
        elif wanted.refunded and then.rows_follow:
            statement = "refunded_then"
        return await session.fetch(
            SQL[statement], *behind, page_rows, *columns, then.at, then.persons
        )
    if wanted.amount_differs:
        statement = "differing"
    elif wanted.refunded:
        statement = "refunded"
    elif wanted.package_code is not None:
        statement = "of_package"
    return await session.fetch(SQL[statement], *behind, page_rows, *columns, wanted.refunded)


def _listed(
    partner_id: int,
    purchase_id: str,
    evidence: PurchaseEvidence,
    rules: Rules,
    as_of: int | None,
) -> ListedPurchase | None:
    """One purchase, of nobody yet, or None when it was not paid (by ``as_of``)."""
    record, withdrawn = evidence.purchase, evidence.withdrawn
    contents = contents_of(record, withdrawn, rules.catalogue, as_of)
    if contents is None:
        return None
    partner = PARTNER_CODES[partner_id]
    return ListedPurchase(
        partner,
        purchase_id,
        NOBODY,
        instant(contents.purchased_at),
        state(evidence, contents.class_codes, as_of),
        contents.package_code,
        contents.unresolved,
        contents.amount,
        contents.amount_differs,
        purchase_money(evidence, contents, as_of),
        [
            PricedClass(
                code,
                None if price.price_is == UNPRICED else price.rupiah,
                PRICE_IS[price.price_is],
                instant(refunded_at(record, code, withdrawn, as_of)),
            )
            for code, price in contents.prices.items()
        ],
        f"/v1/purchases/{partner}/{quote(purchase_id, safe='')}",
    )
