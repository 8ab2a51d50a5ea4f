"""The first page: the programme's question answered, partner by partner, and what needs attention."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from domain.vocabulary import TOPIC_PREFIX
from projections.reading.evaluations_links import purchased_classes
from services.http.access import Caller
from services.http.pages.asker import Asker
from services.http.pages.asking import instants
from services.http.pages.context import visit_of
from services.http.pages.rendering import page
from services.http.pages.weeks import MOST_DIFFERING, weeks_of
from services.language.instants import instant

SILENT_DAYS: Final = 2
"""For so long nothing of a partner was read before it is pointed out."""

MANY_REJECTED: Final = 0.02
MANY_SILENT: Final = 0.25
STALLED_DAYS: Final = 30


class Overview:
    """The page."""

    template = "/"
    methods = frozenset({"GET", "HEAD"})

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._route = asker.routes["partners"]

    async def show(self, request: Request, caller: Caller, names: Mapping[str, str]) -> Response:
        """The page. Raises Problem and DatabaseAway."""
        visit = visit_of(request, caller, self._route)
        query = instants(visit.sent, self._route)
        answer = await self._asker.ask("partners", caller, names, query, visit.path)
        intake = None if visit.as_of else await self._asker.ask("intake", caller)
        now = datetime.now(UTC)
        items = answer["items"]
        stalled = (now - timedelta(days=STALLED_DAYS)).date().isoformat()
        weeks = await weeks_of(self._asker.sources, caller, answer)
        attention = [
            *(attention_of_intake(intake, now) if intake else ()),
            *attention_of_classes(items),
            *(attention_of_purchases(weeks.differing) if intake and weeks else ()),
        ]
        context = {"answer": answer, "attention": attention, "stalled": stalled, "weeks": weeks}
        context["links"] = {
            each["partner"]: purchased_classes(None, partner=each["partner"]) for each in items
        }
        return page(visit, "home.html", **context)


def attention_of_intake(intake: Mapping[str, Any], now: datetime) -> Iterable[dict[str, Any]]:
    """Partners whose newest records are mostly rejected, of whom nothing was read for days, or much was rejected."""
    for of in intake["recent"]:
        if of["mostly_rejected"]:
            yield {
                "kind": "spike",
                "partner": of["partner"],
                "count": of["rejected"],
                "of": of["records"],
                "link": "/rejections?partner=" + of["partner"],
            }
    lanes: Iterable[Mapping[str, Any]] = intake["items"]
    partners: dict[str, list[Mapping[str, Any]]] = {}
    for lane in lanes:
        partners.setdefault(lane["topic"].removeprefix(TOPIC_PREFIX), []).append(lane)
    for partner, of in partners.items():
        read = [instant(lane["last_read"]) for lane in of if lane["last_read"]]
        days = (now - max(read)).days if read else 0
        if days >= SILENT_DAYS:
            yield {
                "kind": "silent",
                "partner": partner,
                "count": days,
                "link": "/intake?partner=" + partner,
            }
        total = sum(lane["offsets_read"] for lane in of)
        rejected = sum(lane["rejected"] for lane in of)
        if rejected > total * MANY_REJECTED:
            link = "/rejections?partner=" + partner
            yield {
                "kind": "rejected",
                "partner": partner,
                "count": rejected,
                "of": total,
                "link": link,
            }


def attention_of_classes(partners: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """What does not fit together, partner by partner: unpriced classes, sales after the end, long silences."""
    for of in partners:
        partner = of["partner"]
        if of["never_reported"] > of["purchased"] * MANY_SILENT:
            yield _found("never_reported", of, of["never_reported"], completion="never_reported")
        after = of["flags"]["package_after_sales_end"]
        if after:
            yield _found("after_sales_end", of, after, flag="package_after_sales_end")
        unpriced = of["money"]["unpriced"]
        if unpriced:
            link = f"/partners/{partner}/evaluation"
            yield {"kind": "unpriced", "partner": partner, "count": unpriced, "link": link}


def attention_of_purchases(differing: Mapping[str, int]) -> Iterable[dict[str, Any]]:
    """Purchases whose prices do not add up to the amount."""
    for partner, count in differing.items():
        query = urlencode({"partner": partner, "amount_differs": "true"})
        yield {
            "kind": "amount_differs",
            "partner": partner,
            "count": count,
            "is_more": count >= MOST_DIFFERING,
            "link": f"/purchases?{query}",
        }


def _found(kind: str, of: Mapping[str, Any], count: int, **filters: str) -> dict[str, Any]:
    link = "/purchased-classes?" + urlencode({"partner": of["partner"], **filters})
    return {
        "kind": kind,
        "partner": of["partner"],
        "count": count,
        "of": of["purchased"],
        "link": link,
    }
