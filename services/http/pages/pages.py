"""Every page: which route answers it and which template shows it."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route as HttpRoute
from starlette.types import Receive, Scope, Send

from services.http.access import Access, Caller
from services.http.database import DatabaseAway
from services.http.pages.asking import ask, changed, day_of, given, instants, page_path, place
from services.http.pages.login import PATH as LOGIN
from services.http.pages.login import Login, caller_of, to_login
from services.http.pages.rendering import STYLE, STYLE_PATH, page_response, render
from services.http.problems import Problem
from services.http.routing import Route, check_path
from services.http.sources import Sources

PARTICIPANTS: Final = "/participants"


class Page(Struct, frozen=True, kw_only=True):
    """One page: the answer of a route in a template. Its path is the route's without /v1, unless given.

    ``beside`` names further routes whose answers it shows, each with a query.
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
    Page(route="partner_evaluation", template="partner.html"),
    Page(
        route="intake",
        template="intake.html",
        beside={"rejections": ("rejections", {"limit": "10"})},
    ),
    Page(route="rejections", template="rejections.html"),
)


def add_pages(app: FastAPI, routes: Sequence[Route], access: Access, sources: Sources) -> None:
    """Adds the pages, the login and the style sheet."""
    by_name = {route.name: route for route in routes}
    login = Login(access)
    added = [
        HttpRoute(page.path or _path(by_name[page.route]), _Shown(page, by_name, access, sources))
        for page in PAGES
    ]
    app.router.routes += [
        *added,
        HttpRoute(PARTICIPANTS, _search, methods=["GET"]),
        HttpRoute(LOGIN, login.show, methods=["GET"]),
        HttpRoute(LOGIN, login.enter, methods=["POST"]),
        HttpRoute("/logout", login.leave, methods=["POST"]),
        HttpRoute(STYLE_PATH, _style, methods=["GET"]),
    ]


class _Shown:
    """The ASGI application of one page."""

    def __init__(
        self, page: Page, routes: Mapping[str, Route], access: Access, sources: Sources
    ) -> None:
        self.template = page.path or routes[page.route].template.removeprefix("/v1")
        self._page = page
        self._routes = routes
        self._access = access
        self._sources = sources

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        caller = caller_of(request, self._access)
        if request.method not in {"GET", "HEAD"}:
            response = page_response("", HTTPStatus.METHOD_NOT_ALLOWED)
        elif caller is None:
            response = to_login(request)
        else:
            response = await self._show(request, caller)
        await response(scope, receive, send)

    async def _show(self, request: Request, caller: Caller) -> Response:
        route = self._routes[self._page.route]
        sent = given(request.scope["query_string"])
        context = _context(request, caller, route, sent)
        try:
            for name, value in request.path_params.items():
                check_path(name, value)
            answer = await self._ask(request, caller, route, instants(sent, route))
            beside = {
                name: await self._ask(request, caller, self._routes[other], query)
                for name, (other, query) in self._page.beside.items()
            }
        except Problem as problem:
            return _failed(context, problem.status, problem.detail)
        except DatabaseAway as away:
            return _failed(context, HTTPStatus.SERVICE_UNAVAILABLE, str(away))
        return page_response(render(self._page.template, answer=answer, **beside, **context))

    async def _ask(
        self, request: Request, caller: Caller, route: Route, query: Mapping[str, str]
    ) -> Any:
        path = request.path_params
        return await ask(route, self._sources, caller, path, query, request.url.path)


def _context(
    request: Request, caller: Caller, route: Route, sent: Mapping[str, str]
) -> dict[str, Any]:
    """What every template knows beside the answer."""
    as_of = sent.get("as_of")
    return {
        "viewer": caller,
        "path": request.url.path,
        "sent": sent,
        "filters": [
            each for each in route.parameters if each.name not in {"as_of", "limit", "cursor"}
        ],
        "timed": any(each.name == "as_of" for each in route.parameters),
        "as_of": as_of,
        "day_of": day_of,
        "to": lambda path: page_path(path, as_of),
        "place": lambda *parts: page_path(place(*parts), as_of),
        "again": lambda **changes: request.url.path + changed(sent, changes),
    }


def _failed(context: Mapping[str, Any], status: HTTPStatus, detail: str) -> Response:
    body = render("failed.html", **context, status=status, detail=detail)
    return page_response(body, status)


async def _search(request: Request) -> Response:
    """On to the classes of the participant who was searched for."""
    sent = given(request.scope["query_string"])
    participant = sent.get("participant_id")
    if participant is None:
        return RedirectResponse("/", HTTPStatus.SEE_OTHER)
    found = page_path(place("participants", participant, "classes"), sent.get("as_of"))
    return RedirectResponse(found, HTTPStatus.SEE_OTHER)


async def _style(_request: Request) -> Response:
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(STYLE, headers=headers, media_type="text/css; charset=utf-8")


def _path(route: Route) -> str:
    return route.path.removeprefix("/v1")
