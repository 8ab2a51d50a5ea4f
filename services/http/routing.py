"""Routes as values: what is asked, who answers, how it is described; and the way of one request.

Endpoints take the request itself: parameters are read strictly by services.http.parameters and answers are encoded
by msgspec, so no request pays for validation that its answer's types have done already.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import Request, Response
from msgspec import Struct

from services.http.access import Access, Caller
from services.http.database import DatabaseAway
from services.http.negotiation import CSV, JSON, NDJSON, preferred
from services.http.parameters import Parameter, read_query
from services.http.problems import Problem
from services.http.sources import Sources

ONE = (JSON,)
LIST = (JSON, CSV, NDJSON)

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


def endpoint(
    route: Route, access: Access, sources: Sources
) -> Callable[[Request], Awaitable[Response]]:
    """The function that FastAPI calls for the route."""

    async def respond(request: Request) -> Response:
        headers = request.headers
        caller = access.caller(headers.get("authorization"))
        media = preferred(headers.get("accept"), route.media)
        query = read_query(request.scope["query_string"], route.parameters)
        path = request.path_params
        for name, value in path.items():
            _check_path(name, value)
        asked = Asked(sources, caller, path, query, media, request.scope["path"])
        try:
            return await route.respond(asked)
        except DatabaseAway as error:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE, str(error), (), {"Retry-After": "1"}
            ) from error

    return respond


def json(answer: Any) -> Response:
    """An answer as JSON."""
    return Response(_encode(answer), media_type=JSON)


def _check_path(name: str, value: str) -> None:
    if not value or "\0" in value or "�" in value:
        raise Problem(HTTPStatus.NOT_FOUND, f"`{name}` is not a text that anything is named by")
