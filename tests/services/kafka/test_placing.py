"""Batches whose first offset, which no checksum covers, is damaged: the others tell which one it is."""

import pytest

from services.kafka.records import Record
from tests.services.kafka.sealed import (
    Aborted,
    at_offset,
    batch_of,
    control_batch,
    transactional_batch,
)
from tests.services.kafka.test_batches import corrupt, read, values

THREE = [batch_of([b"a", b"b"], 4), batch_of([b"c", b"d"], 6), batch_of([b"e", b"f"], 8)]


@pytest.mark.parametrize("damaged", [0, 1, 2])
@pytest.mark.parametrize("base", [-(1 << 63), -1, 0, 3, 5, 7, 9, 11, 50, 1 << 40, (1 << 63) - 1])
@pytest.mark.parametrize("high_water", [10, 12])
def test_a_damaged_offset_costs_its_batch_and_no_other(
    damaged: int, base: int, high_water: int
) -> None:
    end = 10
    whole = [*THREE, batch_of([b"g", b"h"], 10)][: high_water // 2 - 2]
    if base == 4 + 2 * damaged:
        return
    data = [at_offset(b, base) if n == damaged else b for n, b in enumerate(whole)]
    found, next_offset = read(b"".join(data), 4, high_water)
    of_damaged = {4 + 2 * damaged, 5 + 2 * damaged}
    good = [r for r in found if isinstance(r, Record)]
    assert {r.offset for r in good} >= set(range(4, high_water)) - of_damaged - {end}
    assert set(corrupt(found)) <= of_damaged
    assert all(r.value == b"abcdefgh"[r.offset - 4 : r.offset - 3] for r in good)
    assert next_offset >= min(high_water, 5 + 2 * damaged)


@pytest.mark.parametrize("missing", [0, 1])
def test_offsets_that_the_log_does_not_hold_are_said(missing: int) -> None:
    data = b"".join(batch for number, batch in enumerate(THREE) if number != missing)
    found, next_offset = read(data, 4, 10)
    assert corrupt(found) == [4 + 2 * missing, 5 + 2 * missing]
    assert "The log holds no record" in str(values(found)[2 * missing])
    assert next_offset == 10


def test_a_damaged_offset_is_passed_again_when_the_broker_sends_it_again() -> None:
    # Apache Kafka finds the batch that says it lies far behind, whatever is asked for, and sends from there on.
    data = at_offset(THREE[0], 1 << 30) + THREE[1] + THREE[2]
    assert read(data, 8, 10) == read(THREE[2], 8, 10)
    assert read(data + batch_of([b"g"], 10), 10, 11)[1] == 11


def test_the_batch_that_the_next_one_contradicts_is_the_damaged_one() -> None:
    # Two say that they lie at 6; the log ends at 8, so the first of them cannot.
    data = at_offset(THREE[0], 6) + THREE[1]
    found, next_offset = read(data, 6, 8)
    assert (values(found), next_offset) == ([b"c", b"d"], 8)


def test_a_damaged_batch_before_one_that_is_cut_off_is_passed() -> None:
    data = at_offset(THREE[0], 1) + THREE[1][:20]
    found, next_offset = read(data, 4, 8)
    assert (corrupt(found), next_offset) == ([4, 5], 6)


def test_a_marker_at_a_damaged_offset_still_ends_its_transaction() -> None:
    data = (
        transactional_batch([b"aborted"], 4, 7)
        + at_offset(control_batch(5, 7, commit=False), 1 << 40)
        + transactional_batch([b"later"], 6, 7)
        + control_batch(7, 7, commit=True)
    )
    found, next_offset = read(data, 4, 8, [Aborted(7, 4)])
    assert (corrupt(found), values(found)[-1], next_offset) == ([5], b"later", 8)
