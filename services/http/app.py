"""The application: every route of the contract over one database."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI

from services.http import problems
from services.http.access import Access, Caller
from services.http.docs import add_docs
from services.http.kafka_view import KafkaView
from services.http.measures import Measured, Measures
from services.http.metrics_address import MetricsAddress
from services.http.openapi import describe
from services.http.pages.pages import add_pages
from services.http.routes import (
    deliveries,
    evaluations,
    events,
    first_completions,
    headlines,
    health,
    hints,
    intake,
    participants,
    purchased_classes,
    purchases,
    reconciliation,
    reviews,
    series,
)
from services.http.routing import Route, Routes
from services.http.sources import Sources
from services.kafka.log_watch import LogWatch
from services.kafka.security import security_of
from services.kafka.topics import partner_topic
from services.settings import Settings

ROUTES: Final[Sequence[Route]] = (
    *participants.ROUTES,
    *purchased_classes.ROUTES,
    *purchases.ROUTES,
    *first_completions.ROUTES,
    *headlines.ROUTES,
    *evaluations.ROUTES,
    *series.ROUTES,
    *events.ROUTES,
    *reconciliation.ROUTES,
    *reviews.ROUTES,
    *deliveries.ROUTES,
    *intake.ROUTES,
    *hints.ROUTES,
)
"""Every route that is read with a token; the one that is asked most comes first."""

SENT_TO: Final[Sequence[Route]] = events.SENT_TO
"""Those whose question is sent."""


ANYBODY: Final = Caller(share=b"operation")
"""Whose share of the API its own operation uses up, which is asked for without a token."""


def create_app(settings: Settings) -> FastAPI:
    """The API. It connects to the database when it is asked for something, not before."""
    sources = Sources(settings.database_url)
    access = Access(settings.evaluator_tokens, settings.partner_tokens, settings.metrics_tokens)
    measures = Measures()
    view: KafkaView | None = None
    if settings.kafka_bootstrap:
        view = sources.kafka = KafkaView(
            lambda: LogWatch(settings.kafka_bootstrap, security_of(settings)),
            [partner_topic(partner) for partner in sorted(settings.partners)],
            sources.database,
        )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if view is not None:
            view.start()
        yield
        if view is not None:
            await view.close()
        await sources.close()

    app = FastAPI(
        title="Tuntas",
        version=version("tuntas"),
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    app.router.routes.append(Routes((*ROUTES, *SENT_TO), access, sources))
    tells = settings.answers == "on"
    health.add_health_routes(app, sources.of(ANYBODY), measures, access, tells_answers=tells)
    add_docs(app)
    add_pages(app, ROUTES, access, sources)
    describe(app, (*ROUTES, *SENT_TO))
    app.add_middleware(Measured, measures=measures)
    if settings.metrics_port:
        app.add_middleware(MetricsAddress, port=settings.metrics_port)
    return app
