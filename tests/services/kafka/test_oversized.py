"""A record that is too large is refused before it is kept: its first 64 KiB are, whatever it becomes decompressed."""

import tracemalloc

import pytest
import zstandard

from domain.errors import Reason, Refusal
from services.intake.decoding import decoded
from services.intake.lanes import Lane
from services.intake.weights import Weights
from services.kafka.batches import batches
from services.kafka.one_batch import MAX_OTHER_BYTES, MAX_VALUE_BYTES
from services.kafka.records import (
    KEPT_BYTES,
    NO_TIMESTAMP,
    AnyRecord,
    CorruptRecord,
    OversizedRecord,
    Record,
)
from tests.services.kafka.sealed import (
    batch_of,
    body_of,
    encode_record,
    seal_batch,
    sealed_body,
    with_checksum,
)

FAR = 1_000_000
LANE = Lane(1, "tuntas.partner.pintaria", 0, 4, 1, 0)


def read(data: bytes) -> list[AnyRecord]:
    return [record for batch in batches(data, 0, FAR) for record in batch.records]


def refusal_of(record: AnyRecord) -> Refusal:
    (one,) = decoded(LANE, [record], Weights(lambda *_: 0))
    assert isinstance(one.outcome, Refusal)
    return one.outcome


def test_a_large_value_keeps_its_beginning_and_its_size() -> None:
    value = b"[" + b" " * MAX_VALUE_BYTES
    found = read(batch_of([b"{}", value, b"{}"], headers=[("a", b"1")]))
    assert [type(record) for record in found] == [Record, OversizedRecord, Record]
    large = found[1]
    assert isinstance(large, OversizedRecord)
    assert (large.value, large.size) == (value[:KEPT_BYTES], len(value))
    assert (large.key, large.headers) == (b"k", (("a", b"1"),))
    assert refusal_of(large).reason == Reason.TOO_LARGE


def test_the_largest_value_is_whole() -> None:
    (record,) = read(batch_of([b" " * MAX_VALUE_BYTES]))
    assert isinstance(record, Record)
    assert record.size == MAX_VALUE_BYTES


@pytest.mark.parametrize(
    ("key", "headers"),
    [
        (b"k" * (MAX_OTHER_BYTES + 1), []),
        (b"k", [("h", b"x" * MAX_OTHER_BYTES)]),
        (b"k", [("", b"")] * MAX_OTHER_BYTES),
    ],
)
def test_a_large_key_and_many_headers_are_refused(
    key: bytes, headers: list[tuple[str, bytes]]
) -> None:
    body = encode_record(0, key, headers, b"{}") + encode_record(1, b"k", (), b"{}")
    large, other = read(seal_batch(body, 2, 1))
    assert isinstance(large, OversizedRecord)
    assert isinstance(other, Record)
    assert large.headers == ()
    assert large.key == key[:KEPT_BYTES]
    assert "key and headers" in refusal_of(large).detail


def test_what_cannot_be_read_keeps_its_beginning() -> None:
    body = encode_record(0, b"k", (), b"x" * 1_000_000)[:-1] + b"\x05"  # says 5 headers, has none
    (record,) = read(seal_batch(body, 1, 1))
    assert isinstance(record, CorruptRecord)
    assert len(record.value) == KEPT_BYTES
    assert record.size > 1_000_000


def test_many_large_records_in_small_batches_take_little_memory() -> None:
    squeeze = zstandard.ZstdCompressor().compress
    one = sealed_body(squeeze(body_of([bytes(14 << 20)])), 1, codec=4)
    tracemalloc.start()
    try:
        kept = [record for _ in range(50) for record in read(one)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(kept) == 50
    assert peak < 100 << 20  # they are 700 MiB


def with_times(first: int, last: int, attributes: int = 0) -> bytes:
    """A batch of one record, 5,000 ms behind the first timestamp."""
    inner = b"\x00" + b"\x90\x4e" + b"\x00\x02k\x04{}\x00"
    sealed = seal_batch(bytes([len(inner) * 2]) + inner, 1, 0, attributes=attributes)
    times = first.to_bytes(8, signed=True) + last.to_bytes(8, signed=True)
    return with_checksum(sealed[:27] + times + sealed[43:])


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        (with_times(1_000, 9_000), 6_000),
        (with_times(1_000, 9_000, attributes=0x08), 9_000),
        (with_times(NO_TIMESTAMP, NO_TIMESTAMP), NO_TIMESTAMP),
    ],
)
def test_a_record_has_the_time_that_its_sender_or_the_broker_gave_it(
    data: bytes, sent: int
) -> None:
    (record,) = read(data)
    assert record.sent_ms == sent
