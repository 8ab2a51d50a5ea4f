"""What became of what a partner sent: by outcome, with rejections by reason, gaps, totals and lag."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.http.access import Caller
from services.http.pages.asker import Asker
from services.http.pages.context import visit_of
from services.http.pages.rendering import page

NEWEST: Final = 100
"""So many rejections are counted by reason: each holds its record, of up to 64 KiB."""

SHOWN: Final = 5


class Deliveries:
    """The page."""

    template = "/partners/{partner}/deliveries"
    methods = frozenset({"GET", "HEAD"})

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def show(self, request: Request, caller: Caller, names: Mapping[str, str]) -> Response:
        """The page. Raises Problem and DatabaseAway."""
        visit = visit_of(request, caller, None)
        ask = self._asker.ask
        reconciliation = await ask("reconciliation", caller, names)
        partner = {"partner": names["partner"]}
        intake = await ask("intake", caller, query=partner)
        newest = {**partner, "limit": str(NEWEST)}
        rejections = await ask("rejections", caller, query=newest, url_path="/rejections")
        reasons = Counter(each["reason"] for each in rejections["items"])
        shown = {**rejections, "items": rejections["items"][:SHOWN]}
        context = {
            "partner": names["partner"],
            "answer": reconciliation,
            "intake": intake,
            "rejections": shown,
            "reasons": reasons.most_common(),
            "counted": len(rejections["items"]),
            "goes_on": rejections["next_cursor"] is not None,
        }
        return page(visit, "deliveries.html", **context)
