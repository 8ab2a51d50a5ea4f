"""What became of what a partner sent, day by day."""

from typing import Final

from fastapi import Response
from msgspec.structs import replace

from projections.reading import deliveries
from projections.reading.deliveries import DeliveryDay
from projections.reading.intake import Freshness
from projections.reading.session import Session
from services.http import cursors, parameters
from services.http.listing import ListAnswer, Listing, respond
from services.http.routing import LIST, Asked, Route


async def by_day(asked: Asked) -> Response:
    """The answer of ``/v1/partners/{partner}/deliveries``."""
    partner_id = asked.caller.partner_of_path(asked.path["partner"])
    return await respond(
        asked,
        Listing(
            "deliveries",
            DeliveryDay,
            (cursors.DAY,),
            (partner_id,),
            lambda session, _known, after, page_rows: deliveries.pages(
                session, partner_id, after, page_rows
            ),
            _freshness,
        ),
    )


async def _freshness(asked: Asked) -> Freshness:
    """As of other answers, and the records that were read and not counted yet."""
    partner_id = asked.caller.partner_of_path(asked.path["partner"])

    async def read(session: Session) -> int:
        return await deliveries.waiting(session, partner_id)

    waits = await asked.sources.database.read(read)
    behind = await asked.sources.freshness.of((partner_id,))
    if behind.events is None or not waits:
        return behind
    return replace(behind, events=behind.events + waits, seconds=None)


ROUTES: Final = (
    Route(
        path="/v1/partners/{partner}/deliveries",
        name="deliveries",
        summary="What became of what a partner sent, by the day on which it was read, the newest first",
        answer=ListAnswer[DeliveryDay],
        respond=by_day,
        parameters=(parameters.TIME_ZONE, parameters.LIMIT, parameters.CURSOR),
        media=LIST,
        not_found="There is no such partner.",
    ),
)
