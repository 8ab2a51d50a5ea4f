"""One purchase, class by class, with what the ledger alone keeps: amount, prices, reasons."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

from msgspec import Struct
from msgspec.structs import asdict

from domain.class_evidence import ClassEvidence
from domain.events import Fact, PurchaseRefunded
from domain.marks import key_of, stands
from domain.money import PRICE_IS, UNPRICED, PriceIs
from domain.package_purchase import (
    Contents,
    contents_of,
    is_refunded,
    purchased_at,
    refunded_at,
)
from domain.vocabulary import PARTNER_CODES, PURCHASE_FLAGS, PurchaseState
from projections.reading.catalogue import CatalogueCache, version
from projections.reading.evidence import PurchaseEvidence, people
from projections.reading.instants import instant
from projections.reading.meaning import means
from projections.reading.people import names
from projections.reading.purchased_class import (
    ClassMoney,
    PurchasedClass,
    answer_of,
    class_money,
    shown,
)
from projections.reading.session import Session
from projections.status.record import Rules
from projections.storage.facts import decode as decode_fact
from projections.storage.sql import load

SQL: Final = load("projections.reading", "purchases.sql")

Flags = Annotated[
    list[str],
    means(
        "`purchase_id_used_twice`: several participants paid under the id, against the contract."
    ),
]


class Refund(Struct, frozen=True):
    """``class_codes`` null: the whole purchase."""

    refunded_at: Annotated[datetime, means("When the refund happened.")]
    class_codes: Annotated[
        list[str] | None, means("The classes given back; null: the whole purchase.")
    ]
    reason: Annotated[str | None, means("The partner's reason.")]


class ClassOfPurchase(PurchasedClass, frozen=True, kw_only=True):
    """One class that was bought: the answer about it, its price here and when it was given back."""

    price: Annotated[
        int | None, means("Price of the class in this purchase, whole rupiah; null: unpriced.")
    ]
    price_is: Annotated[
        PriceIs,
        means("How the price is known: stated, allocated (a share of the amount), unpriced."),
    ]
    refunded_at: Annotated[datetime | None, means("When this class was first given back.")]


class PurchaseMoney(ClassMoney, frozen=True, gc=False):
    """What was paid for the classes of a purchase, whole rupiah (contract section 3a)."""

    unallocated: Annotated[
        int, means("Paid beside it for packages that are not published yet; in no other figure.")
    ]


class Purchase(Struct, frozen=True, kw_only=True):
    """One purchase. ``unresolved``: its package is not published yet, so its classes are not known.

    ``package_code``, ``title``, ``complete`` and ``missing`` speak of package purchases; null for the others.
    ``amount`` is in whole rupiah. ``refunded_at``: when the whole was given back, not class by class.
    """

    partner: Annotated[str, means("The platform that sold it.")]
    purchase_id: Annotated[str, means("The order, unique within its partner.")]
    participant_id: Annotated[str, means("The person's pseudonym.")]
    purchased_at: Annotated[datetime, means("When it was paid: the earliest payment that stands.")]
    purchase: Annotated[
        PurchaseState, means("active, or refunded when the whole was, at once or class by class.")
    ]
    package_code: Annotated[str | None, means("The package; null: single classes.")]
    title: Annotated[str | None, means("The package's title; null: not published, or no package.")]
    amount: Annotated[int | None, means("What was paid, whole rupiah.")]
    amount_differs: Annotated[
        bool, means("Every price is stated by a payment, and their sum is not its amount.")
    ]
    money: Annotated[PurchaseMoney, means("What was paid for the classes, in rupiah.")]
    unresolved: Annotated[
        bool, means("The package is not published yet, so its classes are not known.")
    ]
    after_sales_end: Annotated[bool, means("A package, paid at or after the package sales end.")]
    complete: Annotated[
        bool | None,
        means(
            "Every class of the package was completed; false: incomplete; null: unresolved, or no package."
        ),
    ]
    missing: Annotated[
        list[str] | None,
        means("Codes of the package's classes without a completion; null: no package."),
    ]
    refunded_at: Annotated[datetime | None, means("When the whole was given back at once.")]
    refunds: Annotated[list[Refund], means("Every refund that stands.")]
    flags: Flags
    other_participants: Annotated[
        list[str],
        means("Who else paid under the same id: purchases of their own, seen at their classes."),
    ]
    classes: Annotated[list[ClassOfPurchase], means("Each class that was bought.")]


async def one(
    session: Session,
    catalogue: CatalogueCache,
    partner_id: int,
    purchase_id: str,
    as_of: int | None,
) -> Purchase | None:
    """A purchase by its id, or None when nobody made it (by ``as_of``). The session is in one snapshot."""
    rules = (await catalogue.at_least(session, await version(session))).of(partner_id)
    buyers = await session.fetch(SQL["of_id"], partner_id, purchase_id)
    known = await people(session, partner_id, rules, [who for (who,) in buyers])
    who_is = await names(session, [person for (person,) in buyers])
    paid = [
        (since, who_is[person], person, held)
        for (person,) in buyers
        for held in (known.of_purchase(purchase_id, person),)
        if (since := purchased_at(held.purchase, held.withdrawn, as_of)) is not None
    ]
    if not paid:
        return None
    # One id is one purchase. Where a partner used it for several people, the first one has it.
    paid.sort(key=lambda of: of[:2])
    _, participant_id, person, held = paid[0]
    others = [other for _, other, *_ in paid[1:]]
    contents = contents_of(held.purchase, held.withdrawn, rules.catalogue, as_of)
    assert contents is not None  # noqa: S101 - it is paid
    told = await session.fetch(SQL["payments"], partner_id, person)
    facts = {key_of(row[2]): decode_fact(row[0], row[3]) for row in told if row[2] is not None}
    who = (partner_id, participant_id, purchase_id)
    classes = [
        _shown(who, code, known.of_class(person, code), rules, as_of)
        for code in contents.class_codes
    ]
    return _answer(who, held, contents, classes, rules, facts, others, as_of)


def flags(payers: int) -> list[str]:
    """The flags of a purchase under whose id so many participants paid."""
    return list(PURCHASE_FLAGS) if payers > 1 else []


def state(
    evidence: PurchaseEvidence, class_codes: Sequence[str], as_of: int | None
) -> PurchaseState:
    """Refunded when the whole was given back, at once or class by class; else active."""
    purchase = evidence.purchase
    refunded = is_refunded(purchase, class_codes, evidence.withdrawn, as_of)
    return "refunded" if refunded else "active"


def purchase_money(
    evidence: PurchaseEvidence, contents: Contents, as_of: int | None
) -> PurchaseMoney:
    """What was paid for the classes of a purchase, and beside them."""
    purchase = evidence.purchase
    money = contents.money(
        lambda code: refunded_at(purchase, code, evidence.withdrawn, as_of) is not None
    )
    of = class_money(money)
    return PurchaseMoney(of.paid, of.refunded, of.net, of.price_is, contents.unallocated)


def _answer(
    who: tuple[int, str, str],
    evidence: PurchaseEvidence,
    contents: Contents,
    classes: Sequence[PurchasedClass],
    rules: Rules,
    facts: dict[int, Fact],
    others: list[str],
    as_of: int | None,
) -> Purchase:
    """``who``: partner id, participant id, purchase id."""
    partner_id, participant_id, purchase_id = who
    package_code, withdrawn = contents.package_code, evidence.withdrawn
    completed = {each.class_code for each in classes if each.completion.state == "completed"}
    missing = contents.missing(completed.__contains__)
    purchase = evidence.purchase
    refunds = [mark for mark in purchase.refunds if stands(mark, withdrawn, as_of)]
    reasons = {
        mark.key: fact.reason
        for mark in refunds
        if isinstance(fact := facts.get(mark.key), PurchaseRefunded)
    }
    return Purchase(
        partner=PARTNER_CODES[partner_id],
        purchase_id=purchase_id,
        participant_id=participant_id,
        purchased_at=instant(contents.purchased_at),
        purchase=state(evidence, contents.class_codes, as_of),
        package_code=package_code,
        title=rules.catalogue.package_title(package_code, as_of) if package_code else None,
        amount=contents.amount,
        amount_differs=contents.amount_differs,
        money=purchase_money(evidence, contents, as_of),
        unresolved=contents.unresolved,
        after_sales_end=package_code is not None
        and contents.purchased_at >= rules.package_sales_end,
        complete=contents.is_complete(missing),
        missing=missing,
        refunded_at=instant(refunded_at(purchase, None, withdrawn, as_of)),
        refunds=[
            Refund(
                instant(mark.happened),
                None if mark.class_codes is None else list(mark.class_codes),
                reasons.get(mark.key),
            )
            for mark in refunds
        ],
        flags=flags(1 + len(others)),
        other_participants=others,
        classes=[
            _class_of(each, contents, refunded_at(purchase, each.class_code, withdrawn, as_of))
            for each in classes
        ],
    )


def _class_of(each: PurchasedClass, contents: Contents, given_back: int | None) -> ClassOfPurchase:
    price = contents.prices[each.class_code]
    return ClassOfPurchase(
        **asdict(each),
        price=None if price.price_is == UNPRICED else price.rupiah,
        price_is=PRICE_IS[price.price_is],
        refunded_at=instant(given_back),
    )


def _shown(
    who: tuple[int, str, str],
    class_code: str,
    evidence: ClassEvidence,
    rules: Rules,
    as_of: int | None,
) -> PurchasedClass:
    partner_id, participant_id, _ = who
    answer = answer_of(class_code, evidence, rules, as_of)
    return shown(partner_id, participant_id, class_code, answer, rules, as_of)
