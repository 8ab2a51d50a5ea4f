"""Every page: which route answers it and which template shows it."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.routing import Route as HttpRoute
from starlette.types import Receive, Scope, Send

from services.http.access import Access, Caller
from services.http.away import DatabaseAway
from services.http.pages.asking import ask, changed, day_of, given, instants, page_path, place
from services.http.pages.login import PATH as LOGIN
from services.http.pages.login import Login, caller_of, to_login
from services.http.pages.rendering import STYLE, page_response, render
from services.http.paths import Paths
from services.http.problems import Problem, nothing_here, only_read, refusal
from services.http.routing import PREFIX, Route, sent_path
from services.http.sessions import Sessions
from services.http.sources import Sources
from services.http.static_files import serve

PARTICIPANTS: Final = "/participants"


class Page(Struct, frozen=True, kw_only=True):
    """One page: the answer of a route in a template. Its path is the route's without /v1, unless given.

    ``beside`` names further routes whose answers it shows, each with a query; `{partner}` in one is that of the path.
    """

    route: str
    template: str
    path: str = ""
    beside: Mapping[str, tuple[str, Mapping[str, str]]] = {}


PAGES: Final = (
    Page(route="partners", template="home.html", path="/"),
    Page(route="participant_classes", template="participant.html"),
    Page(route="class_history", template="history.html"),
    Page(route="purchased_classes", template="purchased_classes.html"),
    Page(route="purchase", template="purchase.html"),
    Page(route="package_purchases", template="package_purchases.html"),
    Page(route="class_evaluation", template="class.html"),
    Page(route="package_evaluation", template="package.html"),
    Page(route="institutions", template="institutions.html"),
    Page(route="institution_evaluation", template="institution.html"),
    Page(
        route="partner_evaluation",
        template="partner.html",
        beside={"intake": ("intake", {"partner": "{partner}"})},
    ),
    Page(
        route="intake",
        template="intake.html",
        beside={"rejections": ("rejections", {"limit": "10"})},
    ),
    Page(route="rejections", template="rejections.html"),
)


def add_pages(app: FastAPI, routes: Sequence[Route], access: Access, sources: Sources) -> None:
    """Adds the login, the style sheet and, last of all that the application has, the pages."""
    sessions = Sessions(access, sources.database.share())
    login = Login(access, sessions)
    serve(app, STYLE)
    app.router.routes += [
        HttpRoute(PARTICIPANTS, _search, methods=["GET"]),
        HttpRoute(LOGIN, login.show, methods=["GET"]),
        HttpRoute(LOGIN, login.enter, methods=["POST"]),
        HttpRoute("/logout", login.leave, methods=["POST"]),
        Pages(routes, sessions, sources),
    ]


class Pages(BaseRoute):
    """Every page, and for people the answer that a path has none."""

    def __init__(self, routes: Sequence[Route], sessions: Sessions, sources: Sources) -> None:
        by_name = {route.name: route for route in routes}
        shown = [_Shown(page, by_name, sources) for page in PAGES]
        self._pages = Paths({each.template: each for each in shown})
        self._sessions = sessions

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Every path that no other route has; partly, since a route with another method goes first."""
        is_here = scope["type"] == "http" and not sent_path(scope).startswith(PREFIX)
        return (Match.PARTIAL if is_here else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Problem as problem:
            response = _failed({}, problem)
        except DatabaseAway as away:
            response = _failed({}, Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(away)))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        found = self._pages.find(sent_path(request.scope))
        if found is None:
            if "text/html" in request.headers.get("accept", ""):
                return _failed({}, nothing_here())
            # Whoever is no browser is told as programs are.
            return refusal(request, nothing_here())
        shown, names = found
        request.scope["endpoint"] = shown
        if request.method not in {"GET", "HEAD"}:
            raise only_read()
        caller = await caller_of(request, self._sessions)
        return to_login(request) if caller is None else await shown.show(request, caller, names)


class _Shown:
    """One page."""

    def __init__(self, page: Page, routes: Mapping[str, Route], sources: Sources) -> None:
        self.template = page.path or routes[page.route].path.removeprefix("/v1")
        self._page = page
        self._routes = routes
        self._sources = sources

    async def show(self, request: Request, caller: Caller, names: Mapping[str, str]) -> Response:
        """The page, or why there is none."""
        route = self._routes[self._page.route]
        sent = given(request.scope["query_string"])
        context = _context(request, caller, route, sent)
        try:
            answer = await self._ask(context, caller, route, names, instants(sent, route))
            beside = {
                name: await self._ask(
                    context, caller, self._routes[other], names, _filled(query, names)
                )
                for name, (other, query) in self._page.beside.items()
            }
        except Problem as problem:
            return _failed(context, problem)
        except DatabaseAway as away:
            return _failed(context, Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(away)))
        return page_response(render(self._page.template, answer=answer, **beside, **context))

    async def _ask(
        self,
        context: Mapping[str, Any],
        caller: Caller,
        route: Route,
        names: Mapping[str, str],
        query: Mapping[str, str],
    ) -> Any:
        return await ask(route, self._sources, caller, names, query, context["path"])


def _filled(query: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {name: text.format_map(names) for name, text in query.items()}


def _context(
    request: Request, caller: Caller, route: Route, sent: Mapping[str, str]
) -> dict[str, Any]:
    """What every template knows beside the answer."""
    as_of = sent.get("as_of")
    path = sent_path(request.scope).decode("latin-1")
    return {
        "viewer": caller,
        "path": path,
        "sent": sent,
        "filters": [
            each
            for each in route.parameters
            if each.name not in {"as_of", "time_zone", "limit", "cursor"}
        ],
        "timed": any(each.name == "as_of" for each in route.parameters),
        "as_of": as_of,
        "day_of": day_of,
        "to": lambda path: page_path(path, as_of),
        "place": lambda *parts: page_path(place(*parts), as_of),
        "again": lambda **changes: path + changed(sent, changes),
    }


def _failed(context: Mapping[str, Any], problem: Problem) -> Response:
    body = render("failed.html", **context, status=problem.status, detail=problem.detail)
    response = page_response(body, problem.status)
    response.headers.update(problem.headers or {})
    return response


async def _search(request: Request) -> Response:
    """On to the classes of the participant who was searched for."""
    sent = given(request.scope["query_string"])
    participant = sent.get("participant_id")
    if participant is None:
        return RedirectResponse("/", HTTPStatus.SEE_OTHER)
    found = page_path(place("participants", participant, "classes"), sent.get("as_of"))
    return RedirectResponse(found, HTTPStatus.SEE_OTHER)
