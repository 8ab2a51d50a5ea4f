"""Part of the oracle: what has to be answered about each class of each participant (section 3).

Independent by design: nothing of `domain` or `projections`, and nothing of the generator.
Told from the whole set of events each time: group by class, sort by time, look.
"""

from collections import defaultdict
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from services.simulator.expected_catalogue import Catalogue
from services.simulator.expected_intake import Event
from services.simulator.expected_money import money
from services.simulator.expected_purchases import Purchase
from services.simulator.expected_time import utc

EVIDENCE: Final = (
    "class.redeemed",
    "class.started",
    "class.attended",
    "class.progressed",
    "class.completed",
    "class.assessed",
    "certificate.issued",
    "class.reviewed",
)

Judged = dict[str, Any]
"""A purchased class as the contract shows it; and `allocated`, the part of what was paid that is a share."""


def answers(
    events: list[Event], purchases: list[Purchase], catalogue: Catalogue, sales_end: datetime
) -> list[Judged]:
    """Every class somebody bought or somebody reported on, by partner, participant and class code.

    `events` are those that stand: voided ones are gone.
    """
    evidence: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event["at"]):
        if event["kind"] in EVIDENCE:
            data = event["data"]
            evidence[event["partner"], data["participant_id"], data["class_code"]].append(event)
    bought: dict[tuple[str, str, str], list[Purchase]] = defaultdict(list)
    for purchase in sorted(purchases, key=lambda each: (each["at"], each["purchase_id"])):
        for code in purchase["class_codes"]:
            bought[purchase["partner"], purchase["participant_id"], code].append(purchase)
    return [
        _answer(key, bought.get(key, []), evidence.get(key, []), catalogue, sales_end)
        for key in sorted(bought.keys() | evidence.keys())
    ]


def _answer(
    key: tuple[str, str, str],
    purchases: list[Purchase],
    evidence: list[Event],
    catalogue: Catalogue,
    sales_end: datetime,
) -> Judged:
    partner, participant_id, class_code = key
    published = catalogue.published_class(partner, class_code)
    bought = [
        {
            "purchase_id": each["purchase_id"],
            "purchased_at": utc(each["at"]),
            "package_code": each["packages"][class_code],
            "refunded_at": utc(each["refunded"].get(class_code)),
        }
        for each in purchases
    ]
    if not bought:
        state = "none"
    elif all(each["refunded_at"] for each in bought):
        state = "refunded"
    else:
        state = "active"
    answer = {
        "partner": partner,
        "participant_id": participant_id,
        "class_code": class_code,
        "title": published["title"],
        "institution": published["institution"],
        "purchases": bought,
        "purchase": state,
        "completion": _completion(evidence),
        "assessment": _assessment(evidence, published["mastery_score"]),
        "review": _latest(evidence, "class.reviewed", "rating"),
        "certificate": _latest(evidence, "certificate.issued", "certificate_no"),
    }
    priced = [(each["prices"][class_code], class_code in each["refunded"]) for each in purchases]
    answer["money"] = money(priced)
    answer["allocated"] = sum(price for (price, kind), _ in priced if kind == "allocated")
    answer["attendance"] = _attendance(evidence)
    answer["last_reported_at"] = utc(evidence[-1]["at"]) if evidence else None
    answer["satisfied"] = _satisfied(published["move_on"], answer)
    answer["flags"] = _flags(answer, purchases, evidence, sales_end)
    return answer


def _attendance(evidence: list[Event]) -> dict[str, Any]:
    attended = [each for each in evidence if each["kind"] == "class.attended"]
    longest: dict[int, int] = {}
    for each in attended:
        minutes = each["data"].get("minutes")
        if minutes is not None:
            session = each["data"]["session"]
            longest[session] = max(minutes, longest.get(session, 0))
    return {
        "sessions": len({each["data"]["session"] for each in attended}),
        "first_at": utc(attended[0]["at"]) if attended else None,
        "last_at": utc(attended[-1]["at"]) if attended else None,
        "minutes": sum(longest.values()) if longest else None,
    }


