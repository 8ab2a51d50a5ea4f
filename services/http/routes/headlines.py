"""The lists of classes and of packages, with their headline figures."""

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Final, TypeAlias, TypeVar

from fastapi import Response

from projections.reading import headlines
from projections.reading.catalogue import Known
from projections.reading.evaluations_shown import ClassHeadline, PackageHeadline
from projections.reading.figures import OF_CLASSES, OF_PACKAGES, Order
from projections.reading.headlines import Filter
from projections.reading.intake import Freshness
from projections.reading.page import Key, Page
from projections.reading.session import Session
from services.http import cursors, over_time, parameters
from services.http.listing import ListAnswer, Listing, respond
from services.http.routing import LIST, Asked, Route

T = TypeVar("T")

Headlines: TypeAlias = Callable[
    [Session, Known, Filter, Order | None, int | None, Key | None, int], AsyncIterator[Page[T]]
]
"""The list behind a key, in an order, as of a time."""

KEY: Final = (cursors.PARTNER, cursors.TEXT)
KEY_IN_ORDER: Final = (cursors.BIGINT, *KEY)

HOW: Final = (
    "In the order of this figure, the least first, and where it is null before all others; with `-` in front the other"
    " way round. A figure is named by its place in the answer, its parts joined by `_`. Default: by partner and code."
)


async def all_classes(asked: Asked) -> Response:
    """The answer of ``/v1/classes``."""
    query = asked.query
    wanted = Filter(
        partner_ids=asked.caller.partner_ids(query["partner"]),
        institution=query["institution"],
        title=query["title"],
        purchased_least=query["purchased_least"],
    )
    return await _respond(asked, "classes", ClassHeadline, headlines.classes, wanted)


async def all_packages(asked: Asked) -> Response:
    """The answer of ``/v1/packages``."""
    query = asked.query
    wanted = Filter(partner_ids=asked.caller.partner_ids(query["partner"]), title=query["title"])
    return await _respond(asked, "packages", PackageHeadline, headlines.packages, wanted)


async def _respond(
    asked: Asked, name: str, item: type[T], pages: Headlines[T], wanted: Filter
) -> Response:
    order, as_of = Order.named(asked.query["order"]), asked.query["as_of"]
    return await respond(
        asked,
        Listing(
            name,
            item,
            KEY if order is None else KEY_IN_ORDER,
            wanted.partner_ids,
            lambda session, known, after, page_rows: pages(
                session, known, wanted, order, as_of, after, page_rows
            ),
            partial(_freshness, partner_ids=wanted.partner_ids),
        ),
    )


async def _freshness(asked: Asked, partner_ids: Sequence[int]) -> Freshness:
    """How far the sums are behind; as of a time the rows are judged."""
    if asked.query["as_of"] is not None:
        return await asked.sources.freshness.of(partner_ids)
    return await over_time.freshness_of_list(asked, partner_ids, None)


ROUTES: Final = (
    Route(
        path="/v1/classes",
        name="classes",
        summary="Classes with their headline figures, by partner and code or in the order of any figure",
        answer=ListAnswer[ClassHeadline],
        respond=all_classes,
        parameters=(
            parameters.PARTNER,
            parameters.INSTITUTION,
            parameters.TITLE,
            parameters.PURCHASED_LEAST,
            parameters.ordered(list(OF_CLASSES), HOW),
            parameters.AS_OF,
            parameters.TIME_ZONE,
            parameters.LIMIT,
            parameters.CURSOR,
        ),
        media=LIST,
    ),
    Route(
        path="/v1/packages",
        name="packages",
        summary="Packages with their headline figures, by partner and code or in the order of any figure",
        answer=ListAnswer[PackageHeadline],
        respond=all_packages,
        parameters=(
            parameters.PARTNER,
            parameters.PACKAGE_TITLE,
            parameters.ordered(list(OF_PACKAGES), HOW),
            parameters.AS_OF,
            parameters.TIME_ZONE,
            parameters.LIMIT,
            parameters.CURSOR,
        ),
        media=LIST,
    ),
)
