"""The evaluation of many purchased classes: what is counted of each, and the figures over all (contract section 3).

A tally is a multiset of (metric, value) pairs. Tallies add up: of disjoint sets of purchased classes, and of a
change as "one less of the old, one more of the new", so a projection keeps them without looking at its rows again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import IntEnum

from msgspec import Struct

from domain.answer import Answer
from domain.vocabulary import FLAGS

SECOND = 1_000_000
HOUR_SECONDS = 3_600
TENTHS = 10
NO_PERCENT = -1.0


class Metric(IntEnum):
    """What is counted. The numbers stand in storage: never renumber.

    The first ones and the last are plain counts (their value is 0), a flag's metric is FLAG plus its bit; the others
    are distributions.
    """

    PURCHASED = 1
    REFUNDED = 2
    NEVER_REPORTED = 3
    COMPLETED = 4
    ASSESSED = 5
    PASSED = 6
    FAILED = 7
    SATISFIED = 8
    FLAG = 10
    SCORE = 20
    """Best scaled score, 0 to 1."""
    GAIN = 21
    """Best scaled score less the scaled score of the pre-test."""
    RATING = 22
    DROP_OFF = 23
    """Tenth of the way, 0 to 9, of those under way; NO_PERCENT where no percentage was reported."""
    SILENT_HOUR = 24
    """Hour of the purchase (hours since 1970 UTC) of those never reported on."""
    TAKEN_DAYS = 30
    TAKEN_HOURS = 31
    TAKEN_MINUTES = 32
    TAKEN_SECONDS = 33
    """Whole days, hours, minutes, seconds from the purchase to the completion: the finer ones find the exact median."""
    PACKAGES = 40
    PACKAGES_COMPLETE = 41
    PACKAGES_UNRESOLVED = 42
    PACKAGES_AFTER_SALES_END = 43


TAKEN = (
    (Metric.TAKEN_DAYS, 86_400),
    (Metric.TAKEN_HOURS, 3_600),
    (Metric.TAKEN_MINUTES, 60),
    (Metric.TAKEN_SECONDS, 1),
)
"""Levels of the time taken, with their length in seconds, the coarsest first."""

Tally = Counter[tuple[int, float]]
"""How often each (metric, value) was counted."""


class Counted(Struct, frozen=True, gc=False):
    """What is counted of one purchased class: its contribution to every evaluation.

    ``purchased_at`` in microseconds UTC; ``drop_off`` is the tenth of the highest reported percent of a class under
    way; ``taken_seconds`` from the earliest purchase to the completion, None where it came before.
    """

    purchased_at: int
    refunded: bool
    completion: str
    assessment: str
    satisfied: bool
    flags: int
    best_scaled: float | None
    pre_test_scaled: float | None
    rating: int | None
    drop_off: int | None
    taken_seconds: int | None


def counted(answer: Answer) -> Counted | None:
    """The contribution of one answer; None when the class was not bought."""
    if answer.purchase == "none":
        return None
    purchased_at = answer.purchases[0].purchased_at
    return Counted(
        purchased_at,
        answer.purchase == "refunded",
        answer.completion,
        answer.assessment.state,
        answer.satisfied,
        answer.flags,
        answer.assessment.best_scaled,
        answer.assessment.pre_test_scaled,
        answer.rating,
        drop_off(answer),
        taken_seconds(answer),
    )


def drop_off(answer: Answer) -> int | None:
    """The tenth of the way that somebody under way has reached; None without a percentage, or when not under way."""
    if answer.completion != "in_progress" or answer.percent is None:
        return None
    return min(int(answer.percent / TENTHS), TENTHS - 1)


def taken_seconds(answer: Answer) -> int | None:
    """Whole seconds from the earliest purchase to the completion; None when there is none, or it came before."""
    if answer.completed_at is None or not answer.purchases:
        return None
    taken = answer.completed_at - answer.purchases[0].purchased_at
    return taken // SECOND if taken >= 0 else None


_PLAIN = {
    "completed": (Metric.COMPLETED,),
    "never_reported": (Metric.NEVER_REPORTED,),
    "in_progress": (),
    "not_assessed": (),
    "assessed": (Metric.ASSESSED,),
    "passed": (Metric.ASSESSED, Metric.PASSED),
    "failed": (Metric.ASSESSED, Metric.FAILED),
}
"""State of completion or assessment to the plain counts it adds to."""


def count(tally: Tally, of: Counted, times: int = 1) -> None:
    """Adds one purchased class to a tally ``times`` times; -1 takes it out again."""
    tally[Metric.PURCHASED, 0] += times
    for metric in (*_PLAIN[of.completion], *_PLAIN[of.assessment]):
        tally[metric, 0] += times
    if of.refunded:
        tally[Metric.REFUNDED, 0] += times
    if of.satisfied:
        tally[Metric.SATISFIED, 0] += times
    if of.completion == "in_progress":
        tally[Metric.DROP_OFF, NO_PERCENT if of.drop_off is None else of.drop_off] += times
    elif of.completion == "never_reported":
        tally[Metric.SILENT_HOUR, of.purchased_at // (HOUR_SECONDS * SECOND)] += times
    for bit in _bits(of.flags):
        tally[Metric.FLAG + bit, 0] += times
    if of.best_scaled is not None:
        tally[Metric.SCORE, of.best_scaled] += times
        if of.pre_test_scaled is not None:
            tally[Metric.GAIN, of.best_scaled - of.pre_test_scaled] += times
    if of.rating is not None:
        tally[Metric.RATING, of.rating] += times
    if of.taken_seconds is not None:
        for level, seconds in TAKEN:
            tally[level, of.taken_seconds // seconds] += times


def _bits(flags: int) -> list[int]:
    return [bit for bit in range(len(FLAGS)) if flags >> bit & 1] if flags else []


class Evaluation(Struct, frozen=True):
    """The figures over some purchased classes, refunded ones included. Means and medians of nothing are None.

    ``started`` is what was reported on at all; ``score_histogram`` counts tenths of the best scaled scores, the last
    with 1; ``gain_mean`` is the mean of best less pre-test over the ``gain_count`` that have both; ``drop_off`` counts
    those under way by the tenth they reached, ``drop_off_without_percent`` those without a percentage.
    """

    purchased: int
    refunded: int
    never_reported: int
    started: int
    completed: int
    assessed: int
    passed: int
    failed: int
    satisfied: int
    reviewed: int
    score_histogram: list[int]
    score_mean: float | None
    score_median: float | None
    gain_mean: float | None
    gain_count: int
    rating_mean: float | None
    rating_distribution: dict[str, int]
    median_days_to_completion: float | None
    drop_off: list[int]
    drop_off_without_percent: int
    flags: dict[str, int]


def evaluate(tally: Mapping[tuple[int, float], int]) -> Evaluation:
    """The figures of a tally that has every metric (TAKEN_SECONDS, or at least what `middle` needs of it)."""
    by_metric: dict[int, dict[float, int]] = {}
    for (metric, value), times in tally.items():
        if times:
            by_metric.setdefault(metric, {})[value] = times

    def plain(metric: int) -> int:
        return by_metric.get(metric, {}).get(0, 0)

    scores = by_metric.get(Metric.SCORE, {})
    gains = by_metric.get(Metric.GAIN, {})
    ratings = by_metric.get(Metric.RATING, {})
    stopped = by_metric.get(Metric.DROP_OFF, {})
    taken = median(by_metric.get(Metric.TAKEN_SECONDS, {}))
    histogram = [0] * TENTHS
    for score, times in scores.items():
        histogram[min(int(score * TENTHS), TENTHS - 1)] += times
    return Evaluation(
        purchased=plain(Metric.PURCHASED),
        refunded=plain(Metric.REFUNDED),
        never_reported=plain(Metric.NEVER_REPORTED),
        started=plain(Metric.PURCHASED) - plain(Metric.NEVER_REPORTED),
        completed=plain(Metric.COMPLETED),
        assessed=plain(Metric.ASSESSED),
        passed=plain(Metric.PASSED),
        failed=plain(Metric.FAILED),
        satisfied=plain(Metric.SATISFIED),
        reviewed=sum(ratings.values()),
        score_histogram=histogram,
        score_mean=mean(scores),
        score_median=median(scores),
        gain_mean=mean(gains),
        gain_count=sum(gains.values()),
        rating_mean=mean(ratings),
        rating_distribution={str(stars): ratings.get(stars, 0) for stars in range(1, 6)},
        median_days_to_completion=None if taken is None else taken / 86_400,
        drop_off=[stopped.get(tenth, 0) for tenth in range(TENTHS)],
        drop_off_without_percent=stopped.get(NO_PERCENT, 0),
        flags={name: plain(Metric.FLAG + bit) for bit, name in enumerate(FLAGS)},
    )


def mean(values: Mapping[float, int]) -> float | None:
    """The mean of a multiset; None of an empty one."""
    times = sum(values.values())
    return sum(value * n for value, n in sorted(values.items())) / times if times else None


def median(values: Mapping[float, int]) -> float | None:
    """The median of a multiset, of an even number the mean of the middle two; None of an empty one."""
    times = sum(values.values())
    if not times:
        return None
    return (nth(values, (times - 1) // 2) + nth(values, times // 2)) / 2


def nth(values: Mapping[float, int], rank: int) -> float:
    """The element of a multiset at a rank (from 0) in ascending order."""
    for value, times in sorted(values.items()):
        if rank < times:
            return value
        rank -= times
    raise IndexError("the multiset has fewer elements")


AGES: tuple[tuple[str, int], ...] = (
    ("under_24_hours", 0),
    ("24_to_48_hours", 24),
    ("2_to_7_days", 48),
    ("7_to_30_days", 7 * 24),
    ("30_to_90_days", 30 * 24),
    ("90_days_or_more", 90 * 24),
)
"""How old a silence is: name and least age in hours. Institution and partner have a day each to report."""


def silence(silent_hours: Iterable[tuple[float, int]], as_of: int) -> dict[str, int]:
    """Never-reported purchased classes by age at ``as_of`` (microseconds UTC).

    ``silent_hours``: hour of the purchase and how many. Ages are in whole hours, from the hour of the purchase.
    """
    now = as_of // (HOUR_SECONDS * SECOND)
    ages = dict.fromkeys([name for name, _ in AGES], 0)
    for hour, times in silent_hours:
        age = now - hour
        ages[next(name for name, least in reversed(AGES) if age >= least or not least)] += times
    return ages
