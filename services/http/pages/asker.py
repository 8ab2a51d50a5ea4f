"""Asks the API's routes by their names, as one who looks at a page: the same parameters, the same rights."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from starlette.responses import Response

from services.http.access import Caller
from services.http.negotiation import JSON
from services.http.parameters import read_query
from services.http.problems import Problem
from services.http.routing import Asked, Route
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
        response = await self.file(name, caller, names, query, url_path)
        return msgspec.json.decode(response.body)

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
        """The response of a route in a media type of its own. Raises Problem and DatabaseAway."""
        route = self.routes[name]
        if route.evaluators_only:
            caller.must_be_evaluator()
        read = read_query(urlencode(query).encode(), route.parameters)
        asked = Asked(self.sources.of(caller), caller, names, read, media, url_path)
        return await route.respond(asked)
