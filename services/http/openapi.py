"""The OpenAPI document: routes as they are declared, answers as their types say."""

from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from services.http import parameters
from services.http.negotiation import CSV, JSON, NDJSON, PARQUET
from services.http.problems import MEDIA_TYPE, ProblemDetails
from services.http.routing import Route

COMPONENTS = "#/components/schemas/{name}"

DESCRIPTION = """Every purchased training class, followed to its completion and assessment.

Times are UTC; CSV and Parquet have them in another zone where `time_zone` names one. `as_of` asks what had happened
by a time. Each answer says how far it is behind (`freshness`). Lists are read page by page with `limit` and
`cursor`, or whole as `text/csv`, `application/x-ndjson` or `application/vnd.apache.parquet`. Errors are problem
details (RFC 9457)."""

PROBLEMS = {
    401: "No token, or one that is not known.",
    403: "The token does not read this partner's data.",
    404: "The path names nothing.",
    406: "The answer is not given in an accepted media type.",
    414: "The URL is too long.",
    422: "Parameters that cannot be understood; each is named.",
    429: "Too many unknown tokens came from the caller's address; Retry-After says when to try again.",
    503: "The database cannot be reached, or the question took too long.",
}


def responses_of(route: Route) -> dict[str, dict[str, Any]]:
    """The responses of a route, with its answer's schema by reference."""
    (schema,), _ = msgspec.json.schema_components([route.answer], ref_template=COMPONENTS)
    content: dict[str, Any] = {JSON: {"schema": schema}}
    for media in (CSV, NDJSON):
        if media in route.media:
            content[media] = {"schema": {"type": "string"}}
    if PARQUET in route.media:
        content[PARQUET] = {"schema": {"type": "string", "format": "binary"}}
    answers: dict[str, dict[str, Any]] = {"200": {"description": route.summary, "content": content}}
    spoken_of = " ".join([route.path, *(parameter.name for parameter in route.parameters)])
    for status, description in PROBLEMS.items():
        if (status == 404 and "{" not in route.path) or (
            status == 403 and "partner" not in spoken_of and not route.evaluators_only
        ):
            continue
        answers[str(status)] = {
            "description": (status == 404 and route.not_found) or description,
            "content": {MEDIA_TYPE: {"schema": _PROBLEM}},
        }
    return answers


def refused(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The responses of a route that may refuse."""
    return {
        status: {"description": PROBLEMS[status], "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
        for status in statuses
    }


def operation(route: Route) -> dict[str, Any]:
    """What the document says of a route."""
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    path: Sequence[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": parameters.PARTNER.schema if name == "partner" else _NAME,
        }
        for name in names
    ]
    query = [parameter.document() for parameter in route.parameters]
    told = {
        "summary": route.summary,
        "operationId": route.name,
        "security": [{"bearer": []}],
        "parameters": [*path, *query],
        "responses": responses_of(route),
    }
    if route.body is not None:
        (schema,), _ = msgspec.json.schema_components([route.body], ref_template=COMPONENTS)
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return told


def paths_of(routes: Sequence[Route]) -> dict[str, Any]:
    """Path to its operations, by method."""
    found: dict[str, Any] = {}
    for route in routes:
        method = "get" if route.body is None else "post"
        found.setdefault(route.path, {})[method] = operation(route)
    return found


def describe(app: FastAPI, routes: Sequence[Route]) -> None:
    """Makes ``/openapi.json`` the document of the routes; built when it is asked for first."""
    answers = [route.answer for route in routes]
    bodies = [route.body for route in routes if route.body is not None]

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            built = get_openapi(
                title=app.title,
                version=app.version,
                description=DESCRIPTION,
                routes=app.routes,
            )
            built["paths"] = paths_of(routes) | built["paths"]
            _, schemas = msgspec.json.schema_components(
                [*answers, *bodies, ProblemDetails], ref_template=COMPONENTS
            )
            built["components"] = {
                "schemas": schemas,
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            }
            app.openapi_schema = built
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


_NAME = {"type": "string", "minLength": 1}
_PROBLEM = {"$ref": COMPONENTS.format(name="ProblemDetails")}
