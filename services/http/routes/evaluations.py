"""Evaluations: classes, packages, institutions and partners, each with how far its sums are behind."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, TypeVar

from fastapi import Response
from msgspec import Struct
from msgspec.structs import asdict

from domain.telling import tell
from projections.reading import evaluations, evaluations_lists
from projections.reading.catalogue import Known
from projections.reading.evaluations_shown import (
    ClassEvaluation,
    InstitutionEvaluation,
    InstitutionHeadline,
    PackageEvaluation,
    PartnerEvaluation,
    PartnerHeadline,
)
from projections.reading.figures import OF_INSTITUTIONS, Order
from projections.reading.instants import instant
from projections.reading.intake import Freshness
from projections.reading.meaning import means
from projections.reading.page import Key, Page
from projections.reading.session import Session
from services.http import cursors, over_time, parameters
from services.http.listing import ListAnswer, Listing, respond, turn
from services.http.problems import not_found
from services.http.routing import LIST, Asked, Route, json

T = TypeVar("T")

AsOf = Annotated[datetime, means("What had happened by then.")]
Behind = Annotated[
    Freshness,
    means("How far the answer is behind: unread records, catalogue changes, counts not added up."),
]


class ClassAnswer(ClassEvaluation, frozen=True, kw_only=True):
    """The evaluation of one class."""

    as_of: AsOf
    freshness: Behind


class PackageAnswer(PackageEvaluation, frozen=True, kw_only=True):
    """The evaluation of one package, class by class."""

    as_of: AsOf
    freshness: Behind


class InstitutionAnswer(InstitutionEvaluation, frozen=True, kw_only=True):
    """The evaluation of one institution, across partners."""

    as_of: AsOf
    freshness: Behind


class PartnerAnswer(PartnerEvaluation, frozen=True, kw_only=True):
    """The evaluation of one partner, with its silences and gaps."""

    as_of: AsOf
    freshness: Behind


Evaluate = Callable[[Session, Known, int | None, int], Awaitable[Struct | None]]
"""The evaluation, or None where nothing is known; given ``as_of`` and now in microseconds UTC."""


async def one_class(asked: Asked) -> Response:
    """The answer of ``/v1/classes/{partner}/{class_code}/evaluation``."""
    partner_id = asked.caller.partner_of_path(asked.path["partner"])

    async def evaluate(session: Session, known: Known, as_of: int | None, now: int) -> Any:
        code = asked.path["class_code"]
        return await evaluations.of_class(session, known, partner_id, code, as_of, now)

    return await _answer(asked, ClassAnswer, (partner_id,), evaluate)


async def one_package(asked: Asked) -> Response:
    """The answer of ``/v1/packages/{partner}/{package_code}/evaluation``."""
    partner_id = asked.caller.partner_of_path(asked.path["partner"])

    async def evaluate(session: Session, known: Known, as_of: int | None, now: int) -> Any:
        code = asked.path["package_code"]
        return await evaluations.of_package(session, known, partner_id, code, as_of, now)

    return await _answer(asked, PackageAnswer, (partner_id,), evaluate)


async def one_institution(asked: Asked) -> Response:
    """The answer of ``/v1/institutions/{institution}/evaluation``; a partner sees its own share."""
    partner_ids = asked.caller.partner_ids(None)

    async def evaluate(session: Session, known: Known, as_of: int | None, now: int) -> Any:
        name = asked.path["institution"]
        return await evaluations.of_institution(session, known, partner_ids, name, as_of, now)

    return await _answer(asked, InstitutionAnswer, partner_ids, evaluate)


async def one_partner(asked: Asked) -> Response:
    """The answer of ``/v1/partners/{partner}/evaluation``."""
    partner_id = asked.caller.partner_of_path(asked.path["partner"])

    async def evaluate(session: Session, known: Known, as_of: int | None, now: int) -> Any:
        return await evaluations.of_partner(session, known, partner_id, as_of, now)

    return await _answer(asked, PartnerAnswer, (partner_id,), evaluate)


async def all_institutions(asked: Asked) -> Response:
    """The answer of ``/v1/institutions``."""
    query = asked.query
    partner_ids, as_of = asked.caller.partner_ids(query["partner"]), query["as_of"]
    order = Order.named(query["order"])

    def pages(
        session: Session, known: Known, after: Key | None, page_rows: int
    ) -> AsyncIterator[Page[InstitutionHeadline]]:
        if order is None:
            return evaluations_lists.institutions(
                session, known, partner_ids, as_of, after, page_rows
            )
        return evaluations_lists.institutions_in_order(
            session, known, partner_ids, as_of, order, after, page_rows
        )

    listing = Listing(
        "institutions",
        InstitutionHeadline,
        (cursors.TEXT,) if order is None else (cursors.BIGINT, cursors.TEXT),
        partner_ids,
        pages,
        partial(_freshness, partner_ids=partner_ids),
        is_long=partial(over_time.judges_rows, partner_ids=partner_ids),
    )
    return await respond(asked, listing)


async def all_partners(asked: Asked) -> Response:
    """The answer of ``/v1/partners``."""
    partner_ids = asked.caller.partner_ids(None)
    listing = Listing(
        "partners",
        PartnerHeadline,
        (cursors.PARTNER,),
        partner_ids,
        lambda session, known, after, _: evaluations_lists.partners(
            session, known, partner_ids, asked.query["as_of"], after
        ),
        partial(_freshness, partner_ids=partner_ids),
        is_long=partial(over_time.judges_rows, partner_ids=partner_ids),
    )
    return await respond(asked, listing)


async def _answer(
    asked: Asked, shape: type[Struct], partner_ids: Sequence[int], evaluate: Evaluate
) -> Response:
    as_of = asked.query["as_of"]
    now = parameters.now()

    async def read(session: Session) -> tuple[Struct | None, tuple[int, datetime | None]]:
        found = await evaluate(session, await asked.sources.known(session), as_of, now)
        return found, await evaluations.waiting(session, partner_ids, as_of)

    async with await turn(asked, partial(over_time.judges_rows, partner_ids=partner_ids)):
        found, waiting = await asked.sources.database.read_snapshot(read)
    if found is None:
        raise not_found(tell("nothing is known by this name"))
    return json(
        shape(
            **asdict(found),
            as_of=instant(now if as_of is None else as_of),
            freshness=await over_time.freshness(asked, partner_ids, waiting),
        )
    )


async def _freshness(asked: Asked, partner_ids: Sequence[int]) -> Freshness:
    return await over_time.freshness_of_list(asked, partner_ids, asked.query["as_of"])


HOW: Final = (
    "In the order of this figure, the least first, and where it is null before all others; with `-` in front the other"
    " way round. A figure is named by its place in the answer, its parts joined by `_`. Default: by name."
)

ROUTES: Final = (
    Route(
        path="/v1/classes/{partner}/{class_code}/evaluation",
        name="class_evaluation",
        summary="One class: funnel, scores, ratings, time to completion, drop-off, silence",
        answer=ClassAnswer,
        respond=one_class,
        parameters=(parameters.AS_OF,),
        not_found="The class was neither published nor purchased.",
    ),
    Route(
        path="/v1/packages/{partner}/{package_code}/evaluation",
        name="package_evaluation",
        summary="One package, class by class, and how many purchases of it are complete",
        answer=PackageAnswer,
        respond=one_package,
        parameters=(parameters.AS_OF,),
        not_found="The package was neither published nor purchased.",
    ),
    Route(
        path="/v1/institutions",
        name="institutions",
        summary="Institutions with their headline figures, by name or in the order of any figure",
        answer=ListAnswer[InstitutionHeadline],
        respond=all_institutions,
        parameters=(
            parameters.PARTNER,
            parameters.ordered(list(OF_INSTITUTIONS), HOW),
            parameters.AS_OF,
            parameters.TIME_ZONE,
            parameters.LIMIT,
            parameters.CURSOR,
        ),
        media=LIST,
    ),
    Route(
        path="/v1/institutions/{institution}/evaluation",
        name="institution_evaluation",
        summary="One institution: everything it teaches, across partners",
        answer=InstitutionAnswer,
        respond=one_institution,
        parameters=(parameters.AS_OF,),
        not_found="The institution teaches no class.",
    ),
    Route(
        path="/v1/partners",
        name="partners",
        summary="The partners with their headline figures",
        answer=ListAnswer[PartnerHeadline],
        respond=all_partners,
        parameters=(
            parameters.AS_OF,
            parameters.TIME_ZONE,
            parameters.LIMIT,
            parameters.CURSOR,
        ),
        media=LIST,
    ),
    Route(
        path="/v1/partners/{partner}/evaluation",
        name="partner_evaluation",
        summary="One partner: everything it sold, its silences by age and class, gaps in its numbers",
        answer=PartnerAnswer,
        respond=one_partner,
        parameters=(parameters.AS_OF,),
        not_found="There is no such partner.",
    ),
)
