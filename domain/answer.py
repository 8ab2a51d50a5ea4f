"""From the evidence of one class and the catalogue to the answer (contract section 3, "One purchased class").

A pure function of the *set* of facts: nothing here depends on the order of arrival. With ``as_of`` only what
had happened by then counts: facts, withdrawals, and what the catalogue said.
"""

from collections.abc import Sequence
from typing import assert_never

from msgspec import Struct

from domain.assessment import Assessment, assess
from domain.attendance import NOWHERE, Attended, attended
from domain.catalogue import State as Catalogue
from domain.class_evidence import Bought, ClassEvidence
from domain.marks import Progress, Withdrawn, first_standing, stands
from domain.money import NO_MONEY, NO_PRICE, Money, Price, money_of, price_in_package
from domain.participant import ClassRecord
from domain.vocabulary import (
    FLAGS,
    AssessmentState,
    CompletionState,
    MoveOn,
    PurchaseState,
)

(
    PACKAGE_AFTER_SALES_END,
    CERTIFICATE_WITHOUT_COMPLETION,
    COMPLETED_WITHOUT_ASSESSMENT,
    EVIDENCE_BEFORE_PURCHASE,
    EVIDENCE_AFTER_REFUND,
    PURCHASED_TWICE,
) = (1 << bit for bit in range(len(FLAGS)))


class PurchaseOfClass(Struct, frozen=True, gc=False):
    """One purchase as far as it concerns one class. Times in microseconds UTC."""

    purchase_id: str
    purchased_at: int
    package_code: str | None
    refunded_at: int | None
    price: Price = NO_PRICE


class Answer(Struct, frozen=True, gc=False):
    """The answer about one class of one participant at one partner. Times in microseconds UTC.

    ``reported`` says that the partner reported anything at all; ``flags`` has a bit per name of FLAGS.
    """

    purchases: tuple[PurchaseOfClass, ...]
    purchase: PurchaseState
    reported: bool
    completion: CompletionState
    completed_at: int | None
    percent: float | None
    units_done: int
    assessment: Assessment
    rating: int | None
    instructor_rating: int | None
    facility_rating: int | None
    reviewed_at: int | None
    certificate_no: str | None
    certificate_at: int | None
    satisfied: bool
    flags: int
    redeemed_at: int | None = None
    first_reported_at: int | None = None
    last_reported_at: int | None = None
    money: Money = NO_MONEY
    attended: Attended = NOWHERE


NO_RECORD = ClassRecord()


def flag_names(flags: int) -> list[str]:
    """The names of the set bits, in the contract's order."""
    return [name for bit, name in enumerate(FLAGS) if flags >> bit & 1]


def purchase_of_class(
    bought: Bought,
    class_code: str,
    catalogue: Catalogue,
    withdrawn: Withdrawn,
    as_of: int | None = None,
) -> PurchaseOfClass | None:
    """The purchase as far as it concerns the class, or None when it does not.

    The package is that of the earliest event that names the class, by its items or by the package's composition.
    Marks stand in order of time, so the first that counts is the earliest.
    """
    since: int | None = None
    for paid in bought.paid:
        if (withdrawn or as_of is not None) and not stands(paid, withdrawn, as_of):
            continue
        if since is None:
            since = paid.happened
        if paid.names:
            price = NO_PRICE if paid.rupiah is None else Price(paid.rupiah, paid.price_is)
            break
        if paid.names is None and paid.package_code is not None:
            codes = catalogue.composition(paid.package_code, as_of)
            if codes is not None and class_code in codes:
                price = price_in_package(class_code, codes, paid.rupiah)
                break
    else:
        return None
    refund = first_standing(bought.refunds, withdrawn, as_of) if bought.refunds else None
    return PurchaseOfClass(
        bought.purchase_id,
        since,
        paid.package_code,
        None if refund is None else refund.happened,
        price,
    )


