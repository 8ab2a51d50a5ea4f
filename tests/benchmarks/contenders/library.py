"""The eventsourcing library as its documentation writes it, and with its batched save, on its own recorder."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec
from psycopg2.extensions import connection, parse_dsn

from tests.benchmarks.draining import Contender, Place, Process, running

BATCH_RECORDS: Final = 500
"""Of 5,000 events in one save the library (9.5.6 on psycopg 3.3.9, in its pipeline) waits for ever."""
TRACKED = "SELECT coalesce(max(notification_id), 0) FROM classes_tracking WHERE application_name = 'Trainings'"
LAST = "SELECT coalesce(max(notification_id), 0) FROM trainings_events"
STORED = "SELECT count(*), count(DISTINCT originator_id) FROM trainings_events"
COMPLETED = "SELECT count(*) FROM view_class WHERE completed_at IS NOT NULL"

PREPARE_SECONDS = 60.0


def library(
    way: Literal["each", "batched"], most_records: int, *, projected: bool = True
) -> Contender:
    """``each``: get, apply and save per event. ``batched``: each aggregate got once a batch, one save for all.

    Without ``projected`` events are kept only, and there is nothing to ask.
    """

    def processes(place: Place) -> Sequence[Process]:
        roles = (way, "project") if projected else (way,)
        return [process(role, place) for role in roles]

    name = {"each": "eventsourcing, as documented", "batched": "eventsourcing, batched save"}[way]
    settings = {
        "recorder": "eventsourcing.postgres on psycopg 3",
        "processes": "writer and projection runner" if projected else "writer",
    }
    if way == "batched":
        settings["records a save"] = f"up to {BATCH_RECORDS}"
    does = "participants' events as aggregates' events, each id once"
    if projected:
        does += "; a row a class by the library's projection runner, an event at a time"
    return Contender(
        name=name if projected else f"{name}, no view",
        does=does,
        settings=settings,
        prepare=prepare,
        processes=processes,
        progress=projected_share if projected else stored_share,
        check=check if projected else check_stored,
        most_records=most_records,
    )


def process(role: str, place: Place) -> Process:
    """One process of the peer (peers/library.py)."""
    dsn = parse_dsn(place.database_url)
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": dsn["dbname"],
        "POSTGRES_HOST": dsn["host"],
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": dsn["user"],
        "POSTGRES_PASSWORD": "none",
    }
    spans = msgspec.json.encode(place.spans).decode()
    arguments = (role, place.servers.broker.bootstrap, place.name, spans)
    return Process(("-m", "tests.benchmarks.peers.library", *arguments), environment)


def prepare(place: Place) -> None:
    """Makes the tables."""
    with running([process("prepare", place)], place.folder) as (child,):
        child.wait(PREPARE_SECONDS)


def projected_share(place: Place, session: connection) -> float:
    """The share of all events (and of the aggregates' first ones) that the projection has behind it."""
    return _share(TRACKED, place, session)


def stored_share(place: Place, session: connection) -> float:
    """The share of all events (and of the aggregates' first ones) that are stored."""
    return _share(LAST, place, session)


def _share(query: str, place: Place, session: connection) -> float:
    with session.cursor() as work:
        work.execute(query)
        ((done,),) = work.fetchall()
    return float(done) / (place.told.followed + place.told.records_of_participants)


def check_stored(place: Place, session: connection) -> Mapping[str, tuple[int, int]]:
    """Stored events and aggregates."""
    with session.cursor() as work:
        work.execute(STORED)
        ((stored, aggregates),) = work.fetchall()
    return {
        "stored events": (stored - aggregates, place.told.followed),
        "aggregates": (aggregates, place.told.records_of_participants),
    }


def check(place: Place, session: connection) -> Mapping[str, tuple[int, int]]:
    """Stored events, aggregates and completed classes (withdrawals are left out)."""
    with session.cursor() as work:
        work.execute(COMPLETED)
        ((completed,),) = work.fetchall()
    expected = place.told.reported_completed
    return {**check_stored(place, session), "completed classes": (completed, expected)}
