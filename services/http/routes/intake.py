"""What was read from Kafka, and what was not accepted."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from fastapi import Response
from msgspec import Struct

from projections.reading import intake, recent, rejections
from projections.reading.catalogue import Known
from projections.reading.instants import instant
from projections.reading.intake import Freshness, Lane, Totals
from projections.reading.page import Key, Page
from projections.reading.recent import Recent
from projections.reading.rejections import Filter, Rejection
from projections.reading.session import Session
from services.http import cursors, parameters
from services.http.listing import ListAnswer, Listing, export, respond
from services.http.negotiation import JSON
from services.http.routing import LIST, Asked, Route, json

REJECTION_KEY: Final = (cursors.TIME, cursors.INTEGER, cursors.BIGINT)


class Intake(Struct, frozen=True):
    """The lanes, one a topic partition, and their sums. Always whole: ``next_cursor`` is null.

    ``recent`` has the partners of whose recent records at least 20 were rejected.
    """

    items: list[Lane]
    totals: Totals
    recent: list[Recent]
    next_cursor: str | None
    as_of: datetime
    freshness: Freshness


async def lanes(asked: Asked) -> Response:
    """The answer of ``/v1/intake``."""
    partner_ids = asked.caller.partner_ids(asked.query["partner"])

    async def read(session: Session) -> list[Lane]:
        found = await intake.lanes(session, partner_ids)
        return intake.compared(found, asked.sources.asked())

    read_at = parameters.now()
    if asked.media != JSON:

        async def pages(
            session: Session, _known: Known, _after: Key | None, _rows: int
        ) -> AsyncIterator[Page[Lane]]:
            items = await read(session)
            yield Page([((), item) for item in items], (), len(items))

        listing = Listing("intake", Lane, (), partner_ids, pages)
        return await export(asked, listing, None, None, read_at)

    async def with_recent(session: Session) -> tuple[list[Lane], list[Recent]]:
        return await read(session), await recent.read(session, partner_ids)

    items, lately = await asked.sources.database.read(with_recent)
    freshness = await asked.sources.freshness.of(partner_ids)
    return json(Intake(items, intake.totals(items), lately, None, instant(read_at), freshness))


async def rejected(asked: Asked) -> Response:
    """The answer of ``/v1/rejections``."""
    query = asked.query
    partner_ids = asked.caller.partner_ids(query["partner"])
    wanted = Filter(
        partner_ids=partner_ids,
        reason=query["reason"],
        since=query["since"],
        until=query["until"],
        event_id=query["event_id"],
        resolved=query["resolved"],
    )
    return await respond(
        asked,
        Listing(
            "rejections",
            Rejection,
            REJECTION_KEY,
            partner_ids,
            lambda session, _known, after, page_rows: rejections.pages(
                session, wanted, after, page_rows
            ),
        ),
    )


ROUTES: Final = (
    Route(
        path="/v1/intake",
        name="intake",
        summary="Per topic partition: offsets read, accepted, duplicate, rejected, lag",
        answer=Intake,
        respond=lanes,
        parameters=(parameters.PARTNER, parameters.TIME_ZONE),
        media=LIST,
    ),
    Route(
        path="/v1/rejections",
        name="rejections",
        summary="Rejected records, the newest first, with what to correct",
        answer=ListAnswer[Rejection],
        respond=rejected,
        parameters=(
            parameters.PARTNER,
            parameters.REASON,
            parameters.SINCE,
            parameters.UNTIL,
            parameters.EVENT_ID,
            parameters.RESOLVED,
            parameters.TIME_ZONE,
            parameters.LIMIT,
            parameters.CURSOR,
        ),
        media=LIST,
    ),
)
