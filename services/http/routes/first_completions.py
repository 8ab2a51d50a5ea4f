"""First completions: who is ready for the programme's incentive. For evaluators only, because it is across partners."""

from datetime import datetime
from typing import Final

from fastapi import Response
from msgspec.structs import asdict

from projections.reading import first_completions
from projections.reading.by_partner import ALL_PARTNERS
from projections.reading.first_completions import Filter, FirstCompletion
from projections.reading.instants import instant
from projections.reading.intake import Freshness
from projections.reading.session import Session
from services.http import cursors, parameters
from services.http.listing import ListAnswer, Listing, respond
from services.http.routing import LIST, Asked, Route, json

KEY: Final = (cursors.BIGINT,)


class FirstCompletionAnswer(FirstCompletion, frozen=True, kw_only=True):
    """A person's first completed class, and whether the incentive after it may be paid."""

    as_of: datetime
    freshness: Freshness


async def one(asked: Asked) -> Response:
    """The answer of ``/v1/participants/{participant_id}/first-completion``."""
    as_of = asked.query["as_of"]

    async def read(session: Session) -> FirstCompletion:
        known = await asked.sources.known(session)
        who = asked.path["participant_id"]
        return await first_completions.of_participant(session, known, who, as_of)

    found = await asked.sources.database.read_snapshot(read)
    return json(
        FirstCompletionAnswer(
            **asdict(found),
            as_of=instant(parameters.now() if as_of is None else as_of),
            freshness=await asked.sources.freshness.of(ALL_PARTNERS),
        )
    )


async def listed(asked: Asked) -> Response:
    """The answer of ``/v1/first-completions``."""
    query = asked.query
    wanted = Filter(state=query["state"], since_from=query["from"], since_to=query["to"])
    return await respond(
        asked,
        Listing(
            "first-completions",
            FirstCompletion,
            KEY,
            ALL_PARTNERS,
            lambda session, known, after, page_rows: first_completions.pages(
                session, known, wanted, query["as_of"], after, page_rows
            ),
        ),
    )


ROUTES: Final = (
    Route(
        path="/v1/participants/{participant_id}/first-completion",
        name="first_completion",
        summary="A person's first completed class: ready for the incentive, or what is missing",
        answer=FirstCompletionAnswer,
        respond=one,
        parameters=(parameters.AS_OF,),
        evaluators_only=True,
    ),
    Route(
        path="/v1/first-completions",
        name="first_completions",
        summary="Everybody who bought a class: ready for the incentive, or what is missing",
        answer=ListAnswer[FirstCompletion],
        respond=listed,
        parameters=(
            parameters.FIRST_STATE,
            parameters.SINCE_FROM,
            parameters.SINCE_TO,
            parameters.AS_OF,
            parameters.TIME_ZONE,
            parameters.LIMIT,
            parameters.CURSOR,
        ),
        media=LIST,
        evaluators_only=True,
    ),
)
