"""The figures of an evaluation, from what was counted of many purchased classes (contract section 3)."""

from collections.abc import Mapping

from msgspec import Struct

from domain.counting import BILLION, NO_PERCENT, TENTHS, Metric
from domain.median import median
from domain.vocabulary import ASSESSMENT_STATES, COMPLETION_STATES, FLAGS


class EvaluatedMoney(Struct, frozen=True, kw_only=True):
    """What was paid for the purchased classes of an evaluation, in whole rupiah (contract section 3a).

    ``net`` is ``paid`` less ``refunded``, and each division of it adds up to it. ``allocated`` is the part of ``paid``
    that is a share of an amount, ``unallocated`` what was paid beside it for packages that are not published yet,
    ``unpriced`` counts purchased classes of which a price is not known.
    """

    paid: int
    refunded: int
    net: int
    net_by_completion: dict[str, int]
    net_by_assessment: dict[str, int]
    net_satisfied: int
    net_not_satisfied: int
    net_attended: int
    net_not_attended: int
    allocated: int
    unallocated: int
    unpriced: int


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
    money: EvaluatedMoney


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
        money=evaluated_money(of),
    )


def evaluated_money(of: Distributions) -> EvaluatedMoney:
    """What was paid for what was counted."""
    paid, refunded = plain(of, Metric.PAID), plain(of, Metric.PAID_REFUNDED)
    satisfied, attended = plain(of, Metric.NET_SATISFIED), plain(of, Metric.NET_ATTENDED)
    by_completion = of.get(Metric.NET_BY_COMPLETION, {})
    by_assessment = of.get(Metric.NET_BY_ASSESSMENT, {})
    return EvaluatedMoney(
        paid=paid,
        refunded=refunded,
        net=paid - refunded,
        net_by_completion={
            state: by_completion.get(number, 0)
            for number, state in reversed(list(enumerate(COMPLETION_STATES)))
        },
        net_by_assessment={
            state: by_assessment.get(number, 0)
            for number, state in reversed(list(enumerate(ASSESSMENT_STATES)))
        },
        net_satisfied=satisfied,
        net_not_satisfied=paid - refunded - satisfied,
        net_attended=attended,
        net_not_attended=paid - refunded - attended,
        allocated=plain(of, Metric.ALLOCATED),
        unallocated=plain(of, Metric.UNALLOCATED),
        unpriced=plain(of, Metric.UNPRICED),
    )


def _mean(billionths: int, times: int) -> float | None:
    """As exact as the sum: to nine decimals."""
    return round(billionths / times / BILLION, 9) if times else None
