"""An address of its own for ``/metrics``: who can reach it needs no token, and finds nothing else there."""

from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.http.problems import nothing_here, refusal

PATH: Final = b"/metrics"
MARK: Final = "tuntas.metrics_address"


class MetricsAddress:
    """The application, of which the metrics' port shows ``/metrics`` alone."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The server's own word, from the socket: no header of a client changes it.
        if scope["type"] == "http" and scope["server"][1] == self._port:
            if scope["raw_path"] != PATH:
                response = refusal(Request(scope), nothing_here())
                await response(scope, receive, send)
                return
            scope[MARK] = True
        await self._app(scope, receive, send)


def is_at_metrics_address(scope: Scope) -> bool:
    """Whether a request came in at the address that is for the metrics."""
    return MARK in scope
