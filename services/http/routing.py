"""Routes as values: what is asked, who answers, how it is described; and the way of one request.

Endpoints are ASGI applications: parameters are read strictly by services.http.parameters and answers are encoded by
msgspec, so no request pays for validation that its answer's types have done already, nor for FastAPI's own way from a
request to a function's arguments, which takes as long as the rest (docs/decisions/answers-when-they-are-asked.md).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import Response
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from services.http.access import Access, Caller
from services.http.database import DatabaseAway
from services.http.negotiation import CSV, JSON, NDJSON, PARQUET, preferred
from services.http.parameters import Parameter, read_query
from services.http.problems import Problem
from services.http.sources import Sources

ONE = (JSON,)
LIST = (JSON, CSV, NDJSON, PARQUET)

_encode = msgspec.json.Encoder().encode


class Asked(Struct, frozen=True):
    """One request that was understood. ``query`` has every parameter of the route, None where absent."""

    sources: Sources
    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, Any]
    media: str
    url_path: str


class Route(Struct, frozen=True, kw_only=True):
    """One route that is read with a token. ``answer`` is the type of its JSON answer.

    ``not_found``: when it answers 404; None: never.
    """

    path: str
    name: str
    summary: str
    answer: type
    respond: Callable[[Asked], Awaitable[Response]]
    parameters: Sequence[Parameter] = ()
    media: Sequence[str] = ONE
    not_found: str | None = None

    @property
    def template(self) -> str:
        """The path without converters, as OpenAPI and measures name it."""
        return self.path.replace(":path}", "}")


class Endpoint:
    """The ASGI application of one route."""

    def __init__(self, route: Route, access: Access, sources: Sources) -> None:
        self.template = route.template
        self._route = route
        self._access = access
        self._sources = sources

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._route
        authorization, accept = _headers(scope)
        caller = self._access.caller(authorization)
        media = preferred(accept, route.media)
        query = read_query(scope["query_string"], route.parameters)
        path = scope["path_params"]
        for name, value in path.items():
            check_path(name, value)
        asked = Asked(self._sources, caller, path, query, media, scope["path"])
        try:
            response = await route.respond(asked)
        except DatabaseAway as error:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE, str(error), (), {"Retry-After": "1"}
            ) from error
        await response(scope, receive, send)


def _headers(scope: Scope) -> tuple[str | None, str | None]:
    """Authorization and Accept; of several Accept headers one list is made (RFC 9110, section 5.3)."""
    authorization = accept = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            authorization = value.decode("latin-1")
        elif name == b"accept":
            text = value.decode("latin-1")
            accept = text if accept is None else f"{accept}, {text}"
    return authorization, accept


def json(answer: Any) -> Response:
    """An answer as JSON."""
    return Response(_encode(answer), media_type=JSON)


def check_path(name: str, value: str) -> None:
    """Raises 404 for a part of a path that nothing can be named by."""
    if not value or "\0" in value or "�" in value:
        raise Problem(HTTPStatus.NOT_FOUND, f"`{name}` is not a text that anything is named by")
