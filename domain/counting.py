"""What evaluations count of each purchased class (contract section 3; the figures over it: domain/evaluation.py).

A tally is a multiset of (metric, value) pairs. Tallies add up: of disjoint sets of purchased classes, and of a
change as "one less of the old, one more of the new", so a projection keeps them without looking at its rows again.
"""

from collections import Counter
from enum import IntEnum

from msgspec import Struct

from domain.answer import Answer
from domain.median import tenth
from domain.money import NO_MONEY, UNPRICED, Money
from domain.vocabulary import ASSESSMENT_STATES, COMPLETION_STATES, FLAGS

SECOND = 1_000_000
HOUR_SECONDS = 3_600
TENTHS = 10
NO_PERCENT = -1.0
BILLION = 1_000_000_000


class Metric(IntEnum):
    """What is counted. The numbers stand in storage: never renumber.

    Plain counts have the value 0, a flag's metric is FLAG plus its bit, sums count billionths under the value 0, and of
    money whole rupiah; the others are distributions. From FINE on there may be a value for every purchased class: of
    these, evaluations read only what they need (domain/median.py, domain/silence.py); hundredths and hours lead to it
    in large tallies.
    """

    PURCHASED = 1
    REFUNDED = 2
    NEVER_REPORTED = 3
    COMPLETED = 4
    ASSESSED = 5
    PASSED = 6
    FAILED = 7
    SATISFIED = 8
    CERTIFIED = 9
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
    PAID = 40
    PAID_REFUNDED = 41
    ALLOCATED = 42
    """Of what was paid, what is a share of an amount."""
    UNPRICED = 43
    """Purchased classes, not rupiah."""
    NET_BY_COMPLETION = 44
    """The value is the place of the state in COMPLETION_STATES."""
    NET_BY_ASSESSMENT = 45
    """The value is the place of the state in ASSESSMENT_STATES."""
    NET_SATISFIED = 46
    UNALLOCATED = 47
    """Of package purchases: what was paid for packages that are not published yet."""
    NET_ATTENDED = 48
    """Of classes of which a meeting was attended."""
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


