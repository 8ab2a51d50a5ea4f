"""What became of what a partner sent: day by day, with rejections by reason, gaps, totals and lag."""

from collections.abc import Mapping
from typing import Any, Final

from projections.reading import rejections
from projections.reading.session import Session
from services.asyncapi.mending import MENDINGS
from services.http.access import Caller
from services.http.pages.asker import Asker
from services.http.pages.shown import Page, Shown

NEWEST: Final = 1_000
"""So many rejections are counted by reason."""

TOLD: Final = {str(each.reason): each.told for each in reversed(MENDINGS)}
"""Reason to what to correct, as the mended examples say it."""

PAGE: Final = Page(
    route="deliveries",
    template="deliveries.html",
    limit=28,
    beside={
        "reconciliation": ("reconciliation", {}),
        "intake": ("intake", {"partner": "{partner}"}),
        "rejections": ("rejections", {"partner": "{partner}", "limit": "5"}),
    },
)


class Deliveries(Shown):
    """The page."""

    def __init__(self, asker: Asker) -> None:
        super().__init__(PAGE, asker)

    async def more(self, caller: Caller, names: Mapping[str, str]) -> Mapping[str, Any]:
        """The newest rejections by reason. Raises Problem and DatabaseAway."""
        partner_id = caller.partner_of_path(names["partner"])

        async def read(session: Session) -> list[tuple[str, int]]:
            return await rejections.reasons(session, partner_id, NEWEST)

        reasons = await self.asker.sources.of(caller).database.read(read)
        return {"partner": names["partner"], "reasons": reasons, "newest": NEWEST, "told": TOLD}
