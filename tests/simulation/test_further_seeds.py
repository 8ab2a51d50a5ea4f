"""The second half of the thousand seeds of test_simulation.py: another process of the test run has these."""

import pytest

from tests.simulation.some_seeds import AT_ONCE, hold


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(500, 1_000, AT_ONCE))
def test_whatever_breaks_nothing_is_lost_and_nothing_counted_twice(first: int) -> None:
    hold(first)
