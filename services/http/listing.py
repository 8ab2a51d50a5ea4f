"""Lists: a page as JSON, or everything as a file, streamed from one snapshot in constant memory."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from datetime import datetime
from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec
from fastapi import Response
from fastapi.responses import StreamingResponse
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from projections.reading.catalogue import Known
from projections.reading.instants import instant
from projections.reading.intake import Freshness
from projections.reading.page import PAGE_ROWS, Key, Page
from projections.reading.session import Session
from services.http import cursors
from services.http.formats import File, file
from services.http.negotiation import JSON
from services.http.parameters import now
from services.http.routing import Asked, json

T = TypeVar("T")

DEFAULT_LIMIT: Final = 100
EXAMINED_ROWS: Final = 50_000
"""After so many rows a page ends, even if few were listed; its cursor goes on from there."""

PAGE_SECONDS: Final = 20.0
"""After so long a page ends, too, with what is listed until then."""

Pages: TypeAlias = Callable[[Session, Known, Key | None, int], AsyncIterator[Page[T]]]
"""The list behind a key, in pages of so many rows, read in one snapshot."""


class ListAnswer(Struct, Generic[T]):
    """One page of a list. ``next_cursor`` null: this is the last one."""

    items: list[T]
    next_cursor: str | None
    as_of: datetime
    freshness: Freshness


class Listing(Struct, Generic[T]):
    """What a list route answers from. ``shape`` gives the types of its keys' parts.

    ``behind`` says how far the list is behind; None: as far as the partners' other answers. ``is_long``: whether the
    question judges many rows again; None: where it has ``as_of``.
    """

    name: str
    item: type[T]
    shape: cursors.Shape
    partner_ids: tuple[int, ...]
    pages: Pages[T]
    behind: Callable[[Asked], Awaitable[Freshness]] | None = None
    page_rows: int = PAGE_ROWS
    is_long: Callable[[Asked], Awaitable[bool]] | None = None

    async def freshness(self, asked: Asked) -> Freshness:
        """How far the list is behind."""
        if self.behind is not None:
            return await self.behind(asked)
        return await asked.sources.freshness.of(self.partner_ids)


async def respond(asked: Asked, listing: Listing[T]) -> Response:
    """The list in the media type that was asked for."""
    limit = asked.query["limit"]
    filters = filters_of(asked)
    cursor = asked.query["cursor"]
    after = (
        None if cursor is None else cursors.unseal(asked.url_path, filters, cursor, listing.shape)
    )
    as_of = asked.query.get("as_of")
    read_at = now() if as_of is None else as_of
    if asked.media != JSON:
        return await export(asked, listing, after, limit, read_at)

    async def page(session: Session) -> tuple[list[T], Key | None]:
        known = await asked.sources.known(session)
        wanted = limit or DEFAULT_LIMIT
        page_rows = min(wanted + 1, listing.page_rows)
        return await _collect(listing.pages(session, known, after, page_rows), wanted)

    async with await turn(asked, listing.is_long):
        items, reached = await asked.sources.database.read_snapshot(page)
    return json(
        ListAnswer(
            items,
            None if reached is None else cursors.seal(asked.url_path, filters, reached),
            instant(read_at),
            await listing.freshness(asked),
        )
    )


async def turn(
    asked: Asked, is_long: Callable[[Asked], Awaitable[bool]] | None = None
) -> AbstractAsyncContextManager[None]:
    """The turn of a question that may judge many rows again: others must not find every connection taken.

    ``is_long`` says whether it is one; None: where it has ``as_of``.
    """
    if is_long is None:
        long = asked.query.get("as_of") is not None
    else:
        long = await is_long(asked)
    return asked.sources.long_questions.turn(asked.receive) if long else nullcontext()


def filters_of(asked: Asked) -> dict[str, Any]:
    """What a cursor is bound to: every filter, and whose data is shown."""
    filters = {
        name: value
        for name, value in asked.query.items()
        if value is not None and name not in {"limit", "cursor", "time_zone"}
    }
    return filters | {"": asked.caller.partner}


async def _collect(pages: AsyncIterator[Page[T]], limit: int) -> tuple[list[T], Key | None]:
    """At most ``limit`` items, and the key to go on from, None at the end of the list."""
    found: list[tuple[Key, T]] = []
    examined = 0
    ends = time.monotonic() + PAGE_SECONDS
    async with aclosing(pages):  # type: ignore[type-var]
        async for page in pages:
            found += page.items
            examined += page.examined
            if len(found) > limit:
                del found[limit:]
                return [item for _, item in found], found[-1][0]
            if examined >= EXAMINED_ROWS or time.monotonic() >= ends:
                return [item for _, item in found], page.reached
    return [item for _, item in found], None


async def export(
    asked: Asked, listing: Listing[Any], after: Key | None, limit: int | None, read_at: int
) -> "Export":
    """Everything as a file. What can fail before the first row fails before the response begins."""
    freshness = await listing.freshness(asked)
    zone = asked.query.get("time_zone")
    into = await asyncio.to_thread(file, asked.media, listing.item, zone)
    pieces = _pieces(asked, listing, after, limit, into)
    first = await anext(pieces)
    name = f"{listing.name}.{into.extension}"
    return Export(
        into,
        first,
        pieces,
        {
            "Content-Disposition": f'attachment; filename="{name}"',
            **_headers(read_at, freshness, "UTC" if zone is None else zone.key),
        },
    )


class Export(StreamingResponse):
    """A file as a stream. It gives its database connection back when the client leaves."""

    def __init__(
        self, into: File, first: bytes, rest: AsyncGenerator[bytes], headers: Mapping[str, str]
    ) -> None:
        self.file = into
        self.pieces = _joined(first, rest)
        self._rest = rest
        super().__init__(self.pieces, headers=headers, media_type=into.content_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "HEAD":
                await Response(headers=self.headers)(scope, receive, send)
            else:
                await super().__call__(scope, receive, send)
        finally:
            await self.pieces.aclose()
            # Where not even the first piece was asked for, that did not reach what reads.
            await self._rest.aclose()


def _said(figure: float | None) -> str:
    return "unknown" if figure is None else str(figure)


def _headers(read_at: int, freshness: Freshness, zone: str) -> Mapping[str, str]:
    as_of = msgspec.to_builtins(instant(read_at))
    return {
        "Tuntas-As-Of": as_of,
        "Tuntas-Time-Zone": zone,
        "Tuntas-Freshness": f"events={_said(freshness.events)}, seconds={_said(freshness.seconds)}",
    }


async def _pieces(
    asked: Asked, listing: Listing[Any], after: Key | None, limit: int | None, into: File
) -> AsyncGenerator[bytes]:
    left = limit
    async with asked.sources.snapshot() as (session, known):
        pages = listing.pages(session, known, after, listing.page_rows)
        async with aclosing(pages):  # type: ignore[type-var]
            page = await anext(pages, None)
            # The first piece is always given: it tells that the database answered.
            yield into.begin()
            while page is not None:
                items = [item for _, item in page.items][:left]
                await session.step()
                if items and (piece := await into.add(items)):
                    yield piece
                if left is not None:
                    left -= len(items)
                    if not left:
                        break
                page = await anext(pages, None)
        if piece := await into.end():
            yield piece


async def _joined(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk
