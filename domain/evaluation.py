"""The evaluation of many purchased classes: what is counted of each, and the figures over all (contract section 3).

A tally is a multiset of (metric, value) pairs. Tallies add up: of disjoint sets of purchased classes, and of a
change as "one less of the old, one more of the new", so a projection keeps them without looking at its rows again.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from enum import IntEnum

from msgspec import Struct

from domain.answer import Answer
from domain.median import median, tenth
from domain.vocabulary import FLAGS

SECOND = 1_000_000
HOUR_SECONDS = 3_600
TENTHS = 10
NO_PERCENT = -1.0
BILLION = 1_000_000_000


class Metric(IntEnum):
    """What is counted. The numbers stand in storage: never renumber.

    Plain counts have the value 0, a flag's metric is FLAG plus its bit, sums count billionths under the value 0; the
    others are distributions. From FINE on there may be a value for every purchased class: of these, evaluations read
    only what they need (domain/median.py, domain/silence.py); hundredths and hours lead to it in large tallies.
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
    RATING = 18
    DROP_OFF = 20
    """Tenth of the way, 0 to 9, of those under way; NO_PERCENT where no percentage was reported."""
    SCORE_TENTH = 21
    """Best scaled score in tenths, 0 to 9, the last with 1."""
    SCORE_SUM = 22
    GAIN_COUNT = 23
    GAIN_SUM = 24
    """Best scaled score less the scaled score of the pre-test."""
    TAKEN_DAYS = 25
    """Whole days from the purchase to the completion."""
    PACKAGES = 30
    PACKAGES_COMPLETE = 31
    PACKAGES_UNRESOLVED = 32
    PACKAGES_AFTER_SALES_END = 33
    FINE = 50
    SCORE = 51
    """Best scaled score, 0 to 1."""
    TAKEN_HOURS = 52
    TAKEN_SECONDS = 53
    SILENT_HOUR = 54
    """Hour of the purchase (hours since 1970 UTC) of those never reported on."""
    SCORE_HUNDREDTH = 55


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


def parts(of: Counted) -> Iterator[tuple[int, float, int]]:
    """Metric, value and number of everything that one purchased class adds to a tally."""
    yield Metric.PURCHASED, 0, 1
    for metric in _PLAIN[of.completion] + _PLAIN[of.assessment]:
        yield metric, 0, 1
    if of.refunded:
        yield Metric.REFUNDED, 0, 1
    if of.satisfied:
        yield Metric.SATISFIED, 0, 1
    if of.completion == "in_progress":
        yield Metric.DROP_OFF, NO_PERCENT if of.drop_off is None else of.drop_off, 1
    elif of.completion == "never_reported":
        yield Metric.SILENT_HOUR, of.purchased_at // (HOUR_SECONDS * SECOND), 1
    if of.flags:
        for bit in range(len(FLAGS)):
            if of.flags >> bit & 1:
                yield Metric.FLAG + bit, 0, 1
    if of.best_scaled is not None:
        yield Metric.SCORE, of.best_scaled, 1
        yield Metric.SCORE_TENTH, tenth(of.best_scaled), 1
        yield Metric.SCORE_SUM, 0, round(of.best_scaled * BILLION)
        if of.pre_test_scaled is not None:
            yield Metric.GAIN_COUNT, 0, 1
            yield Metric.GAIN_SUM, 0, round((of.best_scaled - of.pre_test_scaled) * BILLION)
    if of.rating is not None:
        yield Metric.RATING, of.rating, 1
    if of.taken_seconds is not None:
        yield Metric.TAKEN_DAYS, of.taken_seconds // 86_400, 1
        yield Metric.TAKEN_SECONDS, of.taken_seconds, 1


def count(tally: Tally, of: Counted, times: int = 1) -> None:
    """Adds one purchased class to a tally ``times`` times; -1 takes it out again."""
    for metric, value, n in parts(of):
        tally[metric, value] += n * times


class Evaluation(Struct, frozen=True, kw_only=True):
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


class Medians(Struct, frozen=True):
    """The medians over a tally, where they are found otherwise than by looking at each value of it."""

    score: float | None
    taken_seconds: float | None


Distributions = Mapping[int, Mapping[float, int]]
"""Metric to value to how often it was counted."""


def by_metric(tally: Mapping[tuple[int, float], int]) -> Distributions:
    """A tally, metric by metric, without what came to nothing."""
    distributions: dict[int, dict[float, int]] = {}
    for (metric, value), times in tally.items():
        if times:
            distributions.setdefault(metric, {})[value] = times
    return distributions


def plain(of: Distributions, metric: int) -> int:
    """A plain count."""
    return of.get(metric, {}).get(0, 0)


def evaluate(tally: Mapping[tuple[int, float], int], medians: Medians | None = None) -> Evaluation:
    """The figures of a tally; with ``medians`` it needs no metric from FINE on."""
    of = by_metric(tally)
    if medians is None:
        medians = Medians(
            median(of.get(Metric.SCORE, {})), median(of.get(Metric.TAKEN_SECONDS, {}))
        )
    tenths = of.get(Metric.SCORE_TENTH, {})
    ratings = of.get(Metric.RATING, {})
    stopped = of.get(Metric.DROP_OFF, {})
    histogram = [0] * TENTHS
    for value, times in tenths.items():
        histogram[int(value)] += times
    reviewed = sum(ratings.values())
    stars = sum(rating * times for rating, times in ratings.items())
    return Evaluation(
        purchased=plain(of, Metric.PURCHASED),
        refunded=plain(of, Metric.REFUNDED),
        never_reported=plain(of, Metric.NEVER_REPORTED),
        started=plain(of, Metric.PURCHASED) - plain(of, Metric.NEVER_REPORTED),
        completed=plain(of, Metric.COMPLETED),
        assessed=plain(of, Metric.ASSESSED),
        passed=plain(of, Metric.PASSED),
        failed=plain(of, Metric.FAILED),
        satisfied=plain(of, Metric.SATISFIED),
        reviewed=reviewed,
        score_histogram=histogram,
        score_mean=_mean(plain(of, Metric.SCORE_SUM), sum(tenths.values())),
        score_median=medians.score,
        gain_mean=_mean(plain(of, Metric.GAIN_SUM), plain(of, Metric.GAIN_COUNT)),
        gain_count=plain(of, Metric.GAIN_COUNT),
        rating_mean=stars / reviewed if reviewed else None,
        rating_distribution={str(rating): ratings.get(rating, 0) for rating in range(1, 6)},
        median_days_to_completion=(
            None if medians.taken_seconds is None else medians.taken_seconds / 86_400
        ),
        drop_off=[stopped.get(tenth, 0) for tenth in range(TENTHS)],
        drop_off_without_percent=stopped.get(NO_PERCENT, 0),
        flags={name: plain(of, Metric.FLAG + bit) for bit, name in enumerate(FLAGS)},
    )


def _mean(billionths: int, times: int) -> float | None:
    """As exact as the sum: to nine decimals."""
    return round(billionths / times / BILLION, 9) if times else None
