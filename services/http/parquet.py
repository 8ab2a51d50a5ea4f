"""Parquet files, row group by row group, for a reader at the other end of a stream.

The columns are those of CSV (services/http/columns.py), typed: times are timestamp[us, UTC], or of the zone that is
asked for, a list of objects is one
list a field, objects of any shape are JSON text. Each field's meaning stands in the schema's metadata.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Final, Literal, get_args, get_origin
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from services.http.columns import Column, columns
from services.http.negotiation import PARQUET

GROUP_ROWS: Final = 50_000
GROUP_BYTES: Final = 16 * 1024 * 1024
"""A row group ends at whichever comes first: so much is kept in memory."""

_SIMPLE: Final[Mapping[Any, pa.DataType]] = {
    str: pa.string(),
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
}


def schema(of: Sequence[Column], zone: str = "UTC") -> pa.Schema:
    """The schema of a file with some columns; ``description`` in a field's metadata is its meaning."""
    return pa.schema(
        [
            pa.field(
                column.name, data_type(column.kind, zone), metadata={"description": column.meaning}
            )
            for column in of
        ]
    )


def data_type(kind: Any, zone: str = "UTC") -> pa.DataType:
    """The Arrow type of a Python type, of times in a zone; text where there is none (JSON)."""
    if kind is datetime:
        return pa.timestamp("us", zone)
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    origin, parts = get_origin(kind), get_args(kind)
    if origin is list:
        return pa.list_(data_type(parts[0], zone))
    if origin is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
        return pa.string()
    if parts and set(parts) <= {int, float}:
        return pa.float64()
    return pa.string()


def is_json(kind: Any) -> bool:
    """Whether values of the type are written as JSON text."""
    return get_origin(kind) is dict or kind is Any


class ParquetFile:
    """A Parquet file on its way to a stream."""

    extension: ClassVar[str] = "parquet"
    content_type: ClassVar[str] = PARQUET

    def __init__(self, item: type, zone: ZoneInfo | None = None) -> None:
        self.written = 0
        self._columns = columns(item)
        self._schema = schema(self._columns, "UTC" if zone is None else zone.key)
        self._stream = _Stream()
        self._writer: Any = pq.ParquetWriter(self._stream, self._schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0

    def begin(self) -> bytes:
        return self._stream.take()

    async def add(self, items: Sequence[Any]) -> bytes:
        self.written += len(items)
        batch = pa.record_batch(
            [
                pa.array(_values(column, items), type=field.type)
                for column, field in zip(self._columns, self._schema, strict=True)
            ],
            schema=self._schema,
        )
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        self._waiting_bytes += batch.nbytes
        if self._waiting_rows < GROUP_ROWS and self._waiting_bytes < GROUP_BYTES:
            return b""
        return await asyncio.to_thread(self._write_group)

    async def end(self) -> bytes:
        return await asyncio.to_thread(self._finish)

    def _write_group(self) -> bytes:
        table = pa.Table.from_batches(self._waiting, self._schema)
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0
        return self._stream.take()

    def _finish(self) -> bytes:
        last = self._write_group() if self._waiting else b""
        self._writer.close()
        return last + self._stream.take()


class _Stream:
    """The file that pyarrow writes to: what was written is taken away, positions go on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._position = 0
        self.closed = False

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._position += len(part)
        return len(part)

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Nothing: what was written is taken by whoever asks next."""

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


def _values(column: Column, items: Sequence[Any]) -> list[Any]:
    values = [column.value(item) for item in items]
    if is_json(column.kind):
        return [None if value is None else msgspec.json.encode(value).decode() for value in values]
    return values
