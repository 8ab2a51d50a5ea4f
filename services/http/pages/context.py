"""What every template knows beside the answer: who looks, what was asked, and how links keep it."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from starlette.requests import Request

from services.http.access import Caller
from services.http.pages.asking import (
    changed,
    day_of,
    days_written_out,
    given,
    page_path,
    place,
    typed_day,
)
from services.http.pages.languages import language_of
from services.http.parameters import Parameter
from services.http.routing import Route, sent_path
from services.language.language import Language

OWN: Final[tuple[str, ...]] = ("trail", "format", "sort")
"""Parameters of pages that no route has: the cursors of the pages before, a file's format, a short list's order."""

NO_FILTERS: Final = {"as_of", "time_zone", "limit", "cursor", "order", "by"}
"""Parameters of routes that are no filters."""


class Visit(Struct, frozen=True):
    """One request of a page: who looks, in which language, and what was asked."""

    caller: Caller | None
    language: Language
    path: str
    sent: Mapping[str, str]
    own: Mapping[str, str]
    route: Route | None

    @property
    def as_of(self) -> str | None:
        """The time that the page is about, as it was sent; None: now."""
        return self.sent.get("as_of")

    @property
    def filters(self) -> list[Parameter]:
        """The route's filters."""
        found = () if self.route is None else self.route.parameters
        return [each for each in found if each.name not in NO_FILTERS]

    def has(self, parameter: str) -> bool:
        """Whether the route has a parameter."""
        return self.route is not None and any(
            each.name == parameter for each in self.route.parameters
        )


def visit_of(request: Request, caller: Caller | None, route: Route | None) -> Visit:
    """What a request of a page asks, in the reader's language. Raises 422 for what is no UTF-8."""
    found = given(request.scope["query_string"])
    own = {name: found.pop(name) for name in OWN if name in found}
    if route is not None:
        found = days_written_out(found, route)
    path = sent_path(request.scope).decode("latin-1")
    return Visit(caller, language_of(request), path, found, own, route)


def context_of(visit: Visit) -> dict[str, Any]:
    """The names of every template."""
    as_of, sent = visit.as_of, visit.sent
    kept = {name: value for name, value in sent.items() if name != "cursor"}
    if "sort" in visit.own:
        kept["sort"] = visit.own["sort"]

    def again(**changes: str | None) -> str:
        """This page with something changed; from its beginning."""
        return visit.path + changed(kept, changes)

    return {
        "viewer": visit.caller,
        "path": visit.path,
        "address": visit.path + changed(sent, visit.own),
        "sent": sent,
        "own": visit.own,
        "filters": visit.filters,
        "timed": visit.has("as_of"),
        "orders": _orders(visit.route),
        "as_of": as_of,
        "day_of": day_of,
        "typed_day": typed_day,
        "to": lambda path: page_path(path, as_of),
        "place": lambda *parts: page_path(place(*parts), as_of),
        "again": again,
        **_turning(visit, again),
    }


def _turning(visit: Visit, again: Any) -> dict[str, Any]:
    """How to leaf through a list: its cursors lead on only, so links carry those of the pages before."""
    trail = [each for each in visit.own.get("trail", "").split("~") if each]
    cursor = visit.sent.get("cursor")
    number = len(trail) + 1 if cursor else 1

    def following(cursor_of_next: str) -> str:
        onward = "~".join([*trail, cursor] if cursor else ["-"])
        return str(again(cursor=cursor_of_next, trail=onward))

    def previous() -> str:
        before = trail[-1] if trail else "-"
        if before == "-":
            return str(again())
        return str(again(cursor=before, trail="~".join(trail[:-1])))

    return {"page_number": number, "following": following, "previous": previous}


def _orders(route: Route | None) -> frozenset[str]:
    """What a list can be ordered by."""
    found = () if route is None else route.parameters
    for each in found:
        if each.name == "order":
            return frozenset(each.schema.get("enum", ()))
    return frozenset()
