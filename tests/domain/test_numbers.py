"""Numbers that stand in storage keep their meaning: a line is added at the end, none is ever changed."""

from domain.counting import Metric
from domain.vocabulary import (
    ASSESSMENT_STATES,
    COMPLETION_STATES,
    FLAGS,
    PARTNER_CODES,
    PARTNER_IDS,
    PARTNER_TABLE,
    PURCHASE_STATES,
)

PARTNERS = {
    1: "bukalapak",
    2: "maubelajarapa",
    3: "pijar-mahir",
    4: "pintaria",
    5: "sekolahmu",
    6: "sisnaker",
    7: "skill-academy",
    8: "tokopedia",
}

FLAG_BITS = {
    0: "package_after_sales_end",
    1: "certificate_without_completion",
    2: "completed_without_assessment",
    3: "evidence_before_purchase",
    4: "evidence_after_refund",
    5: "purchased_twice",
}

STATES = {
    "purchase": {0: "none", 1: "active", 2: "refunded"},
    "completion": {0: "never_reported", 1: "in_progress", 2: "completed"},
    "assessment": {0: "not_assessed", 1: "assessed", 2: "failed", 3: "passed"},
}


def test_partners() -> None:
    assert PARTNER_CODES == PARTNERS
    assert len(PARTNER_IDS) == len(PARTNER_TABLE)


def test_flags() -> None:
    assert dict(enumerate(FLAGS)) == FLAG_BITS


def test_states() -> None:
    assert dict(enumerate(PURCHASE_STATES)) == STATES["purchase"]
    assert dict(enumerate(COMPLETION_STATES)) == STATES["completion"]
    assert dict(enumerate(ASSESSMENT_STATES)) == STATES["assessment"]


def test_each_metric_has_a_number_of_its_own_and_flags_have_room() -> None:
    numbers = [metric.value for metric in Metric.__members__.values()]
    assert len(set(numbers)) == len(numbers)
    behind_flags = min(number for number in numbers if number > Metric.FLAG)
    assert Metric.FLAG + len(FLAGS) <= behind_flags


METRICS = {
    "PURCHASED": 1,
    "REFUNDED": 2,
    "NEVER_REPORTED": 3,
    "COMPLETED": 4,
    "ASSESSED": 5,
    "PASSED": 6,
    "FAILED": 7,
    "SATISFIED": 8,
    "CERTIFIED": 9,
    "FLAG": 10,
    "RATING": 18,
    "DROP_OFF": 20,
    "SCORE_TENTH": 21,
    "SCORE_SUM": 22,
    "GAIN_COUNT": 23,
    "GAIN_SUM": 24,
    "TAKEN_DAYS": 25,
    "PACKAGES": 30,
    "PACKAGES_COMPLETE": 31,
    "PACKAGES_UNRESOLVED": 32,
    "PACKAGES_AFTER_SALES_END": 33,
    "PAID": 40,
    "PAID_REFUNDED": 41,
    "ALLOCATED": 42,
    "UNPRICED": 43,
    "NET_BY_COMPLETION": 44,
    "NET_BY_ASSESSMENT": 45,
    "NET_SATISFIED": 46,
    "UNALLOCATED": 47,
    "NET_ATTENDED": 48,
    "FINE": 50,
    "SCORE": 51,
    "TAKEN_HOURS": 52,
    "TAKEN_SECONDS": 53,
    "SILENT_HOUR": 54,
    "SCORE_HUNDREDTH": 55,
}


def test_metrics() -> None:
    assert {metric.name: metric.value for metric in Metric} == METRICS
