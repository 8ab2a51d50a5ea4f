"""What senders may want to look at although it was accepted."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from fastapi import Response
from msgspec import Struct

from projections.reading import hints
from projections.reading.catalogue import Known
from projections.reading.hints import Hinted
from projections.reading.instants import instant
from projections.reading.intake import Freshness
from projections.reading.page import Key, Page
from projections.reading.session import Session
from services.http import parameters
from services.http.listing import Listing, export
from services.http.negotiation import JSON
from services.http.routing import LIST, Asked, Route, json


class Hints(Struct, frozen=True):
    """Hints by partner and kind. Always whole: ``next_cursor`` is null."""

    items: list[Hinted]
    next_cursor: str | None
    as_of: datetime
    freshness: Freshness


async def hinted(asked: Asked) -> Response:
    """The answer of ``/v1/hints``."""
    partner_ids = asked.caller.partner_ids(asked.query["partner"])

    async def read(session: Session) -> list[Hinted]:
        return await hints.read(session, partner_ids)

    read_at = parameters.now()
    if asked.media != JSON:

        async def pages(
            session: Session, _known: Known, _after: Key | None, _rows: int
        ) -> AsyncIterator[Page[Hinted]]:
            items = await read(session)
            yield Page([((), item) for item in items], (), len(items))

        listing = Listing("hints", Hinted, (), partner_ids, pages)
        return await export(asked, listing, None, None, read_at)
    items = await asked.sources.database.read(read)
    freshness = await asked.sources.freshness.of(partner_ids)
    return json(Hints(items, None, instant(read_at), freshness))


ROUTES: Final = (
    Route(
        path="/v1/hints",
        name="hints",
        summary="What senders may want to look at although it was accepted, by kind, with the last of each",
        answer=Hints,
        respond=hinted,
        parameters=(parameters.PARTNER, parameters.TIME_ZONE),
        media=LIST,
    ),
)
