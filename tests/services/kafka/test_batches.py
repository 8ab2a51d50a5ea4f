"""Every offset of a log is answered for, whatever its bytes are."""

import gzip
import tracemalloc
from collections.abc import Sequence

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from kafka.record import MemoryRecordsBuilder

from services.kafka.batches import batches
from services.kafka.records import AnyRecord, CorruptRecord, Record
from tests.services.kafka.sealed import (
    BODY_STARTS,
    Aborted,
    at_offset,
    batch_of,
    body_of,
    control_batch,
    encode_record,
    record_with_header,
    seal_batch,
    transactional_batch,
    varint,
    with_checksum,
    with_last_offset_delta,
)

FAR = 1_000_000


def read(
    data: bytes, expected: int = 0, high_water: int = FAR, aborted: Sequence[Aborted] = ()
) -> tuple[list[AnyRecord], int]:
    """The records, and the offset to fetch from next."""
    found: list[AnyRecord] = []
    for batch in batches(data, expected, high_water, aborted):
        found.extend(batch.records)
        expected = batch.next_offset
    return found, expected


def values(records: Sequence[AnyRecord]) -> list[object]:
    return [r.detail if isinstance(r, CorruptRecord) else r.value for r in records]


def offsets(records: Sequence[AnyRecord]) -> list[int]:
    return [r.offset for r in records]


def corrupt(records: Sequence[AnyRecord]) -> list[int]:
    return [r.offset for r in records if isinstance(r, CorruptRecord)]


# What other clients write is read.

some_bytes = st.one_of(st.none(), st.binary(max_size=300))
some_records = st.lists(
    st.tuples(
        some_bytes,
        some_bytes,
        st.lists(st.tuples(st.text(max_size=80), st.binary(max_size=80)), max_size=4),
    ),
    min_size=1,
    max_size=150,
)


@given(some_records, st.sampled_from([0, 1, 2, 3, 4]))
def test_what_kafka_python_writes_is_read(
    records: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]], codec: int
) -> None:
    builder = MemoryRecordsBuilder(magic=2, compression_type=codec, batch_size=1_000_000)
    for n, (key, value, headers) in enumerate(records):
        builder.append(1_600_000_000_000 + 37 * n, key, value, headers)
    builder.close()
    found, next_offset = read(bytes(builder.buffer()))
    assert [(r.key, r.value, list(r.headers)) for r in found if isinstance(r, Record)] == records
    assert offsets(found) == list(range(len(records)))
    assert next_offset == len(records)


names_and_values = st.lists(
    st.tuples(st.sampled_from(["a", "b", "aa", "ab", "ce_id"]), st.binary(max_size=3)),
    min_size=3,
    max_size=4,
)


@given(st.lists(names_and_values, min_size=1, max_size=40))
def test_headers_that_take_as_many_bytes_are_told_apart(
    headers: list[list[tuple[str, bytes]]],
) -> None:
    builder = MemoryRecordsBuilder(magic=2, compression_type=0, batch_size=1_000_000)
    for of_record in [*headers, *headers]:  # once as something new, once as something known
        builder.append(1_600_000_000_000, b"k", b"v", of_record)
    builder.close()
    found, _ = read(bytes(builder.buffer()))
    assert [list(r.headers) for r in found if isinstance(r, Record)] == [*headers, *headers]


def test_a_header_whose_value_is_null_is_absent_and_an_empty_one_is_not() -> None:
    both = varint(2) + b"\x02h" + varint(-1) + b"\x02e" + varint(0)
    inner = b"\x00\x00\x00\x02k\x04{}" + both
    for _ in range(2):  # once as something new, once as something known
        found, _ = read(seal_batch(varint(len(inner)) + inner, 1, 1))
        assert found == [Record(0, b"k", (("e", b""),), b"{}", 1, 15)]


def test_records_below_the_expected_offset_are_left_out() -> None:
    data = batch_of([b"a", b"b", b"c"], 10) + batch_of([b"d"], 13)
    assert values(read(data, 12)[0]) == [b"c", b"d"]
    assert read(data, 13) == ([Record(13, b"k", (), b"d", 1_600_000_000_000, 8)], 14)


def test_a_batch_cut_off_at_the_end_waits_for_the_next_fetch() -> None:
    whole, cut = batch_of([b"a"]), batch_of([b"b"], 1)
    for size in (0, 5, 30, len(cut) - 1):
        assert values(read(whole + cut[:size])[0]) == [b"a"]
        assert read(whole + cut[:size])[1] == 1


