"""From the evidence of one class and the catalogue to the answer (contract section 3, "One purchased class").

A pure function of the *set* of facts: nothing here depends on the order of arrival. With ``as_of`` only what
had happened by then counts: facts, withdrawals, and what the catalogue said.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec import Struct

from domain.catalogue import ClassTerms
from domain.catalogue import State as Catalogue
from domain.participant import ClassRecord, Mark, PurchaseRecord, Result
from domain.vocabulary import (
    ASSESSING_KINDS,
    FLAGS,
    AssessmentState,
    CompletionState,
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


class Assessment(Struct, frozen=True, gc=False):
    """How the participant did. ``best_scaled`` and ``pre_test_scaled`` 0 to 1."""

    state: AssessmentState = "not_assessed"
    at: int | None = None
    best_scaled: float | None = None
    attempts: int = 0
    pre_test_scaled: float | None = None


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


NO_EVIDENCE = ClassRecord()

_M = TypeVar("_M", bound=Mark)


def stands(mark: Mark, as_of: int | None) -> bool:
    """Whether a fact counts: it had happened and was not withdrawn (by ``as_of``)."""
    if as_of is None:
        return mark.voided_at is None
    return mark.happened <= as_of and (mark.voided_at is None or mark.voided_at > as_of)


def _standing(marks: Sequence[_M], as_of: int | None) -> list[_M]:
    return [mark for mark in marks if stands(mark, as_of)]


def flag_names(flags: int) -> list[str]:
    """The names of the set bits, in the contract's order."""
    return [name for bit, name in enumerate(FLAGS) if flags >> bit & 1]


def purchased_at(record: PurchaseRecord, as_of: int | None = None) -> int | None:
    """The earliest standing time of a purchase, or None when nothing says it was paid."""
    return min((paid.happened for paid in record.paid if stands(paid, as_of)), default=None)


def purchase_of_class(
    record: PurchaseRecord, class_code: str, catalogue: Catalogue, as_of: int | None = None
) -> PurchaseOfClass | None:
    """The purchase as far as it concerns the class, or None when it does not.

    The package is that of the earliest event that names the class, by its items or by the package's composition.
    """
    paid = _standing(record.paid, as_of)
    for earliest in paid:
        codes = earliest.class_codes
        if codes is None:
            package_code = earliest.package_code
            codes = catalogue.composition(package_code, as_of) or () if package_code else ()
        if class_code in codes:
            break
    else:
        return None
    refunded_at = min(
        (
            refund.happened
            for refund in record.refunds
            if (refund.class_codes is None or class_code in refund.class_codes)
            and stands(refund, as_of)
        ),
        default=None,
    )
    return PurchaseOfClass(record.purchase_id, paid[0].happened, earliest.package_code, refunded_at)


def judge(
    class_code: str,
    evidence: ClassRecord | None,
    purchases: Iterable[PurchaseRecord],
    catalogue: Catalogue,
    package_sales_end: int,
    as_of: int | None = None,
) -> Answer:
    """The answer about one class.

    ``purchases`` may hold purchases that do not concern the class. ``package_sales_end`` and ``as_of`` are
    microseconds UTC.
    """
    terms = catalogue.terms(class_code, as_of)
    record = evidence or NO_EVIDENCE
    of_class = [
        bought
        for purchase in purchases
        if (bought := purchase_of_class(purchase, class_code, catalogue, as_of)) is not None
    ]
    if len(of_class) > 1:
        of_class.sort(key=lambda bought: (bought.purchased_at, bought.purchase_id))

    redeemed = _standing(record.redeemed, as_of)
    progress = _standing(record.progress, as_of)
    completed = _standing(record.completed, as_of)
    results = _standing(record.results, as_of)
    certificates = _standing(record.certificates, as_of)
    reviews = _standing(record.reviews, as_of)
    reported = [
        marks for marks in (redeemed, progress, completed, results, certificates, reviews) if marks
    ]

    completion: CompletionState = (
        "completed" if completed else "in_progress" if reported else "never_reported"
    )
    assessment = _assess(results, terms)
    review = reviews[-1] if reviews else None
    certificate = certificates[-1] if certificates else None
    first_reported_at = min((marks[0].happened for marks in reported), default=None)
    last_reported_at = max((marks[-1].happened for marks in reported), default=None)
    return Answer(
        purchases=tuple(of_class),
        purchase=_purchase_state(of_class),
        reported=bool(reported),
        completion=completion,
        completed_at=completed[0].happened if completed else None,
        percent=max((p.percent for p in progress if p.percent is not None), default=None),
        units_done=len({p.unit for p in progress if p.unit is not None}) if progress else 0,
        assessment=assessment,
        rating=review.rating if review else None,
        instructor_rating=review.instructor_rating if review else None,
        facility_rating=review.facility_rating if review else None,
        reviewed_at=review.happened if review else None,
        certificate_no=certificate.certificate_no if certificate else None,
        certificate_at=certificate.happened if certificate else None,
        satisfied=_satisfied(terms.move_on, bool(completed), assessment.state == "passed"),
        flags=_flags(
            of_class,
            bool(completed),
            assessment.state,
            certificate is not None,
            first_reported_at,
            last_reported_at,
            package_sales_end,
        ),
        redeemed_at=redeemed[0].happened if redeemed else None,
        first_reported_at=first_reported_at,
    )


def _purchase_state(purchases: Sequence[PurchaseOfClass]) -> PurchaseState:
    if not purchases:
        return "none"
    return "active" if any(p.refunded_at is None for p in purchases) else "refunded"


def _assess(results: Sequence[Result], terms: ClassTerms) -> Assessment:
    if not results:
        return _NOT_ASSESSED
    pre_test_scaled = next(
        (r.scaled for r in results if r.kind == "pre_test" and r.scaled is not None), None
    )
    best_scaled: float | None = None
    first_pass: int | None = None
    verdict = False
    attempts = 0
    latest = 0
    for result in results:
        if result.kind not in ASSESSING_KINDS:
            continue
        attempts += 1
        latest = result.happened
        passed = result.passed
        if result.scaled is not None:
            if best_scaled is None or result.scaled > best_scaled:
                best_scaled = result.scaled
            if passed is None:
                passed = result.scaled >= terms.mastery_score
        if passed is not None:
            verdict = True
            if passed and first_pass is None:
                first_pass = result.happened
    if not attempts:
        return Assessment(pre_test_scaled=pre_test_scaled)
    state: AssessmentState = (
        "passed" if first_pass is not None else "failed" if verdict else "assessed"
    )
    at = latest if first_pass is None else first_pass
    return Assessment(state, at, best_scaled, attempts, pre_test_scaled)


_NOT_ASSESSED = Assessment()


def _satisfied(move_on: str, completed: bool, passed: bool) -> bool:
    match move_on:
        case "Completed":
            return completed
        case "Passed":
            return passed
        case "CompletedOrPassed":
            return completed or passed
        case "NotApplicable":
            return True
        case _:
            return completed and passed


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
    if any(p.package_code is not None and p.purchased_at >= package_sales_end for p in purchases):
        flags |= PACKAGE_AFTER_SALES_END
    if first_reported_at is not None and first_reported_at < purchases[0].purchased_at:
        flags |= EVIDENCE_BEFORE_PURCHASE
    refunds = [p.refunded_at for p in purchases if p.refunded_at is not None]
    if (
        last_reported_at is not None
        and len(refunds) == len(purchases)
        and last_reported_at > max(refunds)
    ):
        flags |= EVIDENCE_AFTER_REFUND
    if len(purchases) > 1:
        flags |= PURCHASED_TWICE
    return flags