def judge(
    class_code: str,
    evidence: ClassEvidence,
    catalogue: Catalogue,
    package_sales_end: int,
    as_of: int | None = None,
) -> Answer:
    """The answer about one class. ``package_sales_end`` and ``as_of`` are microseconds UTC."""
    terms = catalogue.terms(class_code, as_of)
    record = evidence.record or NO_RECORD
    withdrawn = evidence.withdrawn
    if withdrawn or as_of is not None:
        record = record.standing(withdrawn, as_of)
    of_class = [
        purchase
        for bought in evidence.purchases
        if (purchase := purchase_of_class(bought, class_code, catalogue, withdrawn, as_of))
        is not None
    ]
    if len(of_class) > 1:
        of_class.sort(key=lambda bought: (bought.purchased_at, bought.purchase_id))

    first_reported_at: int | None = None
    last_reported_at: int | None = None
    for reports in record.lists():
        first, last = reports[0].happened, reports[-1].happened
        if first_reported_at is None or first < first_reported_at:
            first_reported_at = first
        if last_reported_at is None or last > last_reported_at:
            last_reported_at = last
    completed, redeemed = record.completed, record.redeemed
    reported = first_reported_at is not None

    completion: CompletionState = (
        "completed" if completed else "in_progress" if reported else "never_reported"
    )
    assessment = assess(record.results or (), terms.mastery_score)
    review = record.reviews[-1] if record.reviews else None
    certificate = record.certificates[-1] if record.certificates else None
    percent, units = _way(record.progress) if record.progress else (None, 0)
    is_completed = bool(completed)
    # In the order of the fields: by name it takes twice as long.
    return Answer(
        tuple(of_class),
        _purchase_state(of_class),
        reported,
        completion,
        completed[0].happened if completed else None,
        percent,
        units,
        assessment,
        review.rating if review else None,
        review.instructor_rating if review else None,
        review.facility_rating if review else None,
        review.happened if review else None,
        certificate.certificate_no if certificate else None,
        certificate.happened if certificate else None,
        _satisfied(terms.move_on, is_completed, assessment.state == "passed"),
        _flags(
            of_class,
            is_completed,
            assessment.state,
            certificate is not None,
            first_reported_at,
            last_reported_at,
            package_sales_end,
        ),
        redeemed[0].happened if redeemed else None,
        first_reported_at,
        last_reported_at,
        _money(of_class),
        attended(record.attended) if record.attended else NOWHERE,
    )


def _way(progress: Sequence[Progress]) -> tuple[float | None, int]:
    """The highest percent that was reported, and how many units were."""
    percent: float | None = None
    units: set[str | int] = set()
    for step in progress:
        if step.percent is not None and (percent is None or step.percent > percent):
            percent = step.percent
        if step.unit is not None:
            units.add(step.unit)
    return percent, len(units)


def _money(purchases: Sequence[PurchaseOfClass]) -> Money:
    if not purchases:
        return NO_MONEY
    return money_of([(bought.price, bought.refunded_at is not None) for bought in purchases])


def _purchase_state(purchases: Sequence[PurchaseOfClass]) -> PurchaseState:
    for purchase in purchases:
        if purchase.refunded_at is None:
            return "active"
    return "refunded" if purchases else "none"


def _satisfied(move_on: MoveOn, completed: bool, passed: bool) -> bool:
    match move_on:
        case "Completed":
            return completed
        case "Passed":
            return passed
        case "CompletedAndPassed":
            return completed and passed
        case "CompletedOrPassed":
            return completed or passed
        case "NotApplicable":
            return True
        case _:
            assert_never(move_on)


def _flags(
    purchases: Sequence[PurchaseOfClass],
    completed: bool,
    assessment: AssessmentState,
    certified: bool,
    first_reported_at: int | None,
    last_reported_at: int | None,
    package_sales_end: int,
) -> int:
    flags = 0
    if certified and not completed:
        flags |= CERTIFICATE_WITHOUT_COMPLETION
    if completed and assessment == "not_assessed":
        flags |= COMPLETED_WITHOUT_ASSESSMENT
    if not purchases:
        return flags
    refunded_at: int | None = purchases[0].refunded_at
    for purchase in purchases:
        if purchase.package_code is not None and purchase.purchased_at >= package_sales_end:
            flags |= PACKAGE_AFTER_SALES_END
        if purchase.refunded_at is None or refunded_at is None:
            refunded_at = None
        elif purchase.refunded_at > refunded_at:
            refunded_at = purchase.refunded_at
    if first_reported_at is not None and first_reported_at < purchases[0].purchased_at:
        flags |= EVIDENCE_BEFORE_PURCHASE
    if last_reported_at is not None and refunded_at is not None and last_reported_at > refunded_at:
        flags |= EVIDENCE_AFTER_REFUND
    if len(purchases) > 1:
        flags |= PURCHASED_TWICE
    return flags
