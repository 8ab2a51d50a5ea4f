"""Rows as PostgreSQL's COPY text format.

https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
"""

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

CHUNK_BYTES = 1 << 20
"""So much of a stream is handed to the driver at once."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_ARRAY_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"'})


class CopyCursor(Protocol):
    """The part of a psycopg2 cursor that COPY needs."""

    def copy_expert(self, sql: str, file: Any, size: int = ...) -> None:
        """Runs a COPY statement against a file."""


def copy_stream(cursor: CopyCursor, statement: str, stream: bytes) -> None:
    """Sends a whole stream with a ``COPY … FROM STDIN`` statement in the format that it names."""
    cursor.copy_expert(statement, io.BytesIO(stream), CHUNK_BYTES)


def text_array(values: Iterable[str]) -> str:
    """A PostgreSQL text[] literal: parsed far faster than psycopg2's ARRAY[…] of as many parts."""
    plain = list(values)
    if not plain:
        return "{}"
    joined = '","'.join(plain)
    if "\\" in joined or joined.count('"') != 2 * (len(plain) - 1):
        joined = '","'.join([value.translate(_ARRAY_ESCAPES) for value in plain])
    return '{"' + joined + '"}'


def bigint_array(values: Iterable[int]) -> str:
    """A PostgreSQL literal of whole numbers, for any array of them."""
    return "{" + ",".join(map(str, values)) + "}"


def copy_rows(cursor: CopyCursor, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    """Sends rows with a ``COPY … FROM STDIN`` statement in text format.

    Takes None, bool, int, float, str without NUL, bytes and lists of str.
    """
    text = "\n".join(["\t".join([field(value) for value in row]) for row in rows])
    if text:
        cursor.copy_expert(statement, io.StringIO(text + "\n"))


def field(value: Any) -> str:
    """One value as COPY text."""
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES) if _needs_escape(value) else value
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, list):
        quoted = ",".join('"' + item.translate(_ARRAY_ESCAPES) + '"' for item in value)
        return ("{" + quoted + "}").translate(_ESCAPES)
    return str(value)


def timestamp(microseconds: int | None) -> str | None:
    """Microseconds UTC as PostgreSQL reads them in any session; exact for the years 1 to 9999."""
    if microseconds is None:
        return None
    return (EPOCH + timedelta(microseconds=microseconds)).isoformat()


def _needs_escape(value: str) -> bool:
    return "\\" in value or "\n" in value or "\t" in value or "\r" in value