# Offsets at which there is nothing for consumers are passed over.


def test_a_compacted_batch_keeps_its_last_offset() -> None:
    body = encode_record(1, b"k", (), b"b") + encode_record(4, b"k", (), b"e")
    sealed = with_checksum(with_last_offset_delta(seal_batch(body, 2, 1), 6))
    found, next_offset = read(sealed)
    assert offsets(found) == [1, 4]
    assert next_offset == 7


def test_a_batch_that_was_emptied() -> None:
    sealed = with_checksum(with_last_offset_delta(seal_batch(b"", 0, 1), 2))
    assert read(sealed + batch_of([b"d"], 3)) == (
        [Record(3, b"k", (), b"d", 1_600_000_000_000, 8)],
        4,
    )


def test_the_end_of_a_transaction_is_passed_over() -> None:
    data = transactional_batch([b"a", b"b"], 0, 7) + control_batch(2, 7, commit=True)
    found, next_offset = read(data)
    assert values(found) == [b"a", b"b"]
    assert next_offset == 3


def test_an_aborted_transaction_is_left_out_and_only_that() -> None:
    data = (
        transactional_batch([b"aborted"], 0, 7)
        + transactional_batch([b"other"], 1, 8)
        + batch_of([b"plain"], 2)
        + control_batch(3, 7, commit=False)
        + transactional_batch([b"later"], 4, 7)
        + control_batch(5, 7, commit=True)
        + control_batch(6, 8, commit=True)
    )
    found, next_offset = read(data, aborted=[Aborted(7, 0)])
    assert values(found) == [b"other", b"plain", b"later"]
    assert next_offset == 7


# Damage is confined.


def test_a_wrong_checksum_spoils_its_batch_and_no_other() -> None:
    spoilt = bytearray(batch_of([b"b", b"c", b"d"], 1))
    spoilt[-1] ^= 1
    data = batch_of([b"a"]) + bytes(spoilt) + batch_of([b"e"], 4)
    found, next_offset = read(data)
    assert offsets(found) == [0, 1, 2, 3, 4]
    assert corrupt(found) == [1, 2, 3]
    assert values(found)[1] == "The batch's checksum is wrong."
    assert next_offset == 5
    contents = [r.value for r in found if isinstance(r, CorruptRecord)]
    assert contents == [bytes(spoilt), b"", b""]


def test_a_damaged_last_offset_is_known_by_the_next_batch() -> None:
    spoilt = with_last_offset_delta(batch_of([b"a", b"b"]), 500)
    assert corrupt(read(spoilt + batch_of([b"c"], 2))[0]) == [0, 1]
    spoilt = with_last_offset_delta(batch_of([b"a", b"b"]), -5)
    assert corrupt(read(spoilt + batch_of([b"c"], 2))[0]) == [0, 1]


def test_a_damaged_last_offset_without_a_next_batch_costs_one_offset_at_a_time() -> None:
    for delta in (-5, 500):
        spoilt = with_last_offset_delta(batch_of([b"a", b"b"], 10), delta)
        found, next_offset = read(spoilt, 10, high_water=12)
        assert (corrupt(found), next_offset) == ([10], 11)
        found, next_offset = read(spoilt, 11, high_water=12)
        assert (corrupt(found), next_offset) == ([11], 12)


@pytest.mark.parametrize("length", [-20, 0, 13])
def test_a_damaged_length_costs_one_offset(length: int) -> None:
    batch = batch_of([b"a", b"b"])
    spoilt = batch[:8] + length.to_bytes(4, signed=True) + batch[12:]
    assert corrupt(read(spoilt)[0]) == [0]
    assert read(spoilt)[1] == 1


def test_a_first_batch_longer_than_the_fetch_costs_one_offset() -> None:
    found, next_offset = read(batch_of([b"a", b"b"])[:-1])
    assert (corrupt(found), next_offset) == ([0], 1)


@pytest.mark.parametrize("magic", [0, 1, 3, 200])
def test_another_message_format_is_said(magic: int) -> None:
    batch = batch_of([b"a"], 4)
    other = batch[:16] + bytes([magic]) + batch[17:]
    found, next_offset = read(other + batch_of([b"b"], 5), 4)
    assert offsets(found) == [4, 5]
    assert f"message format {magic}" in str(values(found)[0])
    assert next_offset == 6


