"""What a page shows, as a file: the same filters, order and time, without a limit."""

import asyncio
from typing import Any, Final, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import msgspec
from starlette.responses import Response

from services.http.formats import file
from services.http.negotiation import CSV, PARQUET, SPREADSHEETS
from services.http.safe_headers import SAFE
from services.language.language import Language

FORMATS: Final = ("csv", "excel", "parquet")
ZONE: Final = ZoneInfo("Asia/Jakarta")


def media_of(chosen: str, language: Language) -> str:
    """The media type of a format. A spreadsheet's depends on how the language writes numbers."""
    if chosen == "excel":
        return SPREADSHEETS[language.code]
    return PARQUET if chosen == "parquet" else CSV


async def file_of_one(
    shape: type, body: bytes, chosen: str, language: Language, name: str
) -> Response:
    """An answer that is no list, as a file: its items where it has some, else itself as one row.

    ``body``: the answer as JSON; ``shape``: its type.
    """
    answer: Any = msgspec.json.decode(body, type=shape)
    item, items = _items(shape, answer)
    into = await asyncio.to_thread(file, media_of(chosen, language), item, ZONE)
    parts = [into.begin(), await into.add(items), await into.end()]
    disposition = f'attachment; filename="{name}.{into.extension}"'
    headers = {**SAFE, "Content-Disposition": disposition}
    return Response(b"".join(parts), 200, headers, into.content_type)


def _items(shape: type, answer: Any) -> tuple[type, list[Any]]:
    for field in ("items", "classes"):
        hint = get_type_hints(shape).get(field)
        if get_origin(hint) is list and isinstance(get_args(hint)[0], type):
            kind = get_args(hint)[0]
            if issubclass(kind, msgspec.Struct):
                return kind, list(getattr(answer, field))
    return shape, [answer]
