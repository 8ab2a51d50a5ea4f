"""What became of one event."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Final

from fastapi import Response
from msgspec import Meta, Struct
from msgspec.structs import asdict

from projections.reading import events
from projections.reading.events import EventFate, Outcome
from projections.reading.instants import instant
from projections.reading.intake import Freshness
from projections.reading.session import Session
from services.cloudevents.wire import MAX_ID_LENGTH
from services.http import parameters
from services.http.problems import Fault, unprocessable
from services.http.routing import Asked, Route, json


class EventAnswer(EventFate, frozen=True, kw_only=True):
    """What became of one event, now. An id that is `never_seen` may still wait in Kafka: see ``freshness``."""

    as_of: datetime
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
    as_of = instant(parameters.now())
    return json(EventAnswer(**asdict(found), as_of=as_of, freshness=freshness))


MOST_IDS: Final = 400
"""In one question: with the longest ids they fit into what the server takes."""


class EventIds(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events are asked about, each once answered in this order."""

    event_ids: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=MAX_ID_LENGTH)]],
        Meta(min_length=1, max_length=MOST_IDS),
    ]


class EventsAnswer(Struct, frozen=True, kw_only=True):
    """What became of each event, in the order of the question, and how many ended how."""

    items: list[EventFate]
    outcomes: dict[Outcome, int]
    as_of: datetime
    freshness: Freshness


async def lookup(asked: Asked) -> Response:
    """The answer of ``/v1/events/{partner}/lookup``."""
    partner_id = asked.caller.partner_of_path(asked.path["partner"])
    if any("\0" in event_id for event_id in asked.body.event_ids):
        raise unprocessable(Fault("event_ids", "holds a NUL character"))
    event_ids = list(dict.fromkeys(asked.body.event_ids))
    freshness = await asked.sources.freshness.of((partner_id,))

    async def read(session: Session) -> list[EventFate]:
        return await events.fates(session, partner_id, event_ids)

    found = await asked.sources.database.read_snapshot(read)
    outcomes = Counter(fate.outcome for fate in found)
    return json(
        EventsAnswer(
            items=found,
            outcomes=dict(outcomes),
            as_of=instant(parameters.now()),
            freshness=freshness,
        )
    )


SENT_TO: Final = (
    Route(
        path="/v1/events/{partner}/lookup",
        name="events",
        summary="What became of each of up to 400 events, by their ids",
        answer=EventsAnswer,
        respond=lookup,
        body=EventIds,
        not_found="There is no such partner.",
    ),
)
"""Questions that are too long for a URL: they are sent, and change nothing."""

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
