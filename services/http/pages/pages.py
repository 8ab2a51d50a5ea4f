"""Every page: which route answers it and which template shows it."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.routing import Route as HttpRoute
from starlette.types import Receive, Scope, Send

from domain.telling import tell
from services.http.access import Access, Caller
from services.http.away import DatabaseAway
from services.http.pages import languages
from services.http.pages.asker import Asker
from services.http.pages.checking import Checking
from services.http.pages.comparing import Comparing
from services.http.pages.context import visit_of
from services.http.pages.deliveries import Deliveries
from services.http.pages.finding import Finding
from services.http.pages.languages import language_of
from services.http.pages.login import PATH as LOGIN
from services.http.pages.login import Login, caller_of, to_login
from services.http.pages.overview import Overview
from services.http.pages.periods import SHOWN as PERIODS
from services.http.pages.rendering import STYLE, page, page_response, render
from services.http.pages.reporting import reports
from services.http.pages.shown import Page, Shown
from services.http.paths import Paths
from services.http.problems import Problem, nothing_here, only_read, refusal, said
from services.http.routing import PREFIX, Route, sent_path
from services.http.sessions import Sessions
from services.http.sources import Sources
from services.http.static_files import serve
from services.language.marking import to_say

PAGES: Final = (
    Page(route="participant_classes", template="participant.html"),
    Page(route="class_history", template="history.html", limit=50),
    Page(route="purchased_classes", template="purchased_classes.html", limit=25),
    Page(route="purchase", template="purchase.html"),
    Page(route="purchases", template="purchases.html", limit=50),
    Page(route="package_purchases", template="package_purchases.html", limit=25),
    Page(route="class_evaluation", template="class.html"),
    Page(route="package_evaluation", template="package.html"),
    Page(route="first_completions", template="first_completions.html", limit=45),
    Page(route="first_completion", template="first_completion.html"),
    Page(route="classes", template="classes.html", limit=40),
    Page(route="packages", template="packages.html", limit=50),
    Page(route="class_reviews", template="reviews.html", limit=25),
    Page(route="class_series", template="series.html", limit=PERIODS),
    Page(route="package_series", template="series.html", limit=PERIODS),
    Page(route="institution_series", template="series.html", limit=PERIODS),
    Page(route="partner_series", template="series.html", limit=PERIODS),
    Page(route="institutions", template="institutions.html", limit=50),
    Page(route="institution_evaluation", template="institution.html"),
    Page(
        route="partner_evaluation",
        template="partner.html",
        beside={
            "intake": ("intake", {"partner": "{partner}"}),
            "hints": ("hints", {"partner": "{partner}"}),
        },
    ),
    Page(
        route="intake",
        template="intake.html",
        beside={"rejections": ("rejections", {"limit": "5"})},
    ),
    Page(route="event", template="event.html"),
    Page(route="rejections", template="rejections.html", limit=20),
)


class View(Protocol):
    """A page. ``template``: its path."""

    template: str

    @property
    def methods(self) -> frozenset[str]:
        """GET and HEAD, and POST where something is pasted."""

    async def show(self, request: Request, caller: Caller, names: Mapping[str, str]) -> Response:
        """The page. Raises Problem and DatabaseAway."""


def add_pages(app: FastAPI, routes: Sequence[Route], access: Access, sources: Sources) -> None:
    """Adds the login, the style sheet and, last of all that the application has, the pages."""
    sessions = Sessions(access, sources.database.share())
    login = Login(access, sessions)
    serve(app, STYLE)
    app.router.routes += [
        HttpRoute(LOGIN, login.show, methods=["GET"]),
        HttpRoute(LOGIN, login.enter, methods=["POST"]),
        HttpRoute("/logout", login.leave, methods=["POST"]),
        HttpRoute(languages.PATH, languages.choose, methods=["POST"]),
        Pages(routes, sessions, sources),
    ]


class Pages(BaseRoute):
    """Every page, and for people the answer that a path has none."""

    def __init__(self, routes: Sequence[Route], sessions: Sessions, sources: Sources) -> None:
        asker = Asker({route.name: route for route in routes}, sources)
        views: list[View] = [
            Overview(asker),
            Finding(asker),
            Comparing(asker),
            Deliveries(asker),
            Checking(),
            Words(),
            *reports(asker),
            *(Shown(page, asker) for page in PAGES),
        ]
        self._pages: Paths[View] = Paths({each.template: each for each in views})
        self._sessions = sessions

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Every path that no other route has; partly, since a route with another method goes first."""
        is_here = scope["type"] == "http" and not sent_path(scope).startswith(PREFIX)
        return (Match.PARTIAL if is_here else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Exception:
            failed = _failed(request, None, Problem(HTTPStatus.INTERNAL_SERVER_ERROR, CRASHED))
            await failed(scope, receive, send)
            raise
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        caller: Caller | None = None
        try:
            found = self._pages.find(sent_path(request.scope))
            if found is None:
                if "text/html" not in request.headers.get("accept", ""):
                    # Whoever is no browser is told as programs are.
                    return refusal(request, nothing_here())
                caller = await caller_of(request, self._sessions)
                return _failed(request, caller, Problem(HTTPStatus.NOT_FOUND, NO_PAGE))
            view, names = found
            request.scope["endpoint"] = view
            if request.method not in view.methods:
                raise only_read()
            caller = await caller_of(request, self._sessions)
            if caller is None:
                return to_login(request)
            return await view.show(request, caller, names)
        except Problem as problem:
            return _failed(request, caller, problem)
        except DatabaseAway as away:
            return _failed(request, caller, Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(away)))


class Words:
    """What the words mean."""

    template = "/words"
    methods = frozenset({"GET", "HEAD"})

    async def show(self, request: Request, caller: Caller, names: Mapping[str, str]) -> Response:
        """The page."""
        del names
        return page(visit_of(request, caller, None), "words.html")


NO_PAGE: Final = tell("there is no page at this address")
CRASHED: Final = tell("the server failed at this request; its log says why")


def _failed(request: Request, caller: Caller | None, problem: Problem) -> Response:
    """Why there is no page, as a page."""
    of = language_of(request)
    context: dict[str, Any] = {"viewer": caller, "path": "", "as_of": None, "address": "/"}
    body = render(
        "failed.html",
        of,
        **context,
        status=problem.status,
        title=of.gettext(TITLES.get(problem.status, problem.status.phrase)),
        sentences=list(map(said, problem.errors)) or [problem.detail],
    )
    response = page_response(body, of, problem.status)
    response.headers.update(problem.headers or {})
    return response


TITLES: Final = {
    HTTPStatus.NOT_FOUND: to_say("Not found"),
    HTTPStatus.FORBIDDEN: to_say("Not for this token"),
    HTTPStatus.UNPROCESSABLE_ENTITY: to_say("This cannot be asked so"),
    HTTPStatus.METHOD_NOT_ALLOWED: to_say("This page is only read"),
    HTTPStatus.SERVICE_UNAVAILABLE: to_say("Not available at the moment"),
    HTTPStatus.INTERNAL_SERVER_ERROR: to_say("The server failed"),
    HTTPStatus.TOO_MANY_REQUESTS: to_say("Too many requests"),
}
