"""Records that do not stand in the order of their offsets: each has one outcome, whatever its place in the batch."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kafka.batches import batches
from services.kafka.records import AnyRecord, CorruptRecord, Record
from tests.services.kafka.conftest import Reader, Subscribe, create_topic, only
from tests.services.kafka.raw import write_batches
from tests.services.kafka.sealed import (
    at_offset,
    batch_of,
    encode_record,
    seal_batch,
    varint,
    with_checksum,
    with_last_offset_delta,
)

FAR = 1_000_000


def batch_with(deltas: Sequence[int], last: int | None = None) -> bytes:
    """A batch whose records, with values 0, 1, 2 …, say that these are their offset deltas."""
    body = b"".join(encode_record(delta, b"k", (), b"%d" % n) for n, delta in enumerate(deltas))
    sealed = seal_batch(body, len(deltas), 1)
    return sealed if last is None else with_checksum(with_last_offset_delta(sealed, last))


def read(data: bytes, expected: int = 0) -> list[AnyRecord]:
    return [record for batch in batches(data, expected, FAR) for record in batch.records]


def said(records: Sequence[AnyRecord]) -> list[tuple[int, object]]:
    """Offset and value, or None for what is corrupt."""
    return [(r.offset, r.value if isinstance(r, Record) else None) for r in records]


def test_backwards() -> None:
    assert said(read(batch_with([2, 1, 0]))) == [(0, b"2"), (1, b"1"), (2, b"0")]


@given(st.permutations(range(12)), st.integers(0, 12))
def test_any_order(deltas: list[int], expected: int) -> None:
    wanted = [(n, b"%d" % deltas.index(n)) for n in range(12) if n >= expected]
    assert said(read(batch_with(deltas), expected)) == wanted


def test_of_two_records_with_one_offset_the_second_is_corrupt_at_the_offset_that_is_free() -> None:
    found = read(batch_with([0, 1, 1, 2]))
    assert said(found) == [(0, b"0"), (1, b"1"), (2, b"3"), (3, None)]
    spoilt = found[3]
    assert isinstance(spoilt, CorruptRecord)
    assert "another record's" in spoilt.detail
    assert b"2" in spoilt.value
    assert spoilt.size == len(spoilt.value)


@pytest.mark.parametrize("wrong", [-1, -(2**31), 3, 500, 2**31])
def test_an_offset_outside_of_the_batch_is_corrupt(wrong: int) -> None:
    assert said(read(batch_with([0, wrong, 2]))) == [(0, b"0"), (1, None), (2, b"2")]
    assert said(read(batch_with([wrong, 1, 0]))) == [(0, b"2"), (1, b"1"), (2, None)]


def test_what_is_outside_of_the_batch_takes_no_offset_of_the_next() -> None:
    data = batch_with([2, 7, 0]) + at_offset(batch_of([b"next"]), 3)
    assert said(read(data)) == [(0, b"2"), (1, None), (2, b"0"), (3, b"next")]


def test_holes_stay_holes_and_records_behind_them_their_offsets() -> None:
    assert said(read(batch_with([1, 4], last=6))) == [(1, b"0"), (4, b"1")]
    assert said(read(batch_with([4, 1], last=6))) == [(1, b"1"), (4, b"0")]


def test_from_where_a_record_has_no_length_all_that_have_no_record_are_corrupt() -> None:
    body = encode_record(2, b"k", (), b"a") + encode_record(0, b"k", (), b"b") + varint(500)
    assert said(read(seal_batch(body, 4, 1))) == [(0, b"b"), (1, None), (2, b"a"), (3, None)]


@given(
    st.lists(st.integers(-3, 15), min_size=1, max_size=12), st.integers(0, 3), st.integers(0, 15)
)
def test_as_many_outcomes_as_records_at_offsets_of_the_batch_in_order(
    deltas: list[int], holes: int, expected: int
) -> None:
    last = len(deltas) - 1 + holes
    whole = read(batch_with(deltas, last))
    offsets = [record.offset for record in whole]
    assert len(offsets) == len(deltas)
    assert offsets == sorted(set(offsets))
    assert set(offsets) <= set(range(last + 1))
    # From wherever it is read again, what stands at an offset is the same.
    behind = batch_with(deltas, last) + at_offset(batch_of([b"x"] * 20), last + 1)
    again = said(read(behind, expected))
    assert again[: len(again) - 20 + max(0, expected - last - 1)] == [
        each for each in said(whole) if each[0] >= expected
    ]


def test_offsets_that_the_log_does_not_have_are_no_records() -> None:
    data = batch_with([0, 1], last=2**31 - 1)
    (batch,) = batches(data, 0, 10)
    assert [type(r) for r in batch.records] == [CorruptRecord]
    assert batch.next_offset == 1


@pytest.mark.kafka
def test_a_broker_takes_such_batches_and_each_record_is_read(
    bootstrap: str, subscribe: Subscribe
) -> None:
    topic = create_topic(bootstrap)
    write_batches(bootstrap, topic, [batch_of([b"first"]), batch_with([2, 1, 0]), batch_of([b"z"])])
    reader = Reader(subscribe(only(topic)))
    while reader.next_offsets.get((topic, 0), 0) < 5:
        reader.poll()
    assert said(reader.records[topic, 0]) == [
        (0, b"first"),
        (1, b"2"),
        (2, b"1"),
        (3, b"0"),
        (4, b"z"),
    ]
