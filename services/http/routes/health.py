"""Liveness and readiness, open to everybody, and Prometheus' view, which names partners and so is not."""

from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from msgspec.structs import replace

from projections.reading import heartbeats, intake, recent, sequences
from projections.reading.by_partner import ALL_PARTNERS
from projections.reading.catalogue import version
from projections.reading.heartbeats import Heard, living, silence
from projections.reading.session import Session
from services.http.access import Access, host_of
from services.http.away import DatabaseAway
from services.http.measures import Measures, Observed
from services.http.metrics_address import is_at_metrics_address
from services.http.openapi import refused
from services.http.problems import Problem
from services.http.sources import Sources
from services.postgres.migrations import fitness
from services.postgres.migrations.baseline import migrations
from services.postgres.migrations.fitness import DatabaseUnfit

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


def add_health_routes(
    app: FastAPI, sources: Sources, measures: Measures, access: Access, *, tells_answers: bool
) -> None:
    """Adds ``/livez``, ``/readyz`` and ``/metrics``; ``tells_answers``: whether answers are to be told to partners."""

    async def livez(request: Request) -> Response:  # noqa: ARG001
        """Says that the process answers."""
        return Response(b'{"status":"alive"}', media_type="application/json")

    async def readyz(request: Request) -> Response:  # noqa: ARG001
        """Says whether answers can be given and are kept up to date: the database, and a living intake.

        503 when the database is away, or when the intake has run and none of it lives. An intake that waits for
        something, or is behind, is said in the answer.
        """
        try:
            await sources.database.read(version)
            await sources.database.read(_fits)
            heard = await sources.database.read(heartbeats.heard)
            behind = await sources.freshness.of(ALL_PARTNERS)
        except (DatabaseAway, DatabaseUnfit) as error:
            raise _unready(str(error)) from error
        dead = silence(heard, "ingest")
        if dead is not None:
            waits = "" if not behind.events else f"; {behind.events} events wait"
            raise _unready(dead + waits)
        said = {
            "status": "ready",
            "freshness": behind,
            "ingest": _told(heard, "ingest"),
            "project": _told(heard, "project"),
        }
        return Response(msgspec.json.encode(said), media_type="application/json")

    async def metrics(request: Request) -> Response:
        """Requests, latency and the intake's counters for Prometheus."""
        if not is_at_metrics_address(request.scope):
            access.check_metrics(request.headers.get("authorization"), host_of(request.scope))

        async def read(session: Session) -> Observed:
            untold = await intake.answers_behind(session) if tells_answers else None
            return Observed(
                await intake.lanes(session, ALL_PARTNERS),
                await heartbeats.heard(session),
                answers_behind=untold,
                recent=await recent.read(session, ALL_PARTNERS),
                missing=await sequences.missing(session),
            )

        try:
            found = await sources.database.read(read)
            behind = await sources.freshness.of(ALL_PARTNERS)
        except DatabaseAway:
            observed: Observed | None = None
        else:
            asked = sources.asked()
            compared = intake.compared(found.lanes, asked)
            observed = replace(found, lanes=compared, behind=behind, asked=asked)
        return Response(measures.exposition(observed), media_type=EXPOSITION)

    operation: dict[str, Any] = {
        "methods": ["GET"],
        "response_class": Response,
        "tags": ["operation"],
    }
    app.add_api_route("/livez", livez, **operation)
    app.add_api_route("/readyz", readyz, **operation, responses=refused(503))
    app.add_api_route(
        "/metrics",
        metrics,
        **operation,
        responses=refused(401, 403, 429),
        openapi_extra={"security": [{"bearer": []}]},
    )
    for path, respond in (("/livez", livez), ("/readyz", readyz), ("/metrics", metrics)):
        app.add_route(path, respond, methods=["HEAD"], include_in_schema=False)


async def _fits(session: Session) -> None:
    """Returns when the database is one of this version, or was expanded since; raises DatabaseUnfit."""
    ((has_versions, has_tables, others),) = await session.fetch(fitness.SQL["kinds_of_tables"])
    applied = [fitness.Applied(*row) for row in await session.fetch(fitness.SQL["applied"])]
    stored = [tuple(row) for row in await session.fetch(fitness.SQL["stored_format"])]
    found = fitness.Found(has_versions, has_tables, others, applied, stored[0] if stored else None)
    fitness.fits(found, migrations(), while_running=True)


def _unready(detail: str) -> Problem:
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, (), {"Retry-After": "1"})


def _told(heard: list[Heard], service: str) -> str:
    """How many processes of a service live, and how many of them wait; nothing of what for: this is open to all."""
    alive = living(heard, service)
    waiting = sum(each.trouble is not None for each in alive)
    dead = silence(heard, service)
    return dead or f"{len(alive)} running" + (f", {waiting} of them waiting" if waiting else "")
