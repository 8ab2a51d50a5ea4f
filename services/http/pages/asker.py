"""Asks the API's routes by their names, as one who looks at a page."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from starlette.responses import Response

from services.http.access import Caller
from services.http.negotiation import JSON
from services.http.pages.asking import ask, respond
from services.http.problems import Problem
from services.http.routing import Route
from services.http.sources import Sources

NOTHING: Mapping[str, str] = {}


class Asker(Struct, frozen=True):
    """Every route of the API, and what answers them."""

    routes: Mapping[str, Route]
    sources: Sources

    async def ask(
        self,
        name: str,
        caller: Caller,
        names: Mapping[str, str] = NOTHING,
        query: Mapping[str, str] = NOTHING,
        url_path: str = "/",
    ) -> Any:
        """The JSON answer of a route. Raises Problem and DatabaseAway."""
        return await ask(self.routes[name], self.sources, caller, names, query, url_path)

    async def known(
        self,
        name: str,
        caller: Caller,
        names: Mapping[str, str] = NOTHING,
        query: Mapping[str, str] = NOTHING,
    ) -> Any | None:
        """As ``ask``; None where there is no such thing, or it may not be seen. Raises DatabaseAway."""
        try:
            return await self.ask(name, caller, names, query)
        except Problem:
            return None

    async def file(
        self,
        name: str,
        caller: Caller,
        names: Mapping[str, str],
        query: Mapping[str, str],
        url_path: str,
        media: str = JSON,
    ) -> Response:
        """The response of a route in another media type. Raises Problem and DatabaseAway."""
        return await respond(self.routes[name], self.sources, caller, names, query, url_path, media)