class Counted(Struct, frozen=True, array_like=True, gc=False):
    """What is counted of one purchased class: its contribution to every evaluation.

    ``purchased_at`` in microseconds UTC; ``drop_off`` is the tenth of the highest reported percent of a class under
    way; ``taken_seconds`` from the earliest purchase to the completion, None where it came before. ``attended``: there
    was a meeting; ``certified``: a certificate was issued.
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
    money: Money = NO_MONEY
    attended: bool = False
    certified: bool = False


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
        answer.money,
        answer.attended.sessions > 0,
        answer.certificate_at is not None,
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


Part = tuple[int, float, int]
"""Metric, value and number of something that a purchased class adds to a tally."""


def _plain(*metrics: int) -> tuple[Part, ...]:
    return tuple((int(metric), 0.0, 1) for metric in metrics)


# What is counted is counted for each changed row: the parts that many classes have in common are made once, and
# metrics are numbers here, because looking up members of an enumeration takes longer than the rest.
_PURCHASED = _plain(Metric.PURCHASED)
_REFUNDED = _plain(Metric.REFUNDED)
_SATISFIED = _plain(Metric.SATISFIED)
_CERTIFIED = _plain(Metric.CERTIFIED)
_STATES = {
    "completed": _plain(Metric.COMPLETED),
    "never_reported": _plain(Metric.NEVER_REPORTED),
    "in_progress": (),
    "not_assessed": (),
    "assessed": _plain(Metric.ASSESSED),
    "passed": _plain(Metric.ASSESSED, Metric.PASSED),
    "failed": _plain(Metric.ASSESSED, Metric.FAILED),
}
_FLAGS = [
    _plain(*(Metric.FLAG + bit for bit in range(len(FLAGS)) if flags >> bit & 1))
    for flags in range(1 << len(FLAGS))
]
(
    _RATING,
    _DROP_OFF,
    _TENTH,
    _SCORE,
    _SCORE_SUM,
    _GAIN_COUNT,
    _GAIN_SUM,
    _DAYS,
    _SECONDS,
    _SILENT,
) = map(
    int,
    (
        Metric.RATING,
        Metric.DROP_OFF,
        Metric.SCORE_TENTH,
        Metric.SCORE,
        Metric.SCORE_SUM,
        Metric.GAIN_COUNT,
        Metric.GAIN_SUM,
        Metric.TAKEN_DAYS,
        Metric.TAKEN_SECONDS,
        Metric.SILENT_HOUR,
    ),
)
_PAID, _PAID_REFUNDED, _ALLOCATED, _NET_SATISFIED, _NET_ATTENDED = map(
    int,
    (
        Metric.PAID,
        Metric.PAID_REFUNDED,
        Metric.ALLOCATED,
        Metric.NET_SATISFIED,
        Metric.NET_ATTENDED,
    ),
)
_UNPRICED = _plain(Metric.UNPRICED)
_NET_OF_COMPLETION: dict[str, tuple[int, float]] = {
    state: (int(Metric.NET_BY_COMPLETION), float(number))
    for number, state in enumerate(COMPLETION_STATES)
}
_NET_OF_ASSESSMENT: dict[str, tuple[int, float]] = {
    state: (int(Metric.NET_BY_ASSESSMENT), float(number))
    for number, state in enumerate(ASSESSMENT_STATES)
}
_HOUR = HOUR_SECONDS * SECOND


def parts(of: Counted) -> list[Part]:
    """Everything that one purchased class adds to a tally; each metric and value at most once."""
    found = [*_PURCHASED, *_STATES[of.completion], *_STATES[of.assessment]]
    if of.refunded:
        found += _REFUNDED
    if of.satisfied:
        found += _SATISFIED
    if of.certified:
        found += _CERTIFIED
    if of.flags:
        found += _FLAGS[of.flags]
    if of.completion == "in_progress":
        found.append((_DROP_OFF, NO_PERCENT if of.drop_off is None else float(of.drop_off), 1))
    elif of.completion == "never_reported":
        found.append((_SILENT, float(of.purchased_at // _HOUR), 1))
    if of.best_scaled is not None:
        found.append((_SCORE, of.best_scaled, 1))
        found.append((_TENTH, float(tenth(of.best_scaled)), 1))
        found.append((_SCORE_SUM, 0.0, round(of.best_scaled * BILLION)))
        if of.pre_test_scaled is not None:
            found.append((_GAIN_COUNT, 0.0, 1))
            gain = of.best_scaled - of.pre_test_scaled
            found.append((_GAIN_SUM, 0.0, round(gain * BILLION)))
    if of.rating is not None:
        found.append((_RATING, float(of.rating), 1))
    if of.taken_seconds is not None:
        found.append((_DAYS, float(of.taken_seconds // 86_400), 1))
        found.append((_SECONDS, float(of.taken_seconds), 1))
    if of.money is not NO_MONEY:
        _add_money(found, of)
    return found


def _add_money(found: list[Part], of: Counted) -> None:
    money = of.money
    net = money.paid - money.refunded
    if money.paid:
        found.append((_PAID, 0.0, money.paid))
    if money.refunded:
        found.append((_PAID_REFUNDED, 0.0, money.refunded))
    if money.allocated:
        found.append((_ALLOCATED, 0.0, money.allocated))
    if net:
        found.append((*_NET_OF_COMPLETION[of.completion], net))
        found.append((*_NET_OF_ASSESSMENT[of.assessment], net))
        if of.satisfied:
            found.append((_NET_SATISFIED, 0.0, net))
        if of.attended:
            found.append((_NET_ATTENDED, 0.0, net))
    if money.price_is == UNPRICED:
        found += _UNPRICED


def count_money(tally: Tally, of: Counted) -> None:
    """Adds the money of one purchased class to a tally."""
    found: list[Part] = []
    _add_money(found, of)
    for metric, value, n in found:
        tally[metric, value] += n


def count(tally: Tally, of: Counted, times: int = 1) -> None:
    """Adds one purchased class to a tally ``times`` times; -1 takes it out again."""
    for metric, value, n in parts(of):
        tally[metric, value] += n * times