def test_a_name_of_a_header_that_is_no_text_spoils_its_record_only() -> None:
    body = encode_record(0, b"k", (), b"a") + record_with_header(1, b"\xff\xfe")
    body += encode_record(2, b"k", (), b"c")
    found, _ = read(seal_batch(body, 3, 1))
    assert values(found) == [b"a", "A header's name is not UTF-8.", b"c"]
    assert isinstance(found[1], CorruptRecord)
    assert b"\xff\xfe" in found[1].value


@pytest.mark.parametrize(
    "inner",
    [
        b"\x00\x00\x02" + varint(500) + b"k" + b"\x04{}\x00",  # a key longer than the record
        b"\x00\x00\x02\x02k" + varint(90_000) + b"{}\x00",
        b"\x00\x00\x02\x02k\x04{}" + varint(-3),
        b"\x00\x00\x02\x02k\x04{}" + varint(5),
        b"\x00\x00\x02\x02k\x04{}" + varint(1) + varint(-1) + b"\x02x",  # a header without a name
        b"\x00\x00\x02\x02k\x04{}\x00rest",
        b"\x00\x00\x02\x02k" + b"\x80" * 11,
        b"\x00\x00\x02" + varint(-7) + b"kkkkkk",
    ],
)
def test_a_record_whose_parts_do_not_fit_spoils_itself_only(inner: bytes) -> None:
    body = encode_record(0, b"k", (), b"a") + varint(len(inner)) + inner
    body += encode_record(2, b"k", (), b"c")
    found, next_offset = read(seal_batch(body, 3, 1))
    assert offsets(found) == [0, 1, 2]
    assert corrupt(found) == [1]
    assert next_offset == 3


@pytest.mark.parametrize(
    "rest",
    [
        b"",
        varint(4) + b"\x00\x00\x02\x00",
        varint(100) + b"\x00\x00\x02\x02k\x04{}\x00",
        varint(-1) * 20,
        b"\x80" * 20,
        encode_record(0, b"k", (), b"again"),  # an offset that was already there
        encode_record(7, b"k", (), b"beyond"),
    ],
)
def test_from_where_records_cannot_be_told_apart_all_are_corrupt(rest: bytes) -> None:
    sealed = seal_batch(encode_record(0, b"k", (), b"a") + rest, 4, 1)
    found, next_offset = read(sealed + batch_of([b"e"], 4))
    assert offsets(found) == [0, 1, 2, 3, 4]
    assert corrupt(found) == [1, 2, 3]
    assert next_offset == 5


def compressed(codec: int, body: bytes, count: int) -> bytes:
    return seal_batch(body, count, 1, attributes=codec)


def test_a_batch_that_is_too_large_decompressed_is_corrupt_at_each_offset() -> None:
    bomb = zstandard.ZstdCompressor().compress(body_of([bytes(1 << 20)] * 20))
    assert len(bomb) < 10_000
    tracemalloc.start()
    try:
        found, next_offset = read(compressed(4, bomb, 20) + batch_of([b"e"], 20))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert corrupt(found) == list(range(20))
    assert "larger than 16777216 bytes" in str(values(found)[0])
    assert values(found)[20] == b"e"
    assert next_offset == 21
    assert peak < 64 << 20


def test_damaged_compressed_data_is_corrupt_at_each_offset() -> None:
    body = gzip.compress(body_of([b"a", b"b"]))
    found, _ = read(compressed(1, body[:-9], 2) + batch_of([b"c"], 2))
    assert corrupt(found) == [0, 1]
    assert values(found)[2] == b"c"


def test_zstd_data_that_ends_too_early_is_corrupt_from_there() -> None:
    body = zstandard.ZstdCompressor().compress(body_of([b"a", b"b"]))
    found, next_offset = read(compressed(4, body[:-9], 2))
    assert offsets(found) == [0, 1]
    assert 1 in corrupt(found)
    assert next_offset == 2


@pytest.mark.parametrize("codec", [5, 6, 7])
def test_an_unknown_compression_is_corrupt_at_each_offset(codec: int) -> None:
    found, _ = read(compressed(codec, b"?", 2) + batch_of([b"c"], 2))
    assert corrupt(found) == [0, 1]
    assert "does not define" in str(values(found)[0])


