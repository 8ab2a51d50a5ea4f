"""Part of the oracle: evaluations of classes, packages, institutions and partners (section 3).

Independent by design: nothing of `domain` or `projections`, and nothing of the generator.

Every figure is over purchased classes, refunded ones included; a class nobody bought counts
nowhere. Means and medians of nothing are null.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import sqrt
from statistics import NormalDist, fmean, median
from typing import Any, Final

from services.simulator.expected_catalogue import Catalogue
from services.simulator.expected_classes import Judged
from services.simulator.expected_money import evaluated

# How old a silence is, in hours from the hour of the purchase: an institution and its partner have
# a day each to report, then a week of verification (working days), then months in which nobody asks.
AGES: Final = (
    ("under_24_hours", 24),
    ("24_to_48_hours", 48),
    ("2_to_7_days", 7 * 24),
    ("7_to_30_days", 30 * 24),
    ("30_to_90_days", 90 * 24),
    ("90_days_or_more", None),
)

FLAGS: Final = (
    "package_after_sales_end",
    "certificate_without_completion",
    "completed_without_assessment",
    "evidence_before_purchase",
    "evidence_after_refund",
    "purchased_twice",
)


def evaluations(
    answers: list[Judged], packages: list[dict[str, Any]], catalogue: Catalogue, as_of: datetime
) -> dict[str, list[dict[str, Any]]]:
    """`classes`, `packages`, `institutions` and `partners`, each a list in order of its keys."""
    bought = [each for each in answers if each["purchase"] != "none"]
    return {
        "classes": _of_classes(bought, catalogue, as_of),
        "packages": _of_packages(bought, packages, catalogue, as_of),
        "institutions": [
            {"institution": key[0], "partners": sorted({each["partner"] for each in group})}
            | _ranked(evaluation(group, as_of))
            for key, group in _grouped(bought, lambda each: (each["institution"],))
            if key[0] is not None
        ],
        "partners": [
            {"partner": key[0]}
            | {"packages": _sold([each for each in packages if each["partner"] == key[0]])}
            | evaluation(group, as_of, _unallocated(packages, key[0]))
            for key, group in _grouped(bought, lambda each: (each["partner"],))
        ],
    }


def _of_classes(
    bought: list[Judged], catalogue: Catalogue, as_of: datetime
) -> list[dict[str, Any]]:
    groups = dict(_grouped(bought, lambda each: (each["partner"], each["class_code"])))
    return [
        {"partner": partner, "class_code": code}
        | _named(catalogue, partner, code)
        | evaluation(groups.get((partner, code), []), as_of)
        for partner, code in sorted(set(catalogue.classes()) | groups.keys())
    ]


def _of_packages(
    bought: list[Judged], packages: list[dict[str, Any]], catalogue: Catalogue, as_of: datetime
) -> list[dict[str, Any]]:
    """Per package the purchases of it, and per class of it what became of those purchases."""
    sold = dict(_grouped(packages, lambda each: (each["partner"], each["package_code"])))
    by_class: dict[tuple[Any, ...], list[Judged]] = defaultdict(list)
    named: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for each in bought:
        for package_code in {purchase["package_code"] for purchase in each["purchases"]}:
            by_class[each["partner"], package_code, each["class_code"]].append(each)
            named[each["partner"], package_code].add(each["class_code"])
    found = []
    for partner, package_code in sorted(set(catalogue.packages()) | sold.keys()):
        purchases = sold.get((partner, package_code), [])
        codes = catalogue.composition(partner, package_code) or sorted(named[partner, package_code])
        found.append(
            {
                "partner": partner,
                "package_code": package_code,
                "title": catalogue.package_title(partner, package_code),
                **_sold(purchases),
                "money": evaluated(
                    [each for code in codes for each in by_class[partner, package_code, code]],
                    sum(each["money"]["unallocated"] for each in purchases),
                ),
                "classes": [
                    {"class_code": code}
                    | _named(catalogue, partner, code)
                    | evaluation(by_class[partner, package_code, code], as_of)
                    for code in codes
                ],
            }
        )
    return found


def _unallocated(packages: list[dict[str, Any]], partner: str) -> int:
    return sum(each["money"]["unallocated"] for each in packages if each["partner"] == partner)


def _sold(purchases: list[dict[str, Any]]) -> dict[str, Any]:
    """What became of some purchases of packages."""
    complete = sum(each["complete"] is True for each in purchases)
    return {
        "purchases": len(purchases),
        "complete": complete,
        "share_complete": complete / len(purchases) if purchases else None,
        "incomplete": sum(each["complete"] is False for each in purchases),
        "unresolved": sum(each["unresolved"] for each in purchases),
        "after_sales_end": sum(each["after_sales_end"] for each in purchases),
    }


def evaluation(bought: list[Judged], as_of: datetime, unallocated: int = 0) -> dict[str, Any]:
    """The figures over some purchased classes; silences are as old as they are at `as_of`.

    `unallocated`: what was paid beside them for packages that nobody knows.
    """
    completions = [each["completion"] for each in bought]
    assessments = [each["assessment"] for each in bought]
    ratings = [each["review"]["rating"] for each in bought if each["review"]]
    scores = [each["best_scaled"] for each in assessments if each["best_scaled"] is not None]
    gains = [
        each["best_scaled"] - each["pre_test_scaled"]
        for each in assessments
        if each["best_scaled"] is not None and each["pre_test_scaled"] is not None
    ]
    stopped = [each["percent"] for each in completions if each["state"] == "in_progress"]
    return {
        "purchased": len(bought),
        "refunded": _count(bought, "purchase", "refunded"),
        "never_reported": _count(completions, "state", "never_reported"),
        "started": len(bought) - _count(completions, "state", "never_reported"),
        "completed": _count(completions, "state", "completed"),
        "assessed": len(bought) - _count(assessments, "state", "not_assessed"),
        "passed": _count(assessments, "state", "passed"),
        "failed": _count(assessments, "state", "failed"),
        "satisfied": sum(each["satisfied"] for each in bought),
        "reviewed": len(ratings),
        "score_histogram": _tenths(scores),
        "score_mean": fmean(scores) if scores else None,
        "score_median": median(scores) if scores else None,
        "gain_mean": fmean(gains) if gains else None,
        "gain_count": len(gains),
        "rating_mean": fmean(ratings) if ratings else None,
        "rating_distribution": {str(stars): ratings.count(stars) for stars in range(1, 6)},
        "median_days_to_completion": _median_days(bought),
        "drop_off": _tenths([percent / 100 for percent in stopped if percent is not None]),
        "drop_off_without_percent": stopped.count(None),
        "flags": {flag: sum(flag in each["flags"] for each in bought) for flag in FLAGS},
        "silence": silence(bought, as_of),
        "money": evaluated(bought, unallocated),
    }


def _ranked(of: dict[str, Any]) -> dict[str, Any]:
    """An institution's figures with the share completed of those reported on and its 95 % interval.

    The ends are the shares p at which the observed one is just not surprising: the roots of
    (share - p)^2 = z^2 p (1 - p) / n.
    """
    n = of["started"]
    if not n:
        return {**of, "completed_of_started": None}
    share, square = of["completed"] / n, NormalDist().inv_cdf(0.975) ** 2
    a, b, c = 1 + square / n, -(2 * share + square / n), share**2
    root = sqrt(max(0.0, b * b - 4 * a * c))
    ends = {"low": max(0.0, (-b - root) / (2 * a)), "high": min(1.0, (-b + root) / (2 * a))}
    return {**of, "completed_of_started": {"share": share, **ends, "few": n < 30}}


def silence(bought: list[Judged], as_of: datetime) -> dict[str, int]:
    """How many purchased classes the partner never reported on, by the purchase's age.

    Ages are whole hours, from the hour of the purchase to the hour of `as_of`.
    """
    ages = dict.fromkeys([name for name, _ in AGES], 0)
    for each in bought:
        if each["completion"]["state"] == "never_reported":
            purchased_at = datetime.fromisoformat(each["purchases"][0]["purchased_at"])
            age = (_hour(as_of) - _hour(purchased_at)) / timedelta(hours=1)
            ages[next(name for name, below in AGES if below is None or age < below)] += 1
    return ages


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _grouped(
    rows: list[dict[str, Any]], key: Callable[[dict[str, Any]], tuple[Any, ...]]
) -> list[tuple[tuple[Any, ...], list[dict[str, Any]]]]:
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return sorted(groups.items(), key=lambda group: str(group[0]))


def _named(catalogue: Catalogue, partner: str, class_code: str) -> dict[str, Any]:
    published = catalogue.published_class(partner, class_code)
    return {"title": published["title"], "institution": published["institution"]}


def _count(rows: list[dict[str, Any]], field: str, content: str) -> int:
    return sum(row[field] == content for row in rows)


def _tenths(fractions: list[float]) -> list[int]:
    """Ten counts, of fractions from 0 to 1; the last tenth includes 1."""
    counts = [0] * 10
    for fraction in fractions:
        counts[min(9, int(fraction * 10))] += 1
    return counts


def _median_days(bought: list[Judged]) -> float | None:
    """From the earliest purchase to the completion, of those completed after they were bought.

    To the second.
    """
    days = []
    for each in bought:
        if each["completion"]["at"] is not None:
            completed = datetime.fromisoformat(each["completion"]["at"])
            taken = completed - datetime.fromisoformat(each["purchases"][0]["purchased_at"])
            if taken >= timedelta(0):
                days.append(taken // timedelta(seconds=1) / 86_400)
    return median(days) if days else None
