"""Headline figures by name: each is told from the metrics that it follows from, without the others."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.counting import Tally
from projections.reading.evaluations_figures import counts, package_headline
from projections.reading.figures import (
    NONE,
    OF_CLASSES,
    OF_PACKAGES,
    Figures,
    figure_of,
    flat,
    place_of,
)

tallies = st.dictionaries(
    st.tuples(
        st.integers(1, 15) | st.just(18) | st.integers(30, 33) | st.integers(40, 48),
        st.sampled_from([0.0, 1.0, 2.0, 3.0]),
    ),
    st.integers(0, 10**9),
).map(Counter)


@pytest.mark.parametrize(
    ("of", "metrics_of"), [(counts, OF_CLASSES), (package_headline, OF_PACKAGES)]
)
@given(tally=tallies)
def test_a_figure_is_that_of_the_answer(
    of: Figures, metrics_of: dict[str, list[int]], tally: Tally
) -> None:
    whole = dict(flat(of(tally)))
    assert whole.keys() == metrics_of.keys()
    for name, metrics in metrics_of.items():
        some = Counter({key: n for key, n in tally.items() if key[0] in metrics})
        assert figure_of(some, name, of) == whole[name], name


def test_nothing_stands_before_everything() -> None:
    assert place_of(None) == NONE < place_of(-(10**15))
    assert place_of(4.5) < place_of(4.6)
