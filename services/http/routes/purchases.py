"""One purchase class by class, and the packages that were sold."""

from datetime import datetime
from typing import Final

from fastapi import Response
from msgspec.structs import asdict

from domain.telling import tell
from projections.reading import package_purchases, purchase_list, purchases
from projections.reading.instants import instant
from projections.reading.intake import Freshness
from projections.reading.package_purchases import Filter, PackagePurchase
from projections.reading.purchase_list import ListedPurchase
from projections.reading.purchases import Purchase
from projections.reading.session import Session
from services.http import cursors, parameters
from services.http.listing import ListAnswer, Listing, respond
from services.http.problems import not_found
from services.http.routing import LIST, Asked, Route, json

PACKAGES_A_PAGE: Final = 32
"""Packages that are judged before others get their turn: each has several classes."""

KEY: Final = (cursors.PARTNER, cursors.TEXT, cursors.TEXT, cursors.BIGINT)
PURCHASE_KEY: Final = (cursors.PARTNER, cursors.TEXT, cursors.BIGINT)


class PurchaseAnswer(Purchase, frozen=True, kw_only=True):
    """One purchase, class by class."""

    as_of: datetime
    freshness: Freshness


async def purchase(asked: Asked) -> Response:
    """The answer of ``/v1/purchases/{partner}/{purchase_id}``."""
    partner_id = asked.caller.partner_of_path(asked.path["partner"])
    as_of = asked.query["as_of"]

    async def read(session: Session) -> Purchase | None:
        return await purchases.one(
            session, asked.sources.catalogue, partner_id, asked.path["purchase_id"], as_of
        )

    found = await asked.sources.database.read_snapshot(read)
    if found is None:
        raise not_found(tell("this partner sold nothing under this purchase_id"))
    return json(
        PurchaseAnswer(
            **asdict(found),
            as_of=instant(parameters.now() if as_of is None else as_of),
            freshness=await asked.sources.freshness.of((partner_id,)),
        )
    )


async def purchases_sold(asked: Asked) -> Response:
    """The answer of ``/v1/purchases``."""
    query = asked.query
    wanted = purchase_list.Filter(
        partner_ids=asked.caller.partner_ids(query["partner"]),
        participant_id=query["participant_id"],
        package_code=query["package_code"],
        refunded=query["refunded"],
        amount_differs=query["amount_differs"],
        purchased_from=query["purchased_from"],
        purchased_to=query["purchased_to"],
    )
    return await respond(
        asked,
        Listing(
            "purchases",
            ListedPurchase,
            PURCHASE_KEY,
            wanted.partner_ids,
            lambda session, known, after, page_rows: purchase_list.pages(
                session, known, wanted, query["as_of"], after, page_rows
            ),
        ),
    )


async def packages(asked: Asked) -> Response:
    """The answer of ``/v1/package-purchases``."""
    query = asked.query
    wanted = Filter(
        partner_ids=asked.caller.partner_ids(query["partner"]),
        package_code=query["package_code"],
        complete=query["complete"],
        after_sales_end=query["after_sales_end"],
        unresolved=query["unresolved"],
    )
    return await respond(
        asked,
        Listing(
            "package-purchases",
            PackagePurchase,
            KEY,
            wanted.partner_ids,
            lambda session, known, after, page_rows: package_purchases.pages(
                session, known, wanted, query["as_of"], after, page_rows
            ),
            page_rows=PACKAGES_A_PAGE,
        ),
    )


ROUTES: Final = (
    Route(
        path="/v1/purchases/{partner}/{purchase_id}",
        name="purchase",
        summary="One purchase, class by class",
        answer=PurchaseAnswer,
        respond=purchase,
        parameters=(parameters.AS_OF,),
        not_found="This partner sold nothing under this purchase_id.",
    ),
    Route(
        path="/v1/purchases",
        name="purchases",
        summary="Purchases, with what was paid for each of their classes",
        answer=ListAnswer[ListedPurchase],
        respond=purchases_sold,
        parameters=(
            parameters.PARTNER,
            parameters.PARTICIPANT_ID,
            parameters.PACKAGE_CODE,
            parameters.REFUNDED,
            parameters.AMOUNT_DIFFERS,
            parameters.PURCHASED_FROM,
            parameters.PURCHASED_TO,
            parameters.AS_OF,
            parameters.LIMIT,
            parameters.CURSOR,
            parameters.TIME_ZONE,
        ),
        media=LIST,
    ),
    Route(
        path="/v1/package-purchases",
        name="package_purchases",
        summary="Packages sold, and which of their classes are missing",
        answer=ListAnswer[PackagePurchase],
        respond=packages,
        parameters=(
            parameters.PARTNER,
            parameters.PACKAGE_CODE,
            parameters.COMPLETE,
            parameters.AFTER_SALES_END,
            parameters.UNRESOLVED,
            parameters.AS_OF,
            parameters.TIME_ZONE,
            parameters.LIMIT,
            parameters.CURSOR,
        ),
        media=LIST,
    ),
)
