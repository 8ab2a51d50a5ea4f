"""The list of purchased classes."""

from typing import Final

from fastapi import Response

from projections.reading import purchased_classes, purchased_classes_in_time
from projections.reading.class_filter import Filter
from projections.reading.class_order import Order
from projections.reading.purchased_class import PurchasedClass
from services.http import cursors, parameters
from services.http.listing import ListAnswer, Listing, respond
from services.http.routing import LIST, Asked, Route

KEY: Final = (cursors.PARTNER, cursors.TEXT, cursors.BIGINT)
KEY_IN_TIME: Final = (cursors.MAYBE_TIME, *KEY)


async def listed(asked: Asked) -> Response:
    """The answer of ``/v1/purchased-classes``."""
    query = asked.query
    wanted = Filter(
        partner_ids=asked.caller.partner_ids(query["partner"]),
        participant_id=query["participant_id"],
        class_code=query["class_code"],
        institution=query["institution"],
        title=query["title"],
        package_code=query["package_code"],
        purchase=query["purchase"],
        completion=query["completion"],
        assessment=query["assessment"],
        flag=query["flag"],
        purchased_from=query["purchased_from"],
        purchased_to=query["purchased_to"],
        stalled_since=query["stalled_since"],
    )
    return await respond(asked, _listing(wanted, query["order"], query["as_of"]))


def _listing(wanted: Filter, order: str | None, as_of: int | None) -> Listing[PurchasedClass]:
    name = "purchased-classes"
    if order is None:
        return Listing(
            name,
            PurchasedClass,
            KEY,
            wanted.partner_ids,
            lambda session, known, after, page_rows: purchased_classes.pages(
                session, known, wanted, as_of, after, page_rows
            ),
        )
    by = Order.named(order)
    return Listing(
        name,
        PurchasedClass,
        KEY_IN_TIME,
        wanted.partner_ids,
        lambda session, known, after, page_rows: purchased_classes_in_time.pages(
            session, known, wanted, by, as_of, after, page_rows
        ),
        is_long=_is_long,
    )


async def _is_long(asked: Asked) -> bool:
    """Whether all rows in question are judged: no index has the order of the latest word."""
    query = asked.query
    by_word = "last_reported_at" in query["order"] and query["participant_id"] is None
    return by_word or query["as_of"] is not None


ROUTES: Final = (
    Route(
        path="/v1/purchased-classes",
        name="purchased_classes",
        summary="Purchased classes, filtered, by partner, class and participant or in order of a time",
        answer=ListAnswer[PurchasedClass],
        respond=listed,
        parameters=(
            parameters.PARTNER,
            parameters.PARTICIPANT_ID,
            parameters.CLASS_CODE,
            parameters.INSTITUTION,
            parameters.TITLE,
            parameters.PACKAGE_CODE,
            parameters.PURCHASE,
            parameters.COMPLETION,
            parameters.ASSESSMENT,
            parameters.FLAG,
            parameters.PURCHASED_FROM,
            parameters.PURCHASED_TO,
            parameters.STALLED_SINCE,
            parameters.CLASS_ORDER,
            parameters.AS_OF,
            parameters.TIME_ZONE,
            parameters.LIMIT,
            parameters.CURSOR,
        ),
        media=LIST,
    ),
)
