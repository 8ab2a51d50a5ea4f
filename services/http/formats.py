"""How the items of a list become the bytes of a file, piece by piece: CSV, NDJSON, Parquet."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final, Protocol
from zoneinfo import ZoneInfo

import msgspec

from services.http.columns import columns, header, in_zone, rows
from services.http.negotiation import CSV, NDJSON, PARQUET, SPREADSHEETS


class File(Protocol):
    """One file that is being written. Pieces that are not ready yet are empty."""

    extension: ClassVar[str]
    content_type: ClassVar[str]
    written: int
    """How many items it was given."""

    def begin(self) -> bytes:
        """What stands before the first item."""

    async def add(self, items: Sequence[Any]) -> bytes:
        """What became ready with some more items."""

    async def end(self) -> bytes:
        """What stands behind the last item."""


class CsvFile:
    """A header, and a flat row an item (services/http/columns.py)."""

    extension: ClassVar[str] = "csv"
    content_type: ClassVar[str] = f"{CSV}; charset=utf-8"

    def __init__(self, item: type, zone: ZoneInfo | None = None) -> None:
        self.written = 0
        self._columns = columns(item)
        if zone is not None:
            self._columns = in_zone(self._columns, zone)

    def begin(self) -> bytes:
        return header(self._columns).encode()

    async def add(self, items: Sequence[Any]) -> bytes:
        self.written += len(items)
        return rows(items, self._columns).encode()

    async def end(self) -> bytes:
        return b""


class SpreadsheetFile(CsvFile):
    """CSV that spreadsheets open by a click: marked as UTF-8, with the signs that the language writes numbers by.

    Where a comma stands in numbers, semicolons stand between cells.
    """

    def __init__(self, item: type, zone: ZoneInfo | None, *, decimal_comma: bool) -> None:
        super().__init__(item, zone)
        self._comma = decimal_comma

    def begin(self) -> bytes:
        return _BYTE_ORDER_MARK + header(self._columns, ";" if self._comma else ",").encode()

    async def add(self, items: Sequence[Any]) -> bytes:
        self.written += len(items)
        return rows(items, self._columns, decimal_comma=self._comma).encode()


_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class NdjsonFile:
    """A line of JSON an item, as the list's pages have it."""

    extension: ClassVar[str] = "ndjson"
    content_type: ClassVar[str] = f"{NDJSON}; charset=utf-8"

    def __init__(self) -> None:
        self.written = 0
        self._encode = msgspec.json.Encoder().encode_lines

    def begin(self) -> bytes:
        return b""

    async def add(self, items: Sequence[Any]) -> bytes:
        self.written += len(items)
        return self._encode(items)

    async def end(self) -> bytes:
        return b""


def file(media: str, item: type, zone: ZoneInfo | None = None) -> File:
    """A file of items of one type, times in a zone, UTC unless given.

    For Parquet the first call in a process loads pyarrow, which takes a while.
    """
    if media == CSV:
        return CsvFile(item, zone)
    if media in SPREADSHEETS.values():
        return SpreadsheetFile(item, zone, decimal_comma=media == SPREADSHEETS["id"])
    if media == NDJSON:
        return NdjsonFile()
    if media == PARQUET:
        from services.http.parquet import ParquetFile  # noqa: PLC0415 - 0.3 s that other answers need not wait

        return ParquetFile(item, zone)
    raise ValueError(f"{media} is not a format of files")