def test_what_came_while_the_broker_read_lies_beyond_its_high_water_mark() -> None:
    appended_meanwhile = batch_of([b"a"], 0) + batch_of([b"b", b"c"], 1)
    for high_water in (0, 1, 2):
        found = [
            record
            for batch in batches(appended_meanwhile, 0, high_water)
            for record in batch.records
        ]
        assert values(found) == [b"a", b"b", b"c"]


def test_an_offset_far_beyond_the_log_is_damaged() -> None:
    (batch,) = batches(batch_of([b"a"], 1 << 40), 0, 1)
    assert corrupt(list(batch.records)) == [0]


def test_a_header_that_contradicts_itself() -> None:
    sealed = with_checksum(with_last_offset_delta(batch_of([b"a"], 3), -2))
    found, next_offset = read(sealed, 3)
    assert (corrupt(found), next_offset) == ([3], 4)


def test_a_batch_with_more_records_than_offsets_contradicts_itself() -> None:
    sealed = with_checksum(with_last_offset_delta(batch_of([b"a"] * 5, 3), 1))
    found, next_offset = read(sealed, 3)
    assert (corrupt(found), next_offset) == ([3, 4], 5)
    # Not taken for a batch that lies before what is expected: that would be fetched again for ever.
    found, next_offset = read(sealed, 6)
    assert (corrupt(found), next_offset) == ([6], 7)


LOG = {
    2: batch_of([b"a", b"b" * 200, b"c"], 0, [("content-type", b"application/json")]),
    4: at_offset(compressed(1, gzip.compress(body_of([b"d", b"e"])), 2), 3),
    5: transactional_batch([b"f"], 5, 7),
    6: control_batch(6, 7, commit=False),
    106: batch_of([b"h"] * 100, 7),
}
"""The last offset of each batch, and the batch."""
LOG_ENDS = 107


@given(
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=6),
    st.booleans(),
    st.integers(0, LOG_ENDS - 1),
)
def test_whatever_is_damaged_reading_goes_on_and_each_offset_counts_once(
    damage: list[tuple[int, int]], mend: bool, expected: int
) -> None:
    # A broker begins with the batch that holds the offset.
    sent = b"".join(batch for last, batch in LOG.items() if last >= expected)
    data = bytearray(sent)
    for position, byte in damage:
        data[position % len(data)] = byte
    whole = bytes(data)
    if mend:  # damage that the checksum of the first batch covers: made by a sender, not a disk
        end = 12 + int.from_bytes(sent[8:12])
        whole = with_checksum(whole[:end]) + whole[end:]
    found, next_offset = read(whole, expected, LOG_ENDS, [Aborted(7, 5)])
    assert offsets(found) == sorted(set(offsets(found)))
    assert all(expected <= offset < next_offset for offset in offsets(found))
    # No checksum covers a batch's offset. Alone, one that says it lies below what is expected is read past, as brokers
    # may send earlier batches. Who fetches notices that nothing else comes (standing.py).
    base, delta = int.from_bytes(whole[:8], signed=True), int.from_bytes(whole[23:27], signed=True)
    earlier = base >= 0 and delta >= 0 and base + delta < expected
    alone = expected > max(last for last in LOG if last < LOG_ENDS - 1)
    assert next_offset > expected or (earlier and alone)


def test_a_batch_with_an_offset_below_0_is_corrupt() -> None:
    data = batch_of([b"a"], 7)
    found, next_offset = read(b"\x80" + data[1:], 7)
    assert (corrupt(found), next_offset) == ([7], 8)


@given(st.binary(min_size=12, max_size=300), st.integers(0, 50))
def test_any_bytes_at_all(data: bytes, expected: int) -> None:
    found, next_offset = read(data, expected, 60)
    assert all(expected <= offset < next_offset for offset in offsets(found))
    assert next_offset > expected


@given(st.binary(max_size=200), st.integers(0, 40))
def test_any_bytes_under_a_right_checksum(body: bytes, count: int) -> None:
    sealed = seal_batch(body, max(count, 1), 1)
    found, next_offset = read(sealed)
    assert next_offset == max(count, 1)
    assert offsets(found) == sorted(set(offsets(found)))
    assert set(offsets(found)) <= set(range(next_offset))


def test_the_body_starts_where_the_tests_think() -> None:
    assert batch_of([b"a"])[BODY_STARTS:] == body_of([b"a"])
