"""Part of the oracle: evaluations over time (contract, section 3).

Independent by design: nothing of `domain` or `projections`, and nothing of the generator. Each end of a period is
answered as if nothing had happened since; what happened in a period is by how much that grew.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final

from services.simulator.expected import Expected, expected_answers
from services.simulator.expected_evaluations import evaluation
from services.simulator.expected_intake import KafkaRecord

JAKARTA: Final = timezone(timedelta(hours=7))
GROWING: Final = (
    *("purchased", "refunded", "started", "completed", "assessed"),
    *("passed", "failed", "reviewed"),
)
COUNTS: Final = (*GROWING, "never_reported", "satisfied", "rating_mean", "flags", "money")
KEYS: Final = {
    "classes": ("partner", "class_code"),
    "packages": ("partner", "package_code"),
    "institutions": ("institution",),
    "partners": ("partner",),
}
Path = tuple[str, ...]
"""What a series is of: `classes`, `packages`, `institutions` or `partners`, and the names that follow."""

Stood = dict[str, Any]
"""`standing` and `packages` as the contract has them, and `certified`."""


def periods(by: str, first: date, last: date) -> list[tuple[date, date]]:
    """The first and last days of the days, Monday weeks or months from that of ``first`` to that of ``last``."""
    found: list[tuple[date, date]] = []
    day = first
    if by == "week":
        day -= timedelta(days=first.isoweekday() - 1)
    elif by == "month":
        day = first.replace(day=1)
    while day <= last:
        if by == "month":
            following = (day.replace(day=28) + timedelta(days=7)).replace(day=1)
        else:
            following = day + timedelta(days=7 if by == "week" else 1)
        found.append((day, following - timedelta(days=1)))
        day = following
    return found


def expected_series(
    records: Iterable[KafkaRecord], spans: Sequence[tuple[date, date]]
) -> dict[Path, list[dict[str, Any]]]:
    """Per path what happened in each of some periods in a row, and what stood at its end."""
    told = list(records)
    days = [spans[0][0] - timedelta(days=1), *(last for _, last in spans)]
    stood = [stood_at(told, day) for day in days]
    paths = sorted({path for each in stood for path in each})
    found: dict[Path, list[dict[str, Any]]] = {}
    for path in paths:
        nothing = _stood([], [], is_sold=path[0] in {"packages", "partners"})
        course = [each.get(path, nothing) for each in stood]
        found[path] = [
            {
                "first_day": first.isoformat(),
                "last_day": last.isoformat(),
                "happened": happened(before, now),
                "standing": now["standing"],
                "packages": now["packages"],
            }
            for (first, last), before, now in zip(spans, course, course[1:], strict=False)
        ]
    return found


def happened(before: Stood, now: Stood) -> dict[str, Any]:
    """By how much what stood grew."""

    def growth(of: str, name: str) -> int:
        was, stands = before[of] or {}, now[of] or {}
        return int(stands.get(name, 0) - was.get(name, 0))

    paid = [(now["standing"]["money"][name], before["standing"]["money"][name]) for name in MONEY]
    return {
        **{name: growth("standing", name) for name in GROWING},
        "certified": now["certified"] - before["certified"],
        "packages_sold": growth("packages", "purchases"),
        "packages_completed": growth("packages", "complete"),
        "money": {name: a - b for name, (a, b) in zip(MONEY, paid, strict=True)},
    }


MONEY: Final = ("paid", "refunded")


def stood_at(records: list[KafkaRecord], day: date) -> dict[Path, Stood]:
    """What is counted at the end of a day in Jakarta."""
    end = datetime(day.year, day.month, day.day, 23, 59, 59, 999_999, JAKARTA)
    # What an answer leaves out of a purchased class is what of it was allocated.
    return stood(expected_answers(records, end, keep_allocated=True))


def stood(expected: Expected) -> dict[Path, Stood]:
    """What is counted of answers of which what was allocated is kept."""
    bought = [each for each in expected.purchased_classes if each["purchase"] != "none"]
    found: dict[Path, Stood] = {}
    for kind, keys in KEYS.items():
        grouped: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for each in bought if kind != "packages" else ():
            grouped.setdefault(tuple(each[key] for key in keys), []).append(each)
        for evaluated in expected.evaluations[kind]:
            path = (kind, *(str(evaluated[key]) for key in keys))
            if kind == "packages":
                codes = [of["class_code"] for of in evaluated["classes"]]
                found[path] = _of_package(path, codes, expected, bought)
                continue
            mine = grouped.get(tuple(evaluated[key] for key in keys), [])
            sold = [each for each in expected.package_purchases if each["partner"] == path[1]]
            is_partner = kind == "partners"
            found[path] = _stood(mine, sold if is_partner else [], is_sold=is_partner)
    return found


def _of_package(
    path: Path, codes: list[str], expected: Expected, bought: list[dict[str, Any]]
) -> Stood:
    _, partner, package_code = path
    mine = [
        each
        for each in bought
        if each["partner"] == partner
        and each["class_code"] in codes
        and any(purchase["package_code"] == package_code for purchase in each["purchases"])
    ]
    sold = [
        each
        for each in expected.package_purchases
        if (each["partner"], each["package_code"]) == (partner, package_code)
    ]
    return _stood(mine, sold, is_sold=True)


def _stood(bought: list[dict[str, Any]], sold: list[dict[str, Any]], *, is_sold: bool) -> Stood:
    unallocated = sum(each["money"]["unallocated"] for each in sold)
    evaluated = evaluation(bought, datetime.now(JAKARTA), unallocated)
    complete = sum(each["complete"] is True for each in sold)
    packages = {
        "purchases": len(sold),
        "complete": complete,
        "share_complete": complete / len(sold) if sold else None,
        "incomplete": sum(each["complete"] is False for each in sold),
        "unresolved": sum(each["unresolved"] for each in sold),
        "after_sales_end": sum(each["after_sales_end"] for each in sold),
    }
    return {
        "standing": {name: evaluated[name] for name in COUNTS},
        "packages": packages if is_sold else None,
        "certified": sum(each["certificate"] is not None for each in bought),
    }