def _completion(evidence: list[Event]) -> dict[str, Any]:
    progress = [each["data"] for each in evidence if each["kind"] == "class.progressed"]
    completions = [each["at"] for each in evidence if each["kind"] == "class.completed"]
    percents = [each["percent"] for each in progress if each.get("percent") is not None]
    units = {repr(each["unit"]) for each in progress if each.get("unit") is not None}
    state = "completed" if completions else "in_progress" if evidence else "never_reported"
    return {
        "state": state,
        "at": utc(completions[0]) if completions else None,
        "percent": max(percents) if percents else None,
        "units_done": len(units),
    }


def _assessment(evidence: list[Event], mastery_score: float) -> dict[str, Any]:
    results = [each for each in evidence if each["kind"] == "class.assessed"]
    assessing = [each for each in results if each["data"]["kind"] in ("post_test", "performance")]
    before = [each for each in results if each["data"]["kind"] == "pre_test"]
    scores = [score for each in assessing if (score := scaled(each)) is not None]
    verdicts = [_verdict(each, mastery_score) for each in assessing]
    if True in verdicts:
        state, at = "passed", assessing[verdicts.index(True)]["at"]
    elif assessing:
        state, at = "failed" if False in verdicts else "assessed", assessing[-1]["at"]
    else:
        state, at = "not_assessed", None
    return {
        "state": state,
        "at": utc(at),
        "best_scaled": max(scores) if scores else None,
        "attempts": len(assessing),
        "pre_test_scaled": scaled(before[0]) if before else None,
    }


def scaled(result: Event) -> float | None:
    """The score of a result from 0 to 1, if it has one."""
    score = result["data"].get("score")
    if score is None:
        return None
    raw, low, high = (
        Fraction(str(of)) for of in (score["raw"], score.get("min", 0), score.get("max", 100))
    )
    return float((raw - low) / (high - low))


def _verdict(result: Event, mastery_score: float) -> bool | None:
    """The partner's own verdict, else what the score says, else None."""
    passed = result["data"].get("passed")
    if passed is not None:
        return bool(passed)
    score = scaled(result)
    return None if score is None else score >= mastery_score


def _latest(evidence: list[Event], kind: str, field: str) -> dict[str, Any] | None:
    for each in reversed(evidence):
        if each["kind"] == kind:
            return {field: each["data"][field], "at": utc(each["at"])}
    return None


def _satisfied(move_on: str, answer: Judged) -> bool:
    completed: bool = answer["completion"]["state"] == "completed"
    passed: bool = answer["assessment"]["state"] == "passed"
    rules = {
        "Completed": completed,
        "Passed": passed,
        "CompletedAndPassed": completed and passed,
        "CompletedOrPassed": completed or passed,
        "NotApplicable": True,
    }
    return rules[move_on]


def _flags(
    answer: Judged, purchases: list[Purchase], evidence: list[Event], sales_end: datetime
) -> list[str]:
    completed = answer["completion"]["state"] == "completed"
    refunds = [each["refunded"].get(answer["class_code"]) for each in purchases]
    refunded = answer["purchase"] == "refunded"
    raised = {
        "package_after_sales_end": any(
            each["packages"][answer["class_code"]] is not None and each["at"] >= sales_end
            for each in purchases
        ),
        "certificate_without_completion": answer["certificate"] is not None and not completed,
        "completed_without_assessment": completed
        and answer["assessment"]["state"] == "not_assessed",
        "evidence_before_purchase": bool(purchases and evidence)
        and evidence[0]["at"] < purchases[0]["at"],
        "evidence_after_refund": refunded
        and bool(evidence)
        and evidence[-1]["at"] > max(at for at in refunds if at is not None),
        "purchased_twice": len(purchases) > 1,
    }
    return [flag for flag, is_raised in raised.items() if is_raised]
