"""Batches by which one partner could take all memory and time of those who read for everybody.

Each is small on the wire and valid as far as a broker looks.
"""

import json
from collections.abc import Iterator, Sequence

import lz4.frame
import zstandard

from domain.vocabulary import MAX_CLASSES
from tests.services.kafka.sealed import body_of, sealed_body

ATTACKER = "tokopedia"
LARGE_BYTES = 14 << 20
EVENT_BYTES = 256 * 1024
EVENTS_A_BATCH = 60
CLASSES = [f"C-{number:03}" for number in range(MAX_CLASSES)]

_LZ4, _ZSTD = 3, 4


def event(kind: str, event_id: str, data: object) -> bytes:
    """One event of the attacking partner."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": f"/partners/{ATTACKER}",
            "type": f"id.tuntas.{kind}.v1",
            "time": "2020-05-01T08:00:00+07:00",
            "data": data,
        },
        separators=(",", ":"),
    ).encode()


def zstd(values: Sequence[bytes]) -> bytes:
    """A batch of these values."""
    return sealed_body(
        zstandard.ZstdCompressor().compress(body_of(values)), len(values), codec=_ZSTD
    )


def large_records(records: int) -> Iterator[bytes]:
    """Records of 14 MiB, each in half a kilobyte."""
    batch = zstd([bytes(LARGE_BYTES)])
    for _ in range(records):
        yield batch


def brackets(records: int) -> Iterator[bytes]:
    """Valid events of 256 KiB that consist of `[]` in a field that nobody knows."""
    for first in range(0, records, EVENTS_A_BATCH):
        values = []
        for number in range(first, min(records, first + EVENTS_A_BATCH)):
            data = {"participant_id": f"PRK-{number}", "class_code": "C-1", "note": "NOTE"}
            text = event("class.completed", f"brackets-{number}", data)
            room = (EVENT_BYTES - len(text) - 4) // 3
            values.append(text.replace(b'"NOTE"', b"[" + b"[]," * room + b"[]]"))
        yield zstd(values)


def empty_frames(batches: int) -> Iterator[bytes]:
    """A good frame of lz4 with 900 KB of empty ones behind it."""
    empty = lz4.frame.compress(b"")
    frames = lz4.frame.compress(body_of([b"{}"])) + empty * (900_000 // len(empty))
    batch = sealed_body(frames, 1, codec=_LZ4)
    for _ in range(batches):
        yield batch


def packages(purchases: int) -> Iterator[bytes]:
    """A package of as many classes as one may have, and purchases of it."""
    package = {"package_code": "K-1", "title": "Paket", "class_codes": CLASSES}
    yield zstd([event("package.published", "package", package)])
    yield from _purchases(purchases, {"package_code": "K-1"})


def items(purchases: int) -> Iterator[bytes]:
    """Purchases of as many classes as one may name."""
    yield from _purchases(purchases, {"items": [{"class_code": code} for code in CLASSES]})


def _purchases(count: int, what: dict[str, object]) -> Iterator[bytes]:
    for first in range(0, count, 500):
        values = [
            event(
                "purchase.paid",
                f"pay-{number}",
                {"purchase_id": f"I-{number}", "participant_id": f"PRK-{number}", **what},
            )
            for number in range(first, min(count, first + 500))
        ]
        yield zstd(values)
