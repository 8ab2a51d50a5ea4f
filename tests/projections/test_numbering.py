"""Numbers kept as bits come out as the ranges that they are."""

from hypothesis import given
from hypothesis import strategies as st

from projections.sequences.numbering import Numbers, NumberSet
from projections.sequences.ranges import united

NUMBERS = st.lists(st.integers(0, 400) | st.integers(10**18 - 100, 10**18 - 1), max_size=200)


@given(NUMBERS, NUMBERS)
def test_ranges_are_as_few_as_possible(some: list[int], others: list[int]) -> None:
    numbers, more = NumberSet(), NumberSet()
    numbers.add(some)
    more.add(others)
    numbers.update(more)
    assert numbers.ranges() == united([(number, number) for number in {*some, *others}])


@given(st.lists(st.tuples(st.integers(0, 2_000), st.integers(1, 300)), max_size=20))
def test_long_runs_cross_blocks(runs: list[tuple[int, int]]) -> None:
    numbers = NumberSet()
    for first, count in runs:
        numbers.add(range(first, first + count))
    assert numbers.ranges() == united([(first, first + count - 1) for first, count in runs])


def test_what_is_not_a_usable_number_is_counted() -> None:
    looked_at = Numbers()
    looked_at.look([b"1", b"0002", None, b"", b"-3", b"4.0", "٥".encode(), b"6" * 19])
    looked_at.look([b"0" * 30 + b"7", b"9" * 18, None])
    assert looked_at.numbers.ranges() == [(1, 2), (7, 7), (10**18 - 1, 10**18 - 1)]
    assert (looked_at.unnumbered, looked_at.unusable) == (2, 5)
