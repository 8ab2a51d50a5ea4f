"""A page that shows the answer of one route, as a page or as a file."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from services.http.access import Caller
from services.http.pages.asker import Asker
from services.http.pages.asking import instants
from services.http.pages.context import Visit, visit_of
from services.http.pages.downloads import FORMATS, file_of_one, media_of
from services.http.pages.rendering import page
from services.http.pages.suggestions import institutions
from services.http.pages.totals import total
from services.http.routing import LIST


class Page(Struct, frozen=True, kw_only=True):
    """One page: the answer of a route in a template. Its path is the route's without /v1.

    ``beside`` names further routes whose answers it shows, each with a query; `{partner}` in one is that of the path.
    ``limit``: so many items of a list it
    shows unless asked otherwise, so that it is read quickly and printed on few sheets.
    """

    route: str
    template: str
    beside: Mapping[str, tuple[str, Mapping[str, str]]] = {}
    limit: int = 0


class Shown:
    """One such page."""

    methods = frozenset({"GET", "HEAD"})

    def __init__(self, page: Page, asker: Asker) -> None:
        self._route = asker.routes[page.route]
        self.template = self._route.path.removeprefix("/v1")
        self._page = page
        self.asker = asker

    async def show(self, request: Request, caller: Caller, names: Mapping[str, str]) -> Response:
        """The page, or the file that was asked for. Raises Problem and DatabaseAway."""
        visit = visit_of(request, caller, self._route)
        query = instants(visit.sent, self._route)
        if visit.own.get("format") in FORMATS:
            return await self._file(visit, caller, names, query)
        if self._page.limit:
            query = {"limit": str(self._page.limit), **query}
        ask = self.asker.ask
        answer = await ask(self._page.route, caller, names, query, visit.path)
        beside = {
            name: await ask(other, caller, names, _filled(extra, names))
            for name, (other, extra) in self._page.beside.items()
        }
        context: dict[str, Any] = {**beside, **await self.more(caller, names), "answer": answer}
        context["subject"] = [unquote(part) for part in visit.path.split("/")[1:-1]]
        context["total"] = await total(self._page.route, self.asker, caller, visit.sent)
        context["institutions"] = await institutions(self.asker.sources, caller, visit)
        return page(visit, self._page.template, **context)

    async def more(self, caller: Caller, names: Mapping[str, str]) -> Mapping[str, Any]:
        """What the template is told besides. Raises Problem and DatabaseAway."""
        del caller, names
        return {}

    async def _file(
        self, visit: Visit, caller: Caller, names: Mapping[str, str], query: Mapping[str, str]
    ) -> Response:
        chosen = visit.own["format"]
        whole = {name: value for name, value in query.items() if name not in {"cursor", "limit"}}
        if self._route.media is not LIST:
            response = await self.asker.file(self._page.route, caller, names, whole, visit.path)
            return await file_of_one(
                self._route.answer, bytes(response.body), chosen, visit.language, self._page.route
            )
        if visit.has("time_zone"):
            whole.setdefault("time_zone", "Asia/Jakarta")
        media = media_of(chosen, visit.language)
        return await self.asker.file(self._page.route, caller, names, whole, visit.path, media)


def _filled(query: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {name: text.format_map(names) for name, text in query.items()}
