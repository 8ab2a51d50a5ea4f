"""The answer about one class, worked out anew from the list of events and the words of the contract.

Slow and plain on purpose, and without the aggregate: it filters, sorts and counts what was told.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from domain.attendance import Attended
from domain.events import (
    CertificateIssued,
    ClassAssessed,
    ClassAttended,
    ClassCompleted,
    ClassProgressed,
    ClassPublished,
    ClassRedeemed,
    ClassReviewed,
    EventVoided,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from domain.marks import key_of


def expected(
    told: Iterable[PartnerEvent], class_code: str, sales_end: int, as_of: int | None = None
) -> dict[str, Any]:
    """The answer as a plain mapping; ``told`` are the events of one participant and of the catalogue."""
    happened = {e.event_id: e for e in told if as_of is None or e.happened <= as_of}
    order = sorted(happened.values(), key=lambda e: (e.happened, key_of(e.event_id)))
    withdrawn = {e.fact.target_id for e in order if isinstance(e.fact, EventVoided)}
    catalogue = [e for e in order if isinstance(e.fact, ClassPublished | PackagePublished)]
    standing = [e for e in order if e.event_id not in withdrawn and e not in catalogue]

    move_on, mastery_score = "CompletedAndPassed", 0.6
    compositions: dict[str, tuple[str, ...]] = {}
    for e in catalogue:
        if e.event_id in withdrawn:
            continue
        if isinstance(e.fact, PackagePublished):
            compositions.setdefault(e.fact.package_code, e.fact.class_codes)
        elif isinstance(e.fact, ClassPublished) and e.fact.class_code == class_code:
            move_on, mastery_score = e.fact.move_on, e.fact.mastery_score

    evidence = [e for e in standing if getattr(e.fact, "class_code", None) == class_code]
    purchases = _purchases(standing, class_code, compositions)
    completions = [e for e in evidence if isinstance(e.fact, ClassCompleted)]
    certificates = [e for e in evidence if isinstance(e.fact, CertificateIssued)]
    reviews = [e for e in evidence if isinstance(e.fact, ClassReviewed)]
    redeemed = [e for e in evidence if isinstance(e.fact, ClassRedeemed)]
    percents = [
        e.fact.percent
        for e in evidence
        if isinstance(e.fact, ClassProgressed) and e.fact.percent is not None
    ]
    units = {
        e.fact.unit
        for e in evidence
        if isinstance(e.fact, ClassProgressed) and e.fact.unit is not None
    }
    assessment = _assessment(evidence, mastery_score)
    passed = assessment["state"] == "passed"
    review = reviews[-1].fact if reviews else None
    certificate = certificates[-1].fact if certificates else None
    assert review is None or isinstance(review, ClassReviewed)
    assert certificate is None or isinstance(certificate, CertificateIssued)

    if not purchases:
        purchase = "none"
    else:
        purchase = "refunded" if all(p["refunded_at"] is not None for p in purchases) else "active"
    flags = {
        "package_after_sales_end": any(
            p["package_code"] and p["purchased_at"] >= sales_end for p in purchases
        ),
        "certificate_without_completion": bool(certificates) and not completions,
        "completed_without_assessment": bool(completions) and assessment["state"] == "not_assessed",
        "evidence_before_purchase": bool(purchases)
        and any(e.happened < min(p["purchased_at"] for p in purchases) for e in evidence),
        "evidence_after_refund": purchase == "refunded"
        and any(e.happened > max(p["refunded_at"] for p in purchases) for e in evidence),
        "purchased_twice": len(purchases) >= 2,
    }
    return {
        "purchases": purchases,
        "purchase": purchase,
        "reported": bool(evidence),
        "completion": (
            "completed" if completions else "in_progress" if evidence else "never_reported"
        ),
        "completed_at": _earliest(completions),
        "percent": max(percents, default=None),
        "units_done": len(units),
        "assessment": assessment,
        "rating": review and review.rating,
        "instructor_rating": review and review.instructor_rating,
        "facility_rating": review and review.facility_rating,
        "reviewed_at": reviews[-1].happened if reviews else None,
        "certificate_no": certificate and certificate.certificate_no,
        "certificate_at": certificates[-1].happened if certificates else None,
        "satisfied": {
            "Completed": bool(completions),
            "Passed": passed,
            "CompletedAndPassed": bool(completions) and passed,
            "CompletedOrPassed": bool(completions) or passed,
            "NotApplicable": True,
        }[move_on],
        "flags": [name for name, raised in flags.items() if raised],
        "redeemed_at": _earliest(redeemed),
        "first_reported_at": _earliest(evidence),
        "attended": _attended([e for e in evidence if isinstance(e.fact, ClassAttended)]),
        "last_reported_at": max((e.happened for e in evidence), default=None),
        "money": _money(purchases),
    }


def _attended(told: list[PartnerEvent]) -> Attended:
    facts = [e.fact for e in told if isinstance(e.fact, ClassAttended)]
    sessions = {fact.session for fact in facts}
    longest = [
        max(said)
        for session in sessions
        if (said := [f.minutes for f in facts if f.session == session and f.minutes is not None])
    ]
    times = [e.happened for e in told]
    return Attended(
        len(sessions),
        min(times, default=None),
        max(times, default=None),
        sum(longest) if longest else None,
    )


def _purchases(
    standing: list[PartnerEvent], class_code: str, compositions: dict[str, tuple[str, ...]]
) -> list[dict[str, Any]]:
    found = []
    for purchase_id in {e.fact.purchase_id for e in standing if isinstance(e.fact, PurchasePaid)}:
        paid = [
            (e.happened, e.fact)
            for e in standing
            if isinstance(e.fact, PurchasePaid) and e.fact.purchase_id == purchase_id
        ]
        naming = []
        for _, fact in paid:
            if fact.items is None:
                named = compositions.get(fact.package_code or "", ())
            else:
                named = tuple(code for code, _ in fact.items)
            if class_code in named:
                naming.append(fact)
        refunds = [
            e.happened
            for e in standing
            if isinstance(e.fact, PurchaseRefunded)
            and e.fact.purchase_id == purchase_id
            and (e.fact.class_codes is None or class_code in e.fact.class_codes)
        ]
        if naming:
            found.append(
                {
                    "purchase_id": purchase_id,
                    "purchased_at": min(happened for happened, _ in paid),
                    "package_code": naming[0].package_code,
                    "refunded_at": min(refunds, default=None),
                    "price": _price(naming[0], class_code, compositions),
                }
            )
    return sorted(found, key=lambda p: (p["purchased_at"], p["purchase_id"]))


def _price(
    fact: PurchasePaid, class_code: str, compositions: dict[str, tuple[str, ...]]
) -> dict[str, int]:
    """The price of a class in a payment, the rupiah handed out one round after the other."""
    stated: dict[str, int | None] = dict.fromkeys(compositions.get(fact.package_code or "", ()))
    if fact.items is not None:
        stated = {}
        for code, price in fact.items:
            stated.setdefault(code, price)
    known = stated[class_code]
    if known is not None:
        return {"rupiah": known, "price_is": 0}
    if fact.amount is None:
        return {"rupiah": 0, "price_is": 2}
    rest = max(0, fact.amount - sum(price for price in stated.values() if price is not None))
    sharing = sorted(code for code, price in stated.items() if price is None)
    place = sharing.index(class_code)
    return {"rupiah": len(range(place, rest, len(sharing))), "price_is": 1}


def _money(purchases: list[dict[str, Any]]) -> dict[str, Any]:
    prices = [p["price"] for p in purchases]
    return {
        "paid": sum(price["rupiah"] for price in prices),
        "refunded": sum(p["price"]["rupiah"] for p in purchases if p["refunded_at"] is not None),
        "allocated": sum(price["rupiah"] for price in prices if price["price_is"] == 1),
        "price_is": max((price["price_is"] for price in prices), default=None),
    }


def _assessment(evidence: list[PartnerEvent], mastery_score: float) -> dict[str, Any]:
    results = [(e.happened, e.fact) for e in evidence if isinstance(e.fact, ClassAssessed)]
    assessing = [(at, r) for at, r in results if r.kind in {"post_test", "performance"}]
    scaled = [_scaled(r) for _, r in assessing if r.raw is not None]
    pre_tests = [_scaled(r) for _, r in results if r.kind == "pre_test" and r.raw is not None]
    verdicts = []
    for at, r in assessing:
        if r.passed is not None:
            verdicts.append((at, r.passed))
        elif r.raw is not None:
            verdicts.append((at, _scaled(r) >= mastery_score))
    passes = [at for at, passed in verdicts if passed]
    state = "failed" if verdicts else "assessed"
    counts_from: int | None = max((at for at, _ in assessing), default=None)
    if passes:
        state, counts_from = "passed", min(passes)
    elif not assessing:
        state = "not_assessed"
    return {
        "state": state,
        "at": counts_from,
        "best_scaled": max(scaled, default=None),
        "attempts": len(assessing),
        "pre_test_scaled": pre_tests[0] if pre_tests else None,
    }


def _scaled(result: ClassAssessed) -> float:
    assert result.raw is not None
    raw, low, high = (Fraction(str(of)) for of in (result.raw, result.minimum, result.maximum))
    return float((raw - low) / (high - low))


def _earliest(events: list[PartnerEvent]) -> int | None:
    return min((e.happened for e in events), default=None)
