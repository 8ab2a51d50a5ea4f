"""Liveness and readiness, open to everybody, and Prometheus' view, which names partners and so is not."""

from http import HTTPStatus

from fastapi import FastAPI, Request, Response

from projections.reading import intake
from projections.reading.catalogue import version
from projections.reading.intake import Lane
from projections.reading.purchased_classes import ALL_PARTNERS
from projections.reading.session import Session
from services.http.access import Access, host_of
from services.http.away import DatabaseAway
from services.http.measures import Measures
from services.http.metrics_address import is_at_metrics_address
from services.http.problems import Problem
from services.http.sources import Sources

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


def add_health_routes(app: FastAPI, sources: Sources, measures: Measures, access: Access) -> None:
    """Adds ``/livez``, ``/readyz`` and ``/metrics``."""

    async def livez(request: Request) -> Response:  # noqa: ARG001
        """Says that the process answers."""
        return Response(b'{"status":"alive"}', media_type="application/json")

    async def readyz(request: Request) -> Response:  # noqa: ARG001
        """Says whether the database can be reached and has its tables."""
        try:
            await sources.database.read(version)
            await sources.database.read(intake.backlog)
        except DatabaseAway as error:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE, str(error), (), {"Retry-After": "1"}
            ) from error
        return Response(b'{"status":"ready"}', media_type="application/json")

    async def metrics(request: Request) -> Response:
        """Requests, latency and the intake's counters for Prometheus."""
        if not is_at_metrics_address(request.scope):
            access.check_metrics(request.headers.get("authorization"), host_of(request.scope))

        async def read(session: Session) -> list[Lane]:
            return await intake.lanes(session, ALL_PARTNERS)

        try:
            lanes = await sources.database.read(read)
        except DatabaseAway:
            lanes = None
        return Response(measures.exposition(lanes), media_type=EXPOSITION)

    for path, respond in (("/livez", livez), ("/readyz", readyz), ("/metrics", metrics)):
        app.add_api_route(
            path, respond, methods=["GET"], response_class=Response, tags=["operation"]
        )
        app.add_route(path, respond, methods=["HEAD"], include_in_schema=False)
