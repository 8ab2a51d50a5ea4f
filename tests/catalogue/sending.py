"""Records of the catalogue as the batches that a client would send, also what no client can write."""

import json

import zstandard

from services.kafka.one_batch import MAX_VALUE_BYTES
from tests.catalogue.cases import CatalogueRecord
from tests.services.cloudevents.samples import envelope
from tests.services.kafka.sealed import seal_batch, varint

_ZSTD = 4


def batch_of_one(record: CatalogueRecord, now_ms: int) -> bytes:
    """The record alone in a batch; one that a broker would not take as it is is compressed."""
    sent_ms = now_ms if record.sent_ms is None else record.sent_ms
    body = _encoded(record)
    if len(body) <= 2 * MAX_VALUE_BYTES:
        return seal_batch(body, 1, sent_ms)
    return seal_batch(zstandard.ZstdCompressor().compress(body), 1, sent_ms, attributes=_ZSTD)


def _encoded(record: CatalogueRecord) -> bytes:
    parts = [b"\x00\x00", varint(0), _sized(record.key), _sized(record.value)]
    parts.append(varint(len(record.headers)))
    for name, content in record.headers:
        parts += [_sized(name), _sized(content)]
    inner = b"".join(parts)
    return varint(len(inner)) + inner


def _sized(content: bytes | None) -> bytes:
    return varint(-1) if content is None else varint(len(content)) + content


def good_event(event_id: str) -> CatalogueRecord:
    """A record that is accepted."""
    value = json.dumps(envelope("class.started.v1", id=event_id)).encode()
    return CatalogueRecord(
        name=event_id,
        becomes="accepted",
        says="",
        unknown=0,
        kept=True,
        key=b"PRK-000000042",
        keyed=False,
        headers=[],
        value=value,
        sent_ms=None,
        event_id=event_id,
    )
