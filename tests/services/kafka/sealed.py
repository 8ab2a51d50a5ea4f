"""Record batches made by hand: right ones, and such as no client would send."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import zstandard
from crc32c import crc32c

Headers = Sequence[tuple[str, bytes]]
CONTROL = 0x20
TRANSACTIONAL = 0x10
BODY_STARTS = 61
_HEAD = struct.Struct(">qiibI")
"""Base offset (the broker's to give), length, leader epoch, magic, CRC."""
_COVERED = struct.Struct(">hiqqqhii")
"""Attributes, last offset delta, two timestamps, producer id, producer epoch, base sequence, count."""


def varint(value: int) -> bytes:
    rest = (value << 1) ^ (value >> 63)
    found = bytearray()
    while rest > 0x7F:
        found.append((rest & 0x7F) | 0x80)
        rest >>= 7
    return bytes([*found, rest])


def encode_record(
    offset_delta: int, key: bytes | None, headers: Headers, value: bytes | None
) -> bytes:
    """One record, as it stands in a batch at `offset_delta` behind the batch's first offset."""
    parts = [b"\x00\x00", varint(offset_delta), _sized(key), _sized(value), varint(len(headers))]
    for name, content in headers:
        parts += [_sized(name.encode()), _sized(content)]
    inner = b"".join(parts)
    return varint(len(inner)) + inner


def _sized(content: bytes | None) -> bytes:
    return varint(-1) if content is None else varint(len(content)) + content


def seal_batch(
    body: bytes,
    count: int,
    sent_ms: int,
    *,
    attributes: int = 0,
    producer_id: int = -1,
    producer_epoch: int = -1,
    sequence: int = -1,
) -> bytes:
    """The batch of `count` records whose encoded (and, by `attributes`, compressed) form is given."""
    head = _COVERED.pack(
        attributes, count - 1, sent_ms, sent_ms, producer_id, producer_epoch, sequence, count
    )
    covered = head + body
    return _HEAD.pack(0, 9 + len(covered), -1, 2, crc32c(covered)) + covered


def body_of(values: Sequence[bytes], headers: Headers = ()) -> bytes:
    return b"".join(encode_record(n, b"k", headers, value) for n, value in enumerate(values))


def record_with_header(offset_delta: int, name: bytes, content: bytes = b"1") -> bytes:
    """A record whose one header's name may be any bytes."""
    inner = b"\x00\x00" + varint(offset_delta) + b"\x02k" + varint(2) + b"{}"
    inner += varint(1) + varint(len(name)) + name + varint(len(content)) + content
    return varint(len(inner)) + inner


def batch_of(values: Sequence[bytes], base: int = 0, headers: Headers = ()) -> bytes:
    return at_offset(seal_batch(body_of(values, headers), len(values), 1_600_000_000_000), base)


def sealed_body(body: bytes, count: int, codec: int = 0) -> bytes:
    return seal_batch(body, count, 1_600_000_000_000, attributes=codec)


def compressed_bomb(count: int) -> bytes:
    """`count` records of 10 MiB of zeros each, in some kilobytes of zstd."""
    body = body_of([bytes(10 << 20)] * count)
    return sealed_body(zstandard.ZstdCompressor().compress(body), count, codec=4)


def at_offset(batch: bytes, base: int) -> bytes:
    """The batch as a broker keeps it from offset `base` on; the checksum does not cover that."""
    return struct.pack(">q", base) + batch[8:]


def with_checksum(batch: bytes) -> bytes:
    """The batch with the checksum that fits what it holds now."""
    return batch[:17] + struct.pack(">I", crc32c(batch[21:])) + batch[21:]


def with_last_offset_delta(batch: bytes, delta: int) -> bytes:
    return batch[:23] + struct.pack(">i", delta) + batch[27:]


def control_batch(base: int, producer_id: int, *, commit: bool) -> bytes:
    record = encode_record(0, struct.pack(">hh", 0, int(commit)), (), bytes(6))
    sealed = seal_batch(
        record, 1, 0, attributes=CONTROL | TRANSACTIONAL, producer_id=producer_id, producer_epoch=0
    )
    return at_offset(sealed, base)


def transactional_batch(values: Sequence[bytes], base: int, producer_id: int) -> bytes:
    sealed = seal_batch(
        body_of(values),
        len(values),
        0,
        attributes=TRANSACTIONAL,
        producer_id=producer_id,
        producer_epoch=0,
        sequence=0,
    )
    return at_offset(sealed, base)


@dataclass
class Aborted:
    producer_id: int
    first_offset: int
