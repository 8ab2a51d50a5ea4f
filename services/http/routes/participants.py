"""A person's purchased classes, and each event behind one of them."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from fastapi import Response
from msgspec import Struct

from domain.telling import tell
from projections.reading import history, purchased_classes
from projections.reading.catalogue import Known
from projections.reading.class_filter import Filter
from projections.reading.history import HistoryEvent
from projections.reading.instants import instant
from projections.reading.intake import Freshness
from projections.reading.page import Key, Page
from projections.reading.purchased_class import PurchasedClass
from projections.reading.session import Session
from services.http import cursors, parameters
from services.http.listing import Listing, export, filters_of
from services.http.negotiation import JSON
from services.http.problems import not_found
from services.http.routing import LIST, Asked, Route, json

MAX_EVENTS: Final = 1000
HISTORY_KEY: Final = (cursors.TIME, cursors.EVENT_KEY)


class ParticipantClasses(Struct, frozen=True):
    """Every purchased class of one person."""

    participant_id: str
    items: list[PurchasedClass]
    as_of: datetime
    freshness: Freshness


class History(Struct, frozen=True):
    """Each event behind the answer about one class, in the order in which they happened."""

    participant_id: str
    partner: str
    class_code: str
    items: list[HistoryEvent]
    next_cursor: str | None
    as_of: datetime
    known_at: datetime
    freshness: Freshness


async def classes(asked: Asked) -> Response:
    """The answer of ``/v1/participants/{participant_id}/classes``."""
    query = asked.query
    partner_ids = asked.caller.partner_ids(query["partner"])
    participant_id = asked.path["participant_id"]
    as_of = query["as_of"]
    wanted = Filter(partner_ids=partner_ids, purchase=query["purchase"])

    async def read(session: Session) -> list[PurchasedClass]:
        return await purchased_classes.of_participant(
            session, asked.sources.catalogue, participant_id, wanted, as_of
        )

    read_at = parameters.now() if as_of is None else as_of
    if asked.media != JSON:

        async def pages(
            session: Session, _known: Known, _after: Key | None, _rows: int
        ) -> AsyncIterator[Page[PurchasedClass]]:
            items = await read(session)
            yield Page([((), item) for item in items], (), len(items))

        listing = Listing("classes", PurchasedClass, (), partner_ids, pages)
        return await export(asked, listing, None, None, read_at)
    items = await asked.sources.database.read(read)
    freshness = await asked.sources.freshness.of(partner_ids)
    return json(ParticipantClasses(participant_id, items, instant(read_at), freshness))


async def class_history(asked: Asked) -> Response:
    """The answer of ``…/classes/{partner}/{class_code}/history``."""
    query, path = asked.query, asked.path
    partner_id = asked.caller.partner_of_path(path["partner"])
    behind = history.Asked(
        partner_id,
        path["participant_id"],
        path["class_code"],
        query["as_of"],
        query["known_at"],
    )
    filters = filters_of(asked)
    cursor = query["cursor"]
    after = None if cursor is None else cursors.unseal(asked.url_path, filters, cursor, HISTORY_KEY)

    async def read(session: Session) -> tuple[list[HistoryEvent], Key | None] | None:
        limit = query["limit"] or MAX_EVENTS
        return await history.events(session, asked.sources.catalogue, behind, after, limit)

    found = await asked.sources.database.read_snapshot(read)
    if found is None:
        raise not_found(tell("nothing is known of this class for this participant at this partner"))
    items, reached = found
    read_at = parameters.now()
    return json(
        History(
            path["participant_id"],
            path["partner"],
            path["class_code"],
            items,
            None if reached is None else cursors.seal(asked.url_path, filters, reached),
            instant(read_at if behind.as_of is None else behind.as_of),
            instant(read_at if behind.known_at is None else behind.known_at),
            await asked.sources.freshness.of((partner_id,)),
        )
    )


ROUTES: Final = (
    Route(
        path="/v1/participants/{participant_id}/classes",
        name="participant_classes",
        summary="Every purchased class of a person, across partners",
        answer=ParticipantClasses,
        respond=classes,
        parameters=(
            parameters.PARTNER,
            parameters.PURCHASE,
            parameters.AS_OF,
            parameters.TIME_ZONE,
        ),
        media=LIST,
    ),
    Route(
        path="/v1/participants/{participant_id}/classes/{partner}/{class_code}/history",
        name="class_history",
        summary="Each event behind the answer about one class, with its place in Kafka",
        answer=History,
        respond=class_history,
        parameters=(
            parameters.AS_OF,
            parameters.KNOWN_AT,
            parameters.LIMIT,
            parameters.CURSOR,
        ),
        not_found="Nothing is known of this class for this participant at this partner.",
    ),
)
