"""One purchase, class by class, with what the ledger alone keeps: amount, prices, reasons."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Struct
from msgspec.structs import asdict

from domain.answer import purchased_at, stands
from domain.events import PARTICIPANT_STREAM, Fact, PurchasePaid, PurchaseRefunded
from domain.participant import ClassRecord, PurchaseRecord, key_of
from domain.vocabulary import PARTNER_CODES, PURCHASE_FLAGS, PurchaseState
from projections.evidence import Evidence
from projections.facts import decode as decode_fact
from projections.reading.catalogue import CatalogueCache, version
from projections.reading.instants import instant
from projections.reading.meaning import means
from projections.reading.purchased_class import PurchasedClass, answer_of, shown
from projections.reading.records import SQL, records, with_withdrawn_payments
from projections.reading.session import Session
from projections.record import Record, Rules, class_codes_of, package_code_of

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
    """One class that was bought: the answer about it, its price in whole rupiah and when it was given back."""

    price: Annotated[int | None, means("Price of the class, whole rupiah.")]
    refunded_at: Annotated[datetime | None, means("When this class was first given back.")]


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
    known = await catalogue.at_least(session, await version(session))
    rules = known.of(partner_id)
    buyers = await session.fetch(SQL["participants_of_purchase"], partner_id, purchase_id)
    found = await records(session, partner_id, [buyer for (buyer,) in buyers])
    if as_of is not None:
        async for record in with_withdrawn_payments(session, partner_id, purchase_id):
            found[record.participant_id] = record
    paid = [record for record in found.values() if paid_at(record, purchase_id, as_of) is not None]
    if not paid:
        return None
    # One id is one purchase. Where a partner used it for several people, the first one has it.
    paid.sort(key=lambda of: (paid_at(of, purchase_id, as_of), of.participant_id))
    others = [of.participant_id for of in paid[1:]]
    return await _answered(session, partner_id, paid[0], purchase_id, rules, others, as_of)


def flags(payers: int) -> list[str]:
    """The flags of a purchase under whose id so many participants paid."""
    return list(PURCHASE_FLAGS) if payers > 1 else []


def paid_at(record: Record, purchase_id: str, as_of: int | None) -> int | None:
    """When a participant paid under a purchase id (by ``as_of``), or None."""
    purchase = record.state.purchases.get(purchase_id)
    return None if purchase is None else purchased_at(purchase, as_of)


async def _answered(
    session: Session,
    partner_id: int,
    record: Record,
    purchase_id: str,
    rules: Rules,
    others: list[str],
    as_of: int | None,
) -> Purchase:
    stream = PARTICIPANT_STREAM + record.participant_id
    rows = await session.fetch(SQL["payments"], partner_id, stream)
    facts = {key_of(row[2]): decode_fact(row[0], row[3]) for row in rows if row[2] is not None}
    purchase = record.state.purchases[purchase_id]
    return _answer(partner_id, record, purchase, rules, facts, others, as_of)


def refunded_at(purchase: PurchaseRecord, class_code: str | None, as_of: int | None) -> int | None:
    """The earliest refund of one class of the purchase, or of the whole (class code None)."""
    return min(
        (
            refund.happened
            for refund in purchase.refunds
            if (refund.class_codes is None or class_code in refund.class_codes)
            and stands(refund, as_of)
        ),
        default=None,
    )


def state(purchase: PurchaseRecord, class_codes: Sequence[str], as_of: int | None) -> PurchaseState:
    """Refunded when the whole was given back, at once or class by class; else active."""
    if refunded_at(purchase, None, as_of) is not None:
        return "refunded"
    given_back = [refunded_at(purchase, code, as_of) is not None for code in class_codes]
    return "refunded" if given_back and all(given_back) else "active"


def evidence_of(record: Record, class_code: str) -> Evidence:
    """What a participant's record holds of one class; purchases that do not concern it do no harm."""
    return Evidence(
        record.state.classes.get(class_code),
        [purchase for _, purchase in sorted(record.state.purchases.items())],
    )


def is_completed(evidence: ClassRecord | None, as_of: int | None) -> bool:
    """Whether a completion of the class stands."""
    return evidence is not None and any(stands(mark, as_of) for mark in evidence.completed)


def _answer(
    partner_id: int,
    record: Record,
    purchase: PurchaseRecord,
    rules: Rules,
    facts: dict[int, Fact],
    others: list[str],
    as_of: int | None,
) -> Purchase:
    since = purchased_at(purchase, as_of)
    assert since is not None  # noqa: S101 - the caller found it paid
    codes, unresolved = class_codes_of(purchase, rules.catalogue, as_of)
    package_code = package_code_of(purchase, as_of)
    package = rules.catalogue.package(package_code, as_of) if package_code else None
    missing = None
    if package_code is not None:
        missing = [c for c in codes if not is_completed(record.state.classes.get(c), as_of)]
    paid = [facts[mark.key] for mark in purchase.paid if stands(mark, as_of) and mark.key in facts]
    payments = [fact for fact in paid if isinstance(fact, PurchasePaid)]
    prices: dict[str, int | None] = {}
    for payment in payments:
        for class_code, price in payment.items or ():
            prices.setdefault(class_code, price)
    refunds = [mark for mark in purchase.refunds if stands(mark, as_of)]
    reasons = {
        mark.key: fact.reason
        for mark in refunds
        if isinstance(fact := facts.get(mark.key), PurchaseRefunded)
    }
    return Purchase(
        partner=PARTNER_CODES[partner_id],
        purchase_id=purchase.purchase_id,
        participant_id=record.participant_id,
        purchased_at=instant(since),
        purchase=state(purchase, codes, as_of),
        package_code=package_code,
        title=package.title if package else None,
        amount=next((p.amount for p in payments if p.amount is not None), None),
        unresolved=unresolved,
        after_sales_end=package_code is not None and since >= rules.package_sales_end,
        complete=None if missing is None or unresolved else not missing,
        missing=missing,
        refunded_at=instant(refunded_at(purchase, None, as_of)),
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
            ClassOfPurchase(
                **asdict(_shown(partner_id, record, code, rules, as_of)),
                price=prices.get(code),
                refunded_at=instant(refunded_at(purchase, code, as_of)),
            )
            for code in codes
        ],
    )


def _shown(
    partner_id: int, record: Record, class_code: str, rules: Rules, as_of: int | None
) -> PurchasedClass:
    answer = answer_of(class_code, evidence_of(record, class_code), rules, as_of)
    return shown(partner_id, record.participant_id, class_code, answer, rules, as_of)
