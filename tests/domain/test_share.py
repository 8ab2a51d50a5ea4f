"""Wilson's interval is the published one."""

import pytest

from domain.share import FEW, share


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(part: int, whole: int, low: float, high: float) -> None:
    of = share(part, whole)
    assert of is not None
    assert (round(of.low, 4), round(of.high, 4)) == (low, high)
    assert of.share == part / whole


@pytest.mark.parametrize(("part", "whole"), [(0, 1), (1, 1), (1, 2), (7, 7), (999_999, 10**6)])
def test_the_share_lies_within_and_all_of_it_from_0_to_1(part: int, whole: int) -> None:
    of = share(part, whole)
    assert of is not None
    assert 0 <= of.low <= of.share <= of.high <= 1
    mirrored = share(whole - part, whole)
    assert mirrored is not None
    assert of.low == pytest.approx(1 - mirrored.high, abs=1e-12)


def test_nothing_has_no_share() -> None:
    assert share(0, 0) is None


def test_fewer_than_thirty_are_few() -> None:
    few, enough = share(1, FEW - 1), share(1, FEW)
    assert (few and few.few, enough and enough.few) == (True, False)
