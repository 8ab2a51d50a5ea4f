"""COPY streams in PostgreSQL's binary format.

Source: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
Binary beats text here: times go in as the integers they are, states without hexadecimal, and no
text needs escaping (tests/benchmarks/ledger.py).
"""

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Final

POSTGRES_EPOCH: Final = 946_684_800_000_000
"""2000-01-01T00:00:00Z in microseconds since 1970: where PostgreSQL counts time from."""

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"
NULL: Final = b"\xff\xff\xff\xff"

pack_columns: Final = Struct(">h").pack
pack_length: Final = Struct(">i").pack
pack_smallint: Final = Struct(">ih").pack
pack_integer: Final = Struct(">ii").pack
pack_bigint: Final = Struct(">iq").pack
pack_double: Final = Struct(">id").pack
pack_array: Final = Struct(">iiiii").pack

TRUE: Final = b"\0\0\0\1\1"
FALSE: Final = b"\0\0\0\1\0"
TEXT_OID: Final = 25
NO_ELEMENTS: Final = Struct(">iii").pack(0, 0, TEXT_OID)

LENGTHS: Final = tuple(pack_length(length) for length in range(4096))
"""Field lengths, packed: most texts and states are short, and a look-up is cheaper than packing."""


def smallint(value: int) -> bytes:
    """A smallint field."""
    return pack_smallint(2, value)


def integer(value: int) -> bytes:
    """An integer field."""
    return pack_integer(4, value)


def bigint(value: int) -> bytes:
    """A bigint field."""
    return pack_bigint(8, value)


def timestamptz(microseconds: int) -> bytes:
    """A timestamptz field; microseconds since 1970-01-01T00:00:00Z."""
    return pack_bigint(8, microseconds - POSTGRES_EPOCH)


def text(value: str | None) -> bytes:
    """A text field; None is NULL. Raises UnicodeEncodeError for lone surrogates."""
    return NULL if value is None else bytea(value.encode())


def bytea(value: bytes | None) -> bytes:
    """A bytea field; None is NULL."""
    return NULL if value is None else pack_length(len(value)) + value


def boolean(value: bool | None) -> bytes:
    """A boolean field; None is NULL."""
    return NULL if value is None else TRUE if value else FALSE


def double(value: float | None) -> bytes:
    """A double precision field; None is NULL."""
    return NULL if value is None else pack_double(8, value)


def text_array(values: Sequence[str] | None) -> bytes:
    """A text[] field of one dimension, without nulls in it; None is NULL.

    Source: PostgreSQL's array_recv (src/backend/utils/adt/arrayfuncs.c): dimensions, whether there are nulls,
    element type, then length and lower bound of each dimension, then the elements.
    """
    if values is None:
        return NULL
    if not values:
        return pack_length(len(NO_ELEMENTS)) + NO_ELEMENTS
    body = pack_array(1, 0, TEXT_OID, len(values), 1) + b"".join([text(each) for each in values])
    return pack_length(len(body)) + body


def stream(columns: int, rows: Iterable[Iterable[bytes]]) -> bytes:
    """A whole COPY stream of rows of packed fields."""
    count = pack_columns(columns)
    parts = [HEADER]
    for row in rows:
        parts.append(count)
        parts.extend(row)
    parts.append(TRAILER)
    return b"".join(parts)
