"""Routes as values: what is asked, who answers, how it is described; and the way of one request.

Endpoints are ASGI applications: parameters are read strictly by services.http.parameters and answers are encoded by
msgspec, so no request pays for validation that its answer's types have done already, nor for FastAPI's own way from a
request to a function's arguments, which takes as long as the rest (docs/decisions/answers-when-they-are-asked.md).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import Response
from msgspec import Struct
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from services.http.access import Access, Caller, host_of
from services.http.away import DatabaseAway
from services.http.negotiation import CSV, JSON, NDJSON, PARQUET, preferred
from services.http.parameters import Parameter, check_zone, read_query
from services.http.paths import Paths
from services.http.problems import Fault, Problem, nothing_here, only_read, unprocessable
from services.http.safe_headers import RAW
from services.http.sources import Sources

PREFIX: Final = b"/v1/"

ONE = (JSON,)
LIST = (JSON, CSV, NDJSON, PARQUET)

JSON_HEADERS: Final = (*RAW, (b"content-type", JSON.encode()))

_encode = msgspec.json.Encoder().encode


class Asked(Struct, frozen=True):
    """One request that was understood. ``query`` has every parameter of the route, None where absent.

    ``receive`` tells when whoever asks has left. ``body`` is what was sent to a route that takes one.
    """

    sources: Sources
    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, Any]
    media: str
    url_path: str
    receive: Receive | None = None
    body: Any = None


class Route(Struct, frozen=True, kw_only=True):
    """One route that is read with a token. ``answer`` is the type of its JSON answer.

    ``not_found``: when it answers 404; None: never. ``body``: the type of what is sent to it as JSON, by POST, where
    a question is too long for a URL; None: it is read by GET. ``evaluators_only``: partners' tokens get 403.
    """

    path: str
    name: str
    summary: str
    answer: type
    respond: Callable[[Asked], Awaitable[Response]]
    parameters: Sequence[Parameter] = ()
    media: Sequence[str] = ONE
    not_found: str | None = None
    body: type | None = None
    evaluators_only: bool = False


class Routes(BaseRoute):
    """Everything that is read with a token: whoever sends none learns nothing of what there is."""

    def __init__(self, routes: Sequence[Route], access: Access, sources: Sources) -> None:
        read = [route for route in routes if route.body is None]
        sent = [route for route in routes if route.body is not None]
        self._endpoints = Paths({route.path: Endpoint(route, sources) for route in read})
        self._sent_to = Paths({route.path: Endpoint(route, sources) for route in sent})
        self._access = access

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Every path that begins as the routes do."""
        is_below = scope["type"] == "http" and sent_path(scope).startswith(PREFIX)
        return (Match.FULL if is_below else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        authorization, accept = _headers(scope)
        caller = self._access.caller(authorization, host_of(scope))
        method = scope["method"]
        found = self._sent_to.find(sent_path(scope)) if method == "POST" else None
        found = found or self._endpoints.find(sent_path(scope))
        if found is None:
            raise nothing_here()
        endpoint, names = found
        scope["endpoint"] = endpoint
        if method not in endpoint.methods:
            raise only_read()
        response = await endpoint.answer(scope, receive, caller, accept, names)
        await response(scope, receive, send)


class Endpoint:
    """One route, and what it answers from."""

    def __init__(self, route: Route, sources: Sources) -> None:
        self.template = route.path
        self.methods = {"GET", "HEAD"} if route.body is None else {"POST"}
        self._decoder: msgspec.json.Decoder[Any] | None = (
            None if route.body is None else msgspec.json.Decoder(route.body)
        )
        self._route = route
        self._sources = sources

    async def answer(
        self,
        scope: Scope,
        receive: Receive,
        caller: Caller,
        accept: str | None,
        names: Mapping[str, str],
    ) -> Response:
        """The answer to one request. Raises Problem."""
        route = self._route
        if route.evaluators_only:
            caller.must_be_evaluator()
        media = preferred(accept, route.media)
        query = read_query(scope["query_string"], route.parameters)
        check_zone(query, media)
        url_path = sent_path(scope).decode("latin-1")
        asked = Asked(self._sources.of(caller), caller, names, query, media, url_path, receive)
        if self._decoder is not None:
            asked = msgspec.structs.replace(asked, body=_read(self._decoder, await _body(receive)))
        try:
            return await route.respond(asked)
        except DatabaseAway as error:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE, str(error), (), {"Retry-After": "1"}
            ) from error


async def _body(receive: Receive) -> bytes:
    """What was sent; the server bounds it, in size and time. Raises ClientDisconnect."""
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _read(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise unprocessable(Fault("body", f"is not as it should be: {error}")) from error


def sent_path(scope: Scope) -> bytes:
    """The path as it was sent, without decoding: a slash within a name is ``%2F`` there."""
    path: bytes = scope["raw_path"]
    return path


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


class JsonResponse(Response):
    """An answer as JSON, whose headers are known before."""

    media_type = JSON

    def __init__(self, body: bytes) -> None:
        # What Response works out from its arguments takes as long as encoding a person's classes.
        self.status_code = HTTPStatus.OK
        self.background = None
        self.body = body
        self.raw_headers = [*JSON_HEADERS, (b"content-length", b"%d" % len(body))]


def json(answer: Any) -> Response:
    """An answer as JSON."""
    return JsonResponse(_encode(answer))
