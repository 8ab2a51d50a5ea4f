"""Records of the catalogue, mutated: as JSON trees, as bytes, in key and headers, and as batches."""

import gzip
import json
from collections.abc import Sequence
from random import Random
from typing import Any, Final

import zstandard

from tests.catalogue.cases import CatalogueRecord, Header
from tests.services.kafka.sealed import seal_batch, varint, with_checksum

MOST_BYTES: Final = 4_000
"""Of a record that is mutated: the many are small."""

HOSTILE_TEXTS: Final = (
    *("", "0", " ", "\x00", "\n", "\x7f", "\ud800", "\u200b", "\u202e", "\ufeff", "é", "世", "🎓"),
    *("3201234567890001", "x" * 129, "2020-06-30T09:15:60Z", "0000-00-00T00:00:00Z", "1.0"),
    *("/partners/tokopedia", "id.tuntas.class.completed.v1", "id.tuntas.event.voided.v1"),
)
HOSTILE_VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 0.0, -0.0, 1e308, 1e-308, 2**31, 2**53, 2**63, 2**64, 10**40),
    *([], {}, [[]], {"": {}}, [None], {"raw": 1}, {"class_code": "C"}),
    *HOSTILE_TEXTS,
)
TOKENS: Final = (
    *(
        b"NaN",
        b"-Infinity",
        b"1e400",
        b"01",
        b"\\u0000",
        b"\\ud800",
        b"\xff",
        b"\xed\xa0\x80",
        b"\x00",
    ),
    *(b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"[" * 70, b'{"a":' * 70, b"9" * 5000),
)


def mutated(draw: Random, record: CatalogueRecord, other: CatalogueRecord) -> bytes:
    """The record, changed in some way or other, as it is encoded behind its offset delta."""
    value, headers, key = record.value, list(record.headers), record.key
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
        match draw.randrange(6):
            case 0 | 1:
                value = _tree(draw, value or b"{}")
            case 2:
                value = spoilt(draw, value or b"")
            case 3:
                cut = draw.randrange(len(value or b"") + 1)
                value = (value or b"")[:cut] + (other.value or b"")[draw.randrange(200) :]
            case 4:
                headers = _headers(draw, headers, other)
            case _:
                text = draw.choice(HOSTILE_TEXTS).encode("utf-8", "surrogatepass")
                key = draw.choice((None, b"", text, b"\xff" * 9, record.key))
    return encoded(key, headers, None if draw.random() < 0.01 else value)


def spoilt(draw: Random, data: bytes) -> bytes:
    """The bytes with some changed, taken out, put in or doubled."""
    found = bytearray(data)
    for _ in range(draw.choice((1, 2, 5))):
        at = draw.randrange(len(found) + 1)
        match draw.randrange(4):
            case 0 if found:
                found[at % len(found)] = draw.randrange(256)
            case 1:
                del found[at : at + draw.randrange(20)]
            case 2:
                found[at:at] = draw.choice(TOKENS)
            case _:
                found[at:at] = found[at : at + draw.randrange(50)]
    return bytes(found)


def _tree(draw: Random, value: bytes) -> bytes:
    try:
        tree = json.loads(value)
    except (ValueError, RecursionError):
        return spoilt(draw, value)
    places = list(_places(tree))
    if not places:
        return value
    parent, name = draw.choice(places)
    match draw.randrange(4):
        case 0:
            del parent[name]
        case 1 if isinstance(parent, dict):
            parent[draw.choice(HOSTILE_TEXTS)] = parent[name]
        case _:
            parent[name] = draw.choice(HOSTILE_VALUES)
    return json.dumps(tree, ensure_ascii=draw.random() < 0.7).encode("utf-8", "surrogatepass")


def _places(tree: Any) -> Any:
    """Each place in a tree: what holds it, and its name or number there."""
    items = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    for name, inner in items:
        yield tree, name
        yield from _places(inner)


def _headers(draw: Random, headers: list[Header], other: CatalogueRecord) -> list[Header]:
    text = draw.choice(HOSTILE_TEXTS).encode("utf-8", "surrogatepass")
    names = (
        b"ce_id",
        b"ce_time",
        b"ce_type",
        b"CE_ID",
        b"content-type",
        b"x-experience-api-version",
        text,
    )
    match draw.randrange(4):
        case 0 if headers:
            at = draw.randrange(len(headers))
            return [*headers[:at], *headers[at + 1 :]]
        case 1 if headers:
            at = draw.randrange(len(headers))
            return [*headers[:at], (headers[at][0], text), *headers[at + 1 :]]
        case 2:
            return [*headers, *other.headers]
        case _:
            return [*headers, (draw.choice(names), draw.choice((None, text, b"1.0.3")))]


def encoded(key: bytes | None, headers: Sequence[Header], value: bytes | None) -> bytes:
    """The record behind its offset delta."""
    parts = [_sized(key), _sized(value), varint(len(headers))]
    for name, content in headers:
        parts += [_sized(name), _sized(content)]
    return b"".join(parts)


def _sized(content: bytes | None) -> bytes:
    return varint(-1) if content is None else varint(len(content)) + content


SENT_MS: Final = (-1, 0, 1_600_000_000_000, 1_800_000_000_000)


def batch(draw: Random, records: list[bytes], sent: Sequence[int] = SENT_MS) -> bytes:
    """The records in one batch, sometimes compressed, with one of these times at which it was ``sent``."""
    parts = []
    for delta, record in enumerate(records):
        inner = b"\x00\x00" + varint(delta) + record
        parts.append(varint(len(inner)) + inner)
    body = b"".join(parts)
    sent_ms = draw.choice(sent)
    match draw.randrange(6):
        case 0:
            return seal_batch(gzip.compress(body, 1), len(records), sent_ms, attributes=1)
        case 1:
            packed = zstandard.ZstdCompressor().compress(body)
            return seal_batch(packed, len(records), sent_ms, attributes=4)
        case _:
            return seal_batch(body, len(records), sent_ms)


def damaged(draw: Random, whole: bytes) -> bytes:
    """The batch with bytes changed, under its old checksum or one that fits."""
    found = bytearray(whole)
    for _ in range(draw.choice((1, 1, 2, 6))):
        head = draw.random() < 0.5
        found[draw.randrange(min(len(found), 70) if head else len(found))] = draw.randrange(256)
    return with_checksum(bytes(found)) if draw.random() < 0.5 else bytes(found)
