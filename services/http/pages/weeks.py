"""What stood week by week, and what changed since a week ago, beside the partners' figures of the first page."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, to_builtins

from domain.days import FIRST_DAY, LAST_DAY, date_of, day_of
from projections.reading import evaluations_days, trend
from projections.reading.instants import microseconds
from projections.reading.session import Session
from services.http.access import Caller
from services.http.sources import Sources
from services.language.instants import instant

WEEK: Final = 7
MOST_WEEKS: Final = 26
MOST_DIFFERING: Final = 200
"""So many purchases of a partner are counted whose amount differs."""


class Weeks(Struct, frozen=True):
    """What the first page tells beside figures as of a time.

    ``points``: each with its ``day`` and what stood at its end; the last one is of the last day that changed
    anything. ``since``: the day a week ago, and ``first_day`` the one behind it. ``changes``: by how much each
    partner's figures grew since its end. ``differing``: partner to how many purchases have an amount that differs.
    """

    points: Sequence[Mapping[str, Any]]
    since: str
    first_day: str
    changes: Sequence[Mapping[str, Any]]
    differing: Mapping[str, int]


async def weeks_of(sources: Sources, caller: Caller, answer: Mapping[str, Any]) -> Weeks | None:
    """What goes with an answer of the route of partners; None where the sums over time are behind.

    Raises DatabaseAway.
    """
    partner_ids = caller.partner_ids(None)
    today = min(day_of(microseconds(instant(answer["as_of"]))), LAST_DAY)
    since = max(today - WEEK, FIRST_DAY)

    async def read(session: Session) -> Weeks | None:
        if not await evaluations_days.usable(session, partner_ids):
            return None
        last = await trend.last_changed(session, partner_ids, today)
        days = [] if last is None else [last - WEEK * back for back in reversed(range(MOST_WEEKS))]
        days = [day for day in days if day >= FIRST_DAY]
        stood = await trend.together(session, partner_ids, days)
        before = await trend.by_partner(session, partner_ids, since)
        return Weeks(
            [
                _point(day, to_builtins(of))
                for day, of in zip(days, stood, strict=True)
                if of.purchased
            ],
            date_of(since).isoformat(),
            date_of(since + 1).isoformat(),
            changes(answer["items"], {code: to_builtins(of) for code, of in before.items()}),
            await trend.differing(session, partner_ids, MOST_DIFFERING),
        )

    return await sources.of(caller).database.read_snapshot(read)


def changes(
    items: Sequence[Mapping[str, Any]], before: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """By how much the figures of each partner grew; without partners of whom none did."""
    found = []
    for item in items:
        old, new = _figures(before[item["partner"]]), _figures(item)
        grown = {name: new[name] - old[name] for name in new}
        if any(grown.values()):
            found.append({"partner": item["partner"], "name": item["name"], **grown})
    return found


def _point(day: int, of: Mapping[str, Any]) -> dict[str, Any]:
    return {"day": date_of(day).isoformat(), **_figures(of)}


def _figures(of: Mapping[str, Any]) -> dict[str, int]:
    money = of["money"]
    return {
        "purchased": of["purchased"],
        "completed": of["completed"],
        "never_reported": of["never_reported"],
        "net": money["net"],
        "net_not_completed": money["net"] - money["net_by_completion"]["completed"],
    }
