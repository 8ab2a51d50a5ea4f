"""What participants said of one class."""

from typing import Final

from fastapi import Response

from projections.reading import reviews
from projections.reading.reviews import ListedReview
from services.http import cursors, parameters
from services.http.listing import ListAnswer, Listing, respond
from services.http.routing import LIST, Asked, Route


async def of_class(asked: Asked) -> Response:
    """The answer of ``/v1/classes/{partner}/{class_code}/reviews``."""
    partner_id = asked.caller.partner_of_path(asked.path["partner"])
    code, as_of = asked.path["class_code"], asked.query["as_of"]
    return await respond(
        asked,
        Listing(
            "reviews",
            ListedReview,
            (cursors.BIGINT,),
            (partner_id,),
            lambda session, _known, after, page_rows: reviews.pages(
                session, partner_id, code, as_of, after, page_rows
            ),
        ),
    )


ROUTES: Final = (
    Route(
        path="/v1/classes/{partner}/{class_code}/reviews",
        name="class_reviews",
        summary="What participants said of one class: the latest review of each, with its comment",
        answer=ListAnswer[ListedReview],
        respond=of_class,
        parameters=(
            parameters.AS_OF,
            parameters.TIME_ZONE,
            parameters.LIMIT,
            parameters.CURSOR,
        ),
        media=LIST,
        not_found="There is no such partner.",
    ),
)
