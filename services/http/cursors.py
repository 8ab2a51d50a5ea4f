"""Where a list goes on: an opaque text that holds the last key, bound to the question it belongs to.

Anybody can make such a text, so a key is looked at part by part before a database sees it.
"""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import blake2b
from typing import Any, Final, TypeAlias

import msgspec

from domain.telling import tell
from projections.reading.page import Key
from services.cloudevents.time import EARLIEST, LATEST
from services.http.problems import Fault, Problem, unprocessable

VERSION: Final = 1
SEAL_BYTES: Final = 8
MOST_CHARACTERS: Final = 8_192
"""More than the longest key takes: a title of 1,000 characters of four bytes each, and numbers beside it."""

PARTNER: Final = range(2**15)
INTEGER: Final = range(-(2**31), 2**31)
BIGINT: Final = range(-(2**63), 2**63)
EVENT_KEY: Final = range(-(2**63), 2**64)
TIME: Final = range(EARLIEST, LATEST + 1)
MAYBE_TIME: Final = range(-(2**61), LATEST + 1)
"""Of what may never have happened, a time before every other."""
DAY: Final = range(1, date.max.toordinal() + 1)
TEXT: Final = str

Shape: TypeAlias = Sequence[range | type[str]]
"""What each part of a list's keys may be: a text, or a number of a range."""

_decode = msgspec.msgpack.Decoder(tuple[int, list[int | str]]).decode


def seal(path: str, filters: Mapping[str, Any], key: Key) -> str:
    """The cursor behind ``key`` in the list that path and filters ask for."""
    body = msgspec.msgpack.encode((VERSION, list(key)))
    return urlsafe_b64encode(_digest(path, filters, body) + body).decode().rstrip("=")


def unseal(path: str, filters: Mapping[str, Any], cursor: str, shape: Shape) -> Key:
    """The key of a cursor. Raises 422 for one that was changed, or made for another question."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        sealed = b64decode(padded, b"-_", validate=True)
        body = sealed[SEAL_BYTES:]
        if sealed[:SEAL_BYTES] != _digest(path, filters, body):
            raise _refused()
        version, key = _decode(body)
    except (ValueError, msgspec.DecodeError):
        raise _refused() from None
    if version != VERSION or len(key) != len(shape):
        raise _refused()
    if not all(_fits(part, kind) for part, kind in zip(key, shape, strict=True)):
        raise _refused()
    return tuple(key)


def text(value: str) -> str:
    """A cursor as it was sent; raises ValueError for one that no page gave."""
    if not 0 < len(value) <= MOST_CHARACTERS:
        raise ValueError(tell("is not a text of 1 to %(most)s characters", most=MOST_CHARACTERS))
    return value


def _fits(part: int | str, kind: range | type[str]) -> bool:
    if isinstance(kind, range):
        return isinstance(part, int) and part in kind
    return isinstance(part, str) and "\0" not in part


def _digest(path: str, filters: Mapping[str, Any], body: bytes) -> bytes:
    question = msgspec.msgpack.encode([path, sorted(filters.items())])
    return blake2b(question + body, digest_size=SEAL_BYTES, person=b"tuntas-cursor").digest()


def _refused() -> Problem:
    detail = tell("is not the next_cursor of a page with the same filters; begin without a cursor")
    return unprocessable(Fault("cursor", detail))
