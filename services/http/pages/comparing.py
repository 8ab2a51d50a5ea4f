"""Two to four classes, packages, institutions or partners side by side."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from services.http.access import Caller
from services.http.pages.asker import Asker
from services.http.pages.asking import instants, place
from services.http.pages.context import visit_of
from services.http.pages.rendering import page
from services.http.pages.suggestions import MOST, names_in
from services.http.problems import Problem

PATH: Final = "/compare"
KINDS: Final = {
    "class": ("class_evaluation", "classes"),
    "package": ("package_evaluation", "packages"),
    "institution": ("institution_evaluation", "institutions"),
    "partner": ("partner_evaluation", "partners"),
}
PLACES: Final = ("a", "b", "c", "d")


class Comparing:
    """The page. ``a`` to ``d`` name what is compared; of classes and packages as ``partner/code``."""

    template = PATH
    methods = frozenset({"GET", "HEAD"})

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def show(self, request: Request, caller: Caller, names: Mapping[str, str]) -> Response:
        """The page. Raises DatabaseAway."""
        del names
        asked = request.query_params.get("kind", "partner")
        kind = asked if asked in KINDS else "partner"
        route = self._asker.routes[KINDS[kind][0]]
        visit = visit_of(request, caller, route)
        query = instants({"as_of": visit.as_of} if visit.as_of else {}, route)
        columns = []
        for each in PLACES:
            name = visit.sent.get(each)
            if name is not None:
                columns.append(await self._column(kind, name, caller, query))
        async with self._asker.sources.of(caller).snapshot() as (_, known):
            institutions = names_in(known, caller.partner_ids(None))[:MOST]
        context: dict[str, Any] = {
            "kind": kind,
            "kinds": list(KINDS),
            "places": PLACES,
            "columns": columns,
            "institutions": institutions,
        }
        if (
            known_by := next((each["answer"] for each in columns if "answer" in each), None)
        ) is not None:
            context["answer"] = {name: known_by[name] for name in ("as_of", "freshness")}
        return page(visit, "compare.html", **context)

    async def _column(
        self, kind: str, name: str, caller: Caller, query: Mapping[str, str]
    ) -> dict[str, Any]:
        """One evaluation with its name and link; without ``answer``: why there is none."""
        route, room = KINDS[kind]
        partner, _, code = name.partition("/")
        parts = (partner.strip(), code.strip()) if kind in {"class", "package"} else (name,)
        keys = {
            "class": ("partner", "class_code"),
            "package": ("partner", "package_code"),
            "institution": ("institution",),
            "partner": ("partner",),
        }[kind]
        try:
            answer = await self._asker.ask(
                route, caller, dict(zip(keys, parts, strict=True)), query
            )
        except Problem as problem:
            return {"name": name, "failed": problem.detail}
        return {"name": name, "answer": answer, "link": place(room, *parts, "evaluation")}
