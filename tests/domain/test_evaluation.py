"""What is counted adds up, and its figures are those of plain statistics."""

from collections import Counter
from fractions import Fraction
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import median as finding
from domain.counting import HOUR_SECONDS, SECOND, Counted, Metric, Tally, count, parts
from domain.evaluation import Medians, evaluate
from domain.money import NO_MONEY, Money
from domain.silence import AGES, first_hours, hour_of, silence

HOUR = HOUR_SECONDS * SECOND
NOW = 18_400 * 24 * HOUR + 1

scores = st.one_of(
    st.builds(lambda raw: raw / 100, st.integers(0, 100)),
    st.builds(lambda raw, most: min(raw, most) / most, st.integers(0, 37), st.integers(1, 37)),
    st.floats(0, 1),
)
prices = st.sampled_from(range(3))


@st.composite
def purchased_classes(draw: st.DrawFn) -> Counted:
    completion = draw(st.sampled_from(["completed", "in_progress", "never_reported"]))
    assessment = draw(st.sampled_from(["not_assessed", "assessed", "passed", "failed"]))
    return Counted(
        purchased_at=NOW - draw(st.integers(0, 200 * 24)) * HOUR,
        refunded=draw(st.booleans()),
        completion=completion,
        assessment=assessment,
        satisfied=draw(st.booleans()),
        flags=draw(st.integers(0, 63)),
        best_scaled=draw(st.none() | scores),
        pre_test_scaled=draw(st.none() | scores),
        rating=draw(st.none() | st.integers(1, 5)),
        drop_off=draw(st.none() | st.integers(0, 9)) if completion == "in_progress" else None,
        taken_seconds=draw(st.none() | st.integers(0, 40 * 86_400)),
        money=draw(st.just(NO_MONEY) | st.builds(Money, *3 * [st.integers(0, 10**6)], prices)),
        attended=draw(st.booleans()),
        certified=draw(st.booleans()),
    )


many = st.lists(purchased_classes(), max_size=30)


def tally_of(classes: list[Counted]) -> Tally:
    tally: Tally = Counter()
    for one in classes:
        count(tally, one)
    return tally


@given(many)
def test_figures_are_those_of_plain_statistics(classes: list[Counted]) -> None:
    found = evaluate(tally_of(classes))
    results = [one.best_scaled for one in classes if one.best_scaled is not None]
    gains = [
        one.best_scaled - one.pre_test_scaled
        for one in classes
        if one.best_scaled is not None and one.pre_test_scaled is not None
    ]
    ratings = [one.rating for one in classes if one.rating is not None]
    days = [one.taken_seconds / 86_400 for one in classes if one.taken_seconds is not None]
    assert found.purchased == len(classes)
    assert found.started == sum(one.completion != "never_reported" for one in classes)
    assert found.assessed == sum(one.assessment != "not_assessed" for one in classes)
    assert found.score_mean == (pytest.approx(fmean(results), abs=2e-9) if results else None)
    assert found.score_median == (pytest.approx(median(results)) if results else None)
    assert sum(found.score_histogram) == len(results)
    assert found.gain_count == len(gains)
    assert found.gain_mean == (pytest.approx(fmean(gains), abs=2e-9) if gains else None)
    assert found.rating_mean == (pytest.approx(fmean(ratings)) if ratings else None)
    assert found.rating_distribution == {str(n): ratings.count(n) for n in range(1, 6)}
    assert found.median_days_to_completion == (pytest.approx(median(days)) if days else None)
    under_way = sum(one.completion == "in_progress" for one in classes)
    assert sum(found.drop_off) + found.drop_off_without_percent == under_way
    for bit, times in enumerate(found.flags.values()):
        assert times == sum(one.flags >> bit & 1 for one in classes)
    money = found.money
    assert money.net_attended == sum(one.money.net for one in classes if one.attended)
    assert money.net_not_attended == sum(one.money.net for one in classes if not one.attended)
    assert money.net_satisfied == sum(one.money.net for one in classes if one.satisfied)


@given(many, many)
def test_what_is_taken_out_again_leaves_nothing(kept: list[Counted], gone: list[Counted]) -> None:
    tally = tally_of(kept + gone)
    for one in gone:
        count(tally, one, -1)
    assert {key: n for key, n in tally.items() if n} == {
        key: n for key, n in tally_of(kept).items() if n
    }


@given(purchased_classes())
def test_no_metric_and_value_is_counted_twice_of_one_class(one: Counted) -> None:
    places = [(metric, value) for metric, value, _ in parts(one)]
    assert len(places) == len(set(places))


@given(many)
def test_medians_may_be_given_instead_of_the_fine_metrics(classes: list[Counted]) -> None:
    tally = tally_of(classes)
    coarse = {key: n for key, n in tally.items() if key[0] < Metric.FINE}
    whole = evaluate(tally)
    days = whole.median_days_to_completion
    medians = Medians(whole.score_median, None if days is None else days * 86_400)
    found = evaluate(coarse, medians)
    assert found.median_days_to_completion == (None if days is None else pytest.approx(days))
    assert found.score_histogram == whole.score_histogram


@given(scores)
def test_levels_lie_within_each_other(score: float) -> None:
    tenth, hundredth = finding.tenth(score), finding.hundredth(score)
    low, below = finding.scores_of_tenth(tenth)
    assert low <= score < below
    low, below = finding.scores_of_hundredth(hundredth)
    assert low <= score < below
    low, below = finding.hundredths_of_tenth(tenth)
    assert low <= hundredth < below


@pytest.mark.parametrize("most", range(1, 101))
def test_a_score_on_a_bound_belongs_above_it(most: int) -> None:
    for raw in range(most + 1):
        exact = Fraction(raw, most)
        assert finding.tenth(raw / most) == min(int(exact * 10), 9)
        assert finding.hundredth(raw / most) == min(int(exact * 100), 99)


@given(st.lists(st.integers(0, 3 * 86_400), min_size=1, max_size=40))
def test_a_median_is_found_level_by_level(seconds: list[int]) -> None:
    middle = []
    for rank in finding.middle_ranks(len(seconds)):
        day = finding.nth(Counter(second // 86_400 for second in seconds), rank)
        low, below = finding.hours_of_day(day.value)
        of_day = [float(second // 3_600) for second in seconds]
        hours = Counter(hour for hour in of_day if low <= hour < below)
        hour = finding.nth(hours, day.rank)
        low, below = finding.seconds_of_hour(hour.value)
        exact = Counter(float(second) for second in seconds if low <= second < below)
        middle.append(finding.nth(exact, hour.rank).value)
    assert finding.mean_of(middle) == median(seconds) == finding.median(Counter(seconds))


def test_there_is_no_median_of_nothing() -> None:
    assert finding.median({}) is None
    with pytest.raises(IndexError):
        finding.nth({1.0: 2}, 2)


@given(st.lists(st.integers(-48, 5_000)))
def test_silences_may_be_counted_under_any_hour_of_their_age(ages: list[int]) -> None:
    hours = Counter(hour_of(NOW) - age for age in ages)
    found = silence(len(ages), hours.items(), NOW)
    assert sum(found.values()) == len(ages)
    bounds = [least for _, least in AGES]
    for (name, least), below in zip(AGES, [*bounds[1:], 10_000], strict=True):
        assert found[name] == sum((least or -100) <= age < below for age in ages)
    starts = first_hours(NOW)
    together = Counter(
        max(start for start in starts if start <= hour)
        for hour in hours.elements()
        if hour >= starts[0]
    )
    assert silence(len(ages), together.items(), NOW) == found
