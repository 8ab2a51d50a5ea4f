"""The exact median of a multiset that is too large to read: found level by level.

Each level counts coarser values than the next one. The middle element's value on one level says between which
values of the next level it lies, and how many elements of those come before it.
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

TENTHS = [step / 10 for step in range(1, 10)]
HUNDREDTHS = [step / 100 for step in range(1, 100)]
"""Where tenths and hundredths begin, but for the first one. Each tenth begins where its first hundredth does."""


def tenth(score: float) -> int:
    """The tenth, 0 to 9, that a score from 0 to 1 lies in; the last includes 1."""
    return bisect_right(TENTHS, score)


def hundredth(score: float) -> int:
    """The hundredth, 0 to 99, that a score from 0 to 1 lies in; the last includes 1."""
    return bisect_right(HUNDREDTHS, score)


def scores_of_tenth(value: float) -> tuple[float, float]:
    """The scores of a tenth: from, and below."""
    return value / 10, (value + 1) / 10 if value < 9 else 2.0


def hundredths_of_tenth(value: float) -> tuple[float, float]:
    """The hundredths of a tenth: from, and below."""
    return value * 10, value * 10 + 10


def scores_of_hundredth(value: float) -> tuple[float, float]:
    """The scores of a hundredth: from, and below."""
    return value / 100, (value + 1) / 100 if value < 99 else 2.0


def hours_of_day(value: float) -> tuple[float, float]:
    """The hours of a day: from, and below."""
    return value * 24, value * 24 + 24


def seconds_of_day(value: float) -> tuple[float, float]:
    """The seconds of a day: from, and below."""
    return value * 86_400, value * 86_400 + 86_400


def seconds_of_hour(value: float) -> tuple[float, float]:
    """The seconds of an hour: from, and below."""
    return value * 3_600, value * 3_600 + 3_600


def middle_ranks(times: int) -> tuple[int, ...]:
    """The ranks, from 0, of the one or two middle elements of so many; none of none."""
    return tuple(sorted({(times - 1) // 2, times // 2})) if times else ()


class Found(NamedTuple):
    """The value at a rank, and the rank among the elements that have this value."""

    value: float
    rank: int


def nth(values: Mapping[float, int], rank: int) -> Found:
    """The element of a multiset at a rank (from 0) in ascending order; raises IndexError where there is none."""
    for value, times in sorted(values.items()):
        if rank < times:
            return Found(value, rank)
        rank -= times
    raise IndexError("the multiset has fewer elements")


def median(values: Mapping[float, int]) -> float | None:
    """The median of a multiset, of an even number the mean of the middle two; None of an empty one."""
    return mean_of([nth(values, rank).value for rank in middle_ranks(sum(values.values()))])


def mean_of(middle: list[float]) -> float | None:
    """The mean of the middle elements; None of none."""
    return sum(middle) / len(middle) if middle else None
