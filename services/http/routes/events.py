"""What became of one event."""

from typing import Final

from fastapi import Response
from msgspec.structs import asdict

from projections.reading import events
from projections.reading.events import EventFate
from projections.reading.intake import Freshness
from projections.reading.session import Session
from services.http import parameters
from services.http.problems import Fault, unprocessable
from services.http.routing import Asked, Route, json


class EventAnswer(EventFate, frozen=True, kw_only=True):
    """What became of one event. An id that is `never_seen` may still wait in Kafka: see ``freshness``."""

    freshness: Freshness


async def event(asked: Asked) -> Response:
    """The answer of ``/v1/events/{partner}/{event_id}``."""
    partner_id = asked.caller.partner_of_path(asked.path["partner"])
    try:
        event_id = parameters.text(asked.path["event_id"])
    except ValueError as error:
        raise unprocessable(Fault("event_id", str(error))) from error

    async def read(session: Session) -> EventFate:
        (fate,) = await events.fates(session, partner_id, [event_id])
        return fate

    # What waits in Kafka is read first: an event that arrives in between is then seen, not called never seen.
    freshness = await asked.sources.freshness.of((partner_id,))
    found = await asked.sources.database.read_snapshot(read)
    return json(EventAnswer(**asdict(found), freshness=freshness))


ROUTES: Final = (
    Route(
        path="/v1/events/{partner}/{event_id}",
        name="event",
        summary="What became of one event: accepted and where, repeated, rejected and why, or never seen",
        answer=EventAnswer,
        respond=event,
        not_found="There is no such partner.",
    ),
)
