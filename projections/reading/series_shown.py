"""The shapes of evaluations over time: what happened in each day, week or month, and what stood at its end."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Struct

from domain.counting import Metric, Tally
from domain.days import Period, date_of
from projections.reading.evaluations_figures import counts, package_counts
from projections.reading.evaluations_shown import Counts, PackageCounts
from projections.reading.instants import instant
from projections.reading.meaning import means


class HappenedMoney(Struct, frozen=True):
    """What was paid and refunded, whole rupiah."""

    paid: Annotated[int, means("By how much what was paid grew, whole rupiah.")]
    refunded: Annotated[int, means("By how much what of it was refunded grew, whole rupiah.")]


class Happened(Struct, frozen=True, kw_only=True):
    """By how much each count grew from the end of the period before to the end of this one.

    Less than nothing, where what was withdrawn, or a class that another institution took over, was more.
    """

    purchased: Annotated[int, means("Purchased classes.")]
    refunded: Annotated[int, means("Purchased classes refunded in every purchase.")]
    started: Annotated[int, means("Purchased classes the partner reported anything on.")]
    completed: Annotated[int, means("Purchased classes reported as completed.")]
    assessed: Annotated[int, means("Purchased classes with a post-test or a performance task.")]
    passed: Annotated[int, means("Of those assessed, passed.")]
    failed: Annotated[int, means("Of those assessed, failed.")]
    reviewed: Annotated[int, means("Purchased classes reviewed by the participant.")]
    certified: Annotated[int, means("Purchased classes with a certificate.")]
    packages_sold: Annotated[int, means("Purchases of packages.")]
    packages_completed: Annotated[int, means("Of them, with every class completed.")]
    money: Annotated[HappenedMoney, means("What was paid and refunded, in rupiah.")]


class SeriesPeriod(Struct, frozen=True, kw_only=True):
    """One day, week or month in Jakarta (UTC+7)."""

    by: Annotated[Period, means("What the series is by.")]
    first_day: Annotated[str, means("Its first day in Jakarta, YYYY-MM-DD; of a week, a Monday.")]
    last_day: Annotated[str, means("Its last day in Jakarta, YYYY-MM-DD.")]
    stood_at: Annotated[
        datetime,
        means("The instant as of which `standing` is: the period's end, or `as_of` within it."),
    ]
    happened: Annotated[Happened, means("By how much the counts grew in the period.")]
    standing: Annotated[Counts, means("The evaluation's counts and money at the end.")]
    packages: Annotated[
        PackageCounts | None,
        means("Purchases of packages at the end; null: neither a partner nor a package."),
    ]


def shown(
    by: Period, days: tuple[int, int], stood_at: int, of: tuple[Tally, Tally], *, packages: bool
) -> SeriesPeriod:
    """A period from the tallies at the end of the one before and at its own."""
    before, now = of
    return SeriesPeriod(
        by=by,
        first_day=date_of(days[0]).isoformat(),
        last_day=date_of(days[1]).isoformat(),
        stood_at=instant(stood_at),
        happened=_happened(_counted(before), _counted(now)),
        standing=Counts(**counts(now)),
        packages=package_counts(now) if packages else None,
    )


def _happened(before: dict[str, int], now: dict[str, int]) -> Happened:
    grown: dict[str, Any] = {name: now[name] - before[name] for name in now}
    money = HappenedMoney(grown.pop("paid"), grown.pop("paid_refunded"))
    return Happened(**grown, money=money)


def _counted(tally: Tally) -> dict[str, int]:
    return {
        "purchased": tally[Metric.PURCHASED, 0],
        "refunded": tally[Metric.REFUNDED, 0],
        "started": tally[Metric.PURCHASED, 0] - tally[Metric.NEVER_REPORTED, 0],
        "completed": tally[Metric.COMPLETED, 0],
        "assessed": tally[Metric.ASSESSED, 0],
        "passed": tally[Metric.PASSED, 0],
        "failed": tally[Metric.FAILED, 0],
        "reviewed": sum(tally[Metric.RATING, stars] for stars in range(1, 6)),
        "certified": tally[Metric.CERTIFIED, 0],
        "packages_sold": tally[Metric.PACKAGES, 0],
        "packages_completed": tally[Metric.PACKAGES_COMPLETE, 0],
        "paid": tally[Metric.PAID, 0],
        "paid_refunded": tally[Metric.PAID_REFUNDED, 0],
    }
