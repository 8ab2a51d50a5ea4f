"""Where a list goes on: an opaque text that holds the last key, bound to the question it belongs to."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from projections.reading.page import Key
from services.http.problems import Fault, Problem, unprocessable

VERSION = 1
SEAL_BYTES = 8

_decode = msgspec.msgpack.Decoder(tuple[int, list[int | str]]).decode


def seal(path: str, filters: Mapping[str, Any], key: Key) -> str:
    """The cursor behind ``key`` in the list that path and filters ask for."""
    body = msgspec.msgpack.encode((VERSION, list(key)))
    return urlsafe_b64encode(_digest(path, filters, body) + body).decode().rstrip("=")


def unseal(path: str, filters: Mapping[str, Any], cursor: str, shape: tuple[type, ...]) -> Key:
    """The key of a cursor. Raises 422 for one that was changed, or made for another question."""
    try:
        sealed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        body = sealed[SEAL_BYTES:]
        if sealed[:SEAL_BYTES] != _digest(path, filters, body):
            raise _refused()
        version, key = _decode(body)
    except (ValueError, msgspec.DecodeError):
        raise _refused() from None
    if version != VERSION or tuple(map(type, key)) != shape:
        raise _refused()
    return tuple(key)


def _digest(path: str, filters: Mapping[str, Any], body: bytes) -> bytes:
    question = msgspec.msgpack.encode([path, sorted(filters.items())])
    return blake2b(question + body, digest_size=SEAL_BYTES, person=b"tuntas-cursor").digest()


def _refused() -> Problem:
    detail = "is not the next_cursor of a page with the same filters; begin without a cursor"
    return unprocessable(Fault("cursor", detail))
