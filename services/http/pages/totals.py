"""How long a list is, where an evaluation counts exactly what it lists."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.http.access import Caller
from services.http.pages.asker import Asker

STATES: Final = ("completion", "assessment", "flag")
PACKAGE_STATES: Final = ("complete", "after_sales_end", "unresolved")
ELSEWHERE: Final = {"limit", "cursor", "order", "sort", "time_zone"}


async def total(route: str, asker: Asker, caller: Caller, sent: Mapping[str, str]) -> int | None:
    """How many items the list has; None where no evaluation says it. Raises DatabaseAway.

    As of a time no figures are kept: adding them up would take longer than the page.
    """
    filters = {name: value for name, value in sent.items() if name not in ELSEWHERE}
    if "as_of" in filters:
        return None
    if caller.partner is not None:
        filters["partner"] = caller.partner
    states = [name for name in STATES if name in filters]
    if route == "purchased_classes" and len(states) <= 1:
        scope = {name: filters[name] for name in filters if name not in STATES}
        return _of_classes(await _evaluations(asker, caller, scope), states, filters)
    if route == "package_purchases" and set(filters) <= {"partner", *PACKAGE_STATES}:
        return await _packages(asker, caller, filters)
    return None


async def _evaluations(
    asker: Asker, caller: Caller, scope: Mapping[str, str]
) -> Sequence[Mapping[str, Any]]:
    """The evaluations that together are about everything in a scope; none where there are no such."""
    found: Any = None
    if set(scope) <= {"partner"}:
        items = (await asker.ask("partners", caller))["items"]
        return [each for each in items if scope.get("partner", each["partner"]) == each["partner"]]
    if set(scope) == {"partner", "class_code"}:
        found = await asker.known("class_evaluation", caller, scope)
    elif set(scope) == {"institution"}:
        found = await asker.known("institution_evaluation", caller, scope)
    return [] if found is None else [found]


def _of_classes(
    evaluations: Sequence[Mapping[str, Any]], states: Sequence[str], filters: Mapping[str, str]
) -> int | None:
    if not evaluations:
        return None
    if not states:
        return sum(int(each["purchased"]) for each in evaluations)
    wanted = filters[states[0]]
    return sum(_counted(each, wanted) for each in evaluations)


def _counted(of: Mapping[str, Any], state: str) -> int:
    flags: Mapping[str, int] = of["flags"]
    if state in flags:
        return flags[state]
    counts: dict[str, int] = {
        "completed": of["completed"],
        "in_progress": of["started"] - of["completed"],
        "never_reported": of["never_reported"],
        "passed": of["passed"],
        "failed": of["failed"],
        "assessed": of["assessed"] - of["passed"] - of["failed"],
        "not_assessed": of["purchased"] - of["assessed"],
    }
    return counts.get(state, 0)


async def _packages(asker: Asker, caller: Caller, filters: Mapping[str, str]) -> int | None:
    states = {name: value for name, value in filters.items() if name != "partner"}
    if "partner" not in filters or len(states) > 1:
        return None
    found = await asker.known("partner_evaluation", caller, {"partner": filters["partner"]})
    if found is None:
        return None
    of: Mapping[str, int] = found["packages"]
    name, value = next(iter(states.items()), ("purchases", "true"))
    if name == "complete" and value == "false":
        name = "incomplete"
    elif value != "true":
        return None
    return of[name]
