"""Tuntas itself: real `tuntas ingest` processes, from topic to committed, queryable answers."""

from collections.abc import Mapping, Sequence

import msgspec
from psycopg2.extensions import connection

from domain.vocabulary import COMPLETION_STATES
from services.settings import read_settings
from services.wiring import prepare_database
from tests.benchmarks.draining import Contender, Place, Process

READ = "SELECT coalesce(sum(next_offset - first_offset), 0) FROM ledger.lane"
COUNTS = "SELECT sum(accepted), sum(duplicate), sum(rejected) FROM ledger.lane"
STORED = "SELECT count(*) FROM ledger.event"
COMPLETED = (
    "SELECT count(*) FROM projections.purchased_class WHERE completion = %s AND class_code <> ''"
)


def tuntas(
    workers: int,
    cache_participants: int,
    batch_records: int | None = None,
    *,
    arguments: Sequence[str] = (),
) -> Contender:
    """``workers`` ingest processes; ``arguments`` run another program in their place."""
    settings = {"TUNTAS_CACHE_PARTICIPANTS": str(cache_participants)}
    if batch_records is not None:
        settings["TUNTAS_BATCH_RECORDS"] = str(batch_records)

    def processes(place: Place) -> Sequence[Process]:
        environment = environment_of(place) | settings
        return [Process(arguments or ("-m", "services.cli", "ingest"), environment)] * workers

    return Contender(
        name=f"Tuntas, {workers} worker{'s' * (workers > 1)}",
        does="validated, deduplicated, events kept, status rows judged and written in the same transaction",
        settings=settings | {"workers": str(workers)},
        prepare=prepare,
        processes=processes,
        progress=progress,
        check=check,
    )


def tuntas_with_project(cache_participants: int, *, answers: str) -> Contender:
    """One worker with the project service beside it; ``answers``: whether that tells them, `on` or `off`."""
    alone = tuntas(1, cache_participants)

    def processes(place: Place) -> Sequence[Process]:
        environment = environment_of(place) | {"TUNTAS_ANSWERS": answers}
        return [*alone.processes(place), Process(("-m", "services.cli", "project"), environment)]

    return msgspec.structs.replace(
        alone,
        name=f"Tuntas, 1 worker and project, answers {answers}",
        settings={**alone.settings, "answers": answers},
        processes=processes,
    )


def environment_of(place: Place) -> dict[str, str]:
    """The settings of a process that works at the place."""
    return {
        "TUNTAS_KAFKA_BOOTSTRAP": place.servers.broker.bootstrap,
        "TUNTAS_DATABASE_URL": place.database_url,
        "TUNTAS_CONSUMER_GROUP": place.name,
        "TUNTAS_STATE_DIR": str(place.folder),
    }


def prepare(place: Place) -> None:
    """Makes the schema."""
    prepare_database(read_settings(environment_of(place)))


def progress(place: Place, session: connection) -> float:
    """The share of the log that the lanes have behind them."""
    with session.cursor() as work:
        work.execute(READ)
        ((read,),) = work.fetchall()
    return float(read) / place.told.records


def check(place: Place, session: connection) -> Mapping[str, tuple[int, int]]:
    """Outcomes, stored events and completed classes."""
    told = place.told
    with session.cursor() as work:
        work.execute(COUNTS)
        ((accepted, duplicate, rejected),) = work.fetchall()
        work.execute(STORED)
        ((stored,),) = work.fetchall()
        work.execute(COMPLETED, (COMPLETION_STATES.index("completed"),))
        ((completed,),) = work.fetchall()
    return {
        "accepted": (int(accepted), told.accepted),
        "duplicate": (int(duplicate), told.duplicate),
        "rejected": (int(rejected), told.rejected),
        "stored events": (stored, told.accepted),
        "completed classes": (completed, told.completed),
    }


def settings_text() -> dict[str, str]:
    """Tuntas's own defaults that matter to speed, for the report."""
    settings = read_settings({})
    shown = ("batch_records", "poll_timeout_ms", "topic_partitions")
    return {name: str(msgspec.structs.asdict(settings)[name]) for name in shown}
