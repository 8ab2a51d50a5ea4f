"""Evaluations over time: what happened in each day, week or month, and what stood at its end."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final

from fastapi import Response
from msgspec.structs import replace

from domain.telling import tell
from projections.reading import series
from projections.reading.catalogue import Known
from projections.reading.page import Key, Page
from projections.reading.series import TooManyPeriods, Wanted
from projections.reading.series_shown import SeriesPeriod
from projections.reading.session import Session
from services.http import cursors, over_time, parameters
from services.http.listing import DEFAULT_LIMIT, ListAnswer, Listing, respond
from services.http.negotiation import JSON
from services.http.problems import Fault, not_found, unprocessable
from services.http.routing import LIST, Asked, Route


async def of_class(asked: Asked) -> Response:
    """The answer of ``/v1/classes/{partner}/{class_code}/series``."""
    partner_id = asked.caller.partner_of_path(asked.path["partner"])
    code = asked.path["class_code"]
    return await _respond(asked, (partner_id,), series.of_class, partner_id, code)


async def of_package(asked: Asked) -> Response:
    """The answer of ``/v1/packages/{partner}/{package_code}/series``."""
    partner_id = asked.caller.partner_of_path(asked.path["partner"])
    code = asked.path["package_code"]
    return await _respond(asked, (partner_id,), series.of_package, partner_id, code)


async def of_institution(asked: Asked) -> Response:
    """The answer of ``/v1/institutions/{institution}/series``; a partner sees its own share."""
    partner_ids = asked.caller.partner_ids(None)
    name = asked.path["institution"]
    return await _respond(asked, partner_ids, series.of_institution, partner_ids, name)


async def of_partner(asked: Asked) -> Response:
    """The answer of ``/v1/partners/{partner}/series``."""
    partner_id = asked.caller.partner_of_path(asked.path["partner"])
    return await _respond(asked, (partner_id,), series.of_partner, partner_id)


async def _respond(
    asked: Asked,
    partner_ids: Sequence[int],
    read: Callable[..., Awaitable[list[SeriesPeriod] | None]],
    *of: Any,
) -> Response:
    """``read``: gives the periods of what ``of`` names, in a session, by the catalogue."""
    query = asked.query
    whole = Wanted(
        query["by"] or "month", query["from"], query["to"], query["as_of"], parameters.now()
    )
    # One more than a page shows: that tells whether another one follows.
    told = (query["limit"] or DEFAULT_LIMIT) + 1 if asked.media == JSON else None

    async def pages(
        session: Session, known: Known, after: Key | None, _page_rows: int
    ) -> AsyncIterator[Page[SeriesPeriod]]:
        behind = "" if after is None else str(after[0])
        wanted = replace(whole, behind=behind, most=told)
        try:
            found = await read(session, known, *of, wanted)
        except TooManyPeriods:
            most = tell(
                "are more than %(most)s periods; name a later day", most=series.MOST_PERIODS
            )
            raise unprocessable(Fault("from", most)) from None
        if found is None:
            raise not_found(tell("nothing is known by this name"))
        items: list[tuple[Key, SeriesPeriod]] = [((each.first_day,), each) for each in found]
        yield Page(items, (behind,), 0)

    async def freshness(asked: Asked) -> Any:
        return await over_time.freshness_of_list(asked, partner_ids, over_time.ANY_MIDNIGHT)

    async def is_long(asked: Asked) -> bool:
        return await over_time.is_not_summed(
            asked, partner_ids, query["as_of"] or over_time.ANY_MIDNIGHT
        )

    listing = Listing(
        "series",
        SeriesPeriod,
        (cursors.TEXT,),
        tuple(partner_ids),
        pages,
        freshness,
        is_long=is_long,
    )
    return await respond(asked, listing)


PARAMETERS: Final = (
    parameters.BY,
    parameters.FROM,
    parameters.TO,
    parameters.AS_OF,
    parameters.TIME_ZONE,
    parameters.LIMIT,
    parameters.CURSOR,
)


def _route(path: str, name: str, of: str, respond: Any, missing: str) -> Route:
    return Route(
        path=path,
        name=name,
        summary=f"{of} over time: what happened in each day, week or month, and what stood at its end",
        answer=ListAnswer[SeriesPeriod],
        respond=respond,
        parameters=PARAMETERS,
        media=LIST,
        not_found=missing,
    )


ROUTES: Final = (
    _route(
        "/v1/classes/{partner}/{class_code}/series",
        "class_series",
        "One class",
        of_class,
        "The class was neither published nor purchased.",
    ),
    _route(
        "/v1/packages/{partner}/{package_code}/series",
        "package_series",
        "One package, its classes together,",
        of_package,
        "The package was neither published nor purchased.",
    ),
    _route(
        "/v1/institutions/{institution}/series",
        "institution_series",
        "One institution",
        of_institution,
        "The institution never taught a class.",
    ),
    _route(
        "/v1/partners/{partner}/series",
        "partner_series",
        "One partner",
        of_partner,
        "There is no such partner.",
    ),
)
