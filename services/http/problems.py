"""Errors as problem details (RFC 9457): one shape for everything that is not an answer."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from domain.telling import tell
from services.http.safe_headers import SAFE

MEDIA_TYPE = "application/problem+json"


class Fault(Struct, frozen=True):
    """One wrong parameter, and what to correct."""

    parameter: str
    detail: str


class ProblemDetails(Struct, frozen=True, omit_defaults=True):
    """RFC 9457. ``type`` is absent: the status says all."""

    title: str
    status: int
    detail: str
    instance: str = ""
    errors: Sequence[Fault] = ()


def said(fault: Fault) -> str:
    """One wrong parameter as a sentence, without its full stop."""
    return tell("`%(parameter)s` %(fault)s", parameter=fault.parameter, fault=fault.detail)


def encoded(problem: ProblemDetails) -> bytes:
    """The problem as a body."""
    return msgspec.json.encode(problem)


class Problem(Exception):
    """An answer that is an error: status, a sentence, and the parameters that are wrong."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers


def unprocessable(*faults: Fault) -> Problem:
    """422: parameters that cannot be understood."""
    detail = "; ".join(map(said, faults))
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, faults)


def not_found(detail: str) -> Problem:
    """404."""
    return Problem(HTTPStatus.NOT_FOUND, detail)


def nothing_here() -> Problem:
    """404 for a path that no route has."""
    return not_found(DETAILS[HTTPStatus.NOT_FOUND])


def only_read() -> Problem:
    """405 for a method that would write."""
    status = HTTPStatus.METHOD_NOT_ALLOWED
    return Problem(status, DETAILS[status], (), {"Allow": "GET, HEAD"})


def refusal(request: Request, problem: Problem) -> Response:
    """The problem as the response to a request."""
    instance = request.scope["raw_path"].decode("latin-1")
    status = problem.status
    body = ProblemDetails(status.phrase, status, problem.detail, instance, problem.errors)
    headers = {**SAFE, **(problem.headers or {})}
    return Response(encoded(body), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Makes every error of the application a problem."""

    async def problem(request: Request, error: Any) -> Response:
        return refusal(request, error)

    async def http_error(request: Request, error: Any) -> Response:
        status = HTTPStatus(error.status_code)
        detail = DETAILS.get(status, str(error.detail))
        return refusal(request, Problem(status, detail, (), error.headers))

    async def gone(request: Request, _error: Exception) -> Response:
        return refusal(
            request, Problem(HTTPStatus.REQUEST_TIMEOUT, "the rest of the request did not arrive")
        )

    async def crash(request: Request, _error: Exception) -> Response:
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return refusal(
            request, Problem(status, "the server failed at this request; its log says why")
        )

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(Exception, crash)


DETAILS: Mapping[HTTPStatus, str] = {
    HTTPStatus.NOT_FOUND: tell("there is nothing at this path; /openapi.json lists what there is"),
    HTTPStatus.METHOD_NOT_ALLOWED: tell("this path is read with GET"),
}
