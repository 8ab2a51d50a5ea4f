"""Shares with their uncertainty: how much a few cases say about the many that could have been."""

from math import sqrt
from typing import Final

from msgspec import Struct

QUANTILE: Final = 1.959963984540054
"""Of the normal distribution at 97.5 %: intervals hold the true share 95 times of 100."""

FEW: Final = 30
"""A share of fewer cases than this says little, and is marked wherever it is shown."""


class Share(Struct, frozen=True, gc=False):
    """``part`` of ``whole``, which is not 0: the share and its 95 % interval, each from 0 to 1."""

    part: int
    whole: int
    share: float
    low: float
    high: float

    @property
    def few(self) -> bool:
        """Whether the share is of so few cases that it says little."""
        return self.whole < FEW


def share(part: int, whole: int) -> Share | None:
    """The share with Wilson's score interval; None of nothing.

    E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927); it holds for
    small numbers and shares near 0 and 1, where the usual "plus or minus" does not.
    """
    if not whole:
        return None
    of = part / whole
    square = QUANTILE * QUANTILE
    middle = of + square / (2 * whole)
    reach = QUANTILE * sqrt(of * (1 - of) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    low = 0.0 if part == 0 else (middle - reach) / scale
    high = 1.0 if part == whole else (middle + reach) / scale
    return Share(part, whole, of, low, high)
