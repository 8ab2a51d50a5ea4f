"""The list of purchased classes."""

from typing import Final

from fastapi import Response

from projections.reading import purchased_classes
from projections.reading.purchased_class import PurchasedClass
from projections.reading.purchased_classes import Filter
from services.http import cursors, parameters
from services.http.listing import ListAnswer, Listing, respond
from services.http.routing import LIST, Asked, Route

KEY: Final = (cursors.PARTNER, cursors.TEXT, cursors.BIGINT)


async def listed(asked: Asked) -> Response:
    """The answer of ``/v1/purchased-classes``."""
    query = asked.query
    wanted = Filter(
        partner_ids=asked.caller.partner_ids(query["partner"]),
        class_code=query["class_code"],
        institution=query["institution"],
        package_code=query["package_code"],
        purchase=query["purchase"],
        completion=query["completion"],
        assessment=query["assessment"],
        flag=query["flag"],
        purchased_from=query["purchased_from"],
        purchased_to=query["purchased_to"],
    )
    return await respond(
        asked,
        Listing(
            "purchased-classes",
            PurchasedClass,
            KEY,
            wanted.partner_ids,
            lambda session, known, after, page_rows: purchased_classes.pages(
                session, known, wanted, query["as_of"], after, page_rows
            ),
        ),
    )


ROUTES: Final = (
    Route(
        path="/v1/purchased-classes",
        name="purchased_classes",
        summary="Purchased classes, filtered, by partner, class and participant",
        answer=ListAnswer[PurchasedClass],
        respond=listed,
        parameters=(
            parameters.PARTNER,
            parameters.CLASS_CODE,
            parameters.INSTITUTION,
            parameters.PACKAGE_CODE,
            parameters.PURCHASE,
            parameters.COMPLETION,
            parameters.ASSESSMENT,
            parameters.FLAG,
            parameters.PURCHASED_FROM,
            parameters.PURCHASED_TO,
            parameters.AS_OF,
            parameters.TIME_ZONE,
            parameters.LIMIT,
            parameters.CURSOR,
        ),
        media=LIST,
    ),
)
