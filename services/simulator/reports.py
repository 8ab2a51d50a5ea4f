"""What one partner reports about one participant, event by event."""

from typing import Final

import msgspec

from services.simulator.chance import Chance
from services.simulator.instants import DAY, HOUR, MINUTE, SECOND
from services.simulator.partners import Partner, Reporting
from services.simulator.record import Draft, EventIds

_RESOLUTION: Final = {0: SECOND, 3: 1_000, 6: 1}

# Fields partners add of their own accord; the contract has them ignored and counted.
_UNKNOWN_FIELDS: Final[tuple[tuple[str, object], ...]] = (
    ("schedule_code", "JDW-0420"),
    ("channel", "android"),
    ("app_version", "4.18.2"),
    ("extra", {"campaign": None, "tags": ["kartu", "gelombang"]}),
)


class Purchase(msgspec.Struct, frozen=True):
    """A purchase as the participant made it; its events may say less."""

    purchase_id: str
    paid_at: int
    class_codes: tuple[str, ...]


class Reports:
    """The events of one participant at one partner, growing as the story is told.

    No two of them happen at the same instant: `clock` holds the instants that are taken, so
    that the answers never hang on how ties are broken.
    """

    __slots__ = ("bought", "chance", "clock", "drafts", "ids", "participant_id", "partner")

    def __init__(
        self, partner: Partner, participant_id: str, clock: set[int], chance: Chance, ids: EventIds
    ) -> None:
        self.partner = partner
        self.participant_id = participant_id
        self.clock = clock
        self.chance = chance
        self.ids = ids
        self.drafts: list[Draft] = []
        self.bought: dict[str, list[Purchase]] = {}
        """The purchases of each class, by class_code."""

    def add(
        self, event: str, happened: int, fields: dict[str, object], shape: str, kind: str = "e"
    ) -> Draft:
        """The draft of an event of the type `id.tuntas.<event>.v1`, added to the story."""
        happened -= happened % _RESOLUTION[self.partner.fraction_digits]
        while happened in self.clock:
            happened += SECOND
        self.clock.add(happened)
        data = {"participant_id": self.participant_id, **fields}
        if self.chance.happens(0.04):
            name, content = self.chance.pick(_UNKNOWN_FIELDS)
            data[name] = content
        draft = Draft(
            partner=self.partner,
            key=self.participant_id,
            type=f"id.tuntas.{event}.v1",
            event_id=self.ids.next(self.partner, kind),
            happened=happened,
            sent=self._sent(happened),
            data=data,
            shape=shape,
        )
        self.drafts.append(draft)
        return draft

    def evidence(
        self,
        event: str,
        happened: int,
        class_code: str,
        fields: dict[str, object],
        shape: str,
    ) -> None:
        """Adds a report on a class, unless it fell into a time the partner never reported."""
        stretch = self.partner.silent_stretch
        if stretch is not None and stretch[0] <= happened < stretch[1]:
            return
        if self.partner.names_purchase and class_code in self.bought:
            fields = {"purchase_id": self.bought[class_code][0].purchase_id, **fields}
        self.add(event, happened, {"class_code": class_code, **fields}, shape)

    def remember(self, purchase: Purchase) -> None:
        for class_code in purchase.class_codes:
            self.bought.setdefault(class_code, []).append(purchase)

    def leans_on(self, purchase: Draft) -> bool:
        """Whether withdrawing this report of a purchase would leave a later one in its place.

        A completion could then come to stand before the only purchase that is left.
        """
        purchase_id = purchase.data["purchase_id"]
        told_later = any(
            each.data.get("purchase_id") == purchase_id and each.happened > purchase.happened
            for each in self.drafts
            if each.type == purchase.type
        )
        return told_later or any(
            len(purchases) > 1 and any(each.purchase_id == purchase_id for each in purchases)
            for purchases in self.bought.values()
        )

    def _sent(self, happened: int) -> int:
        """When the report goes out: by the partner's habit, two in a hundred weeks later."""
        late = self.chance.between(5, 40) * DAY if self.chance.happens(0.02) else 0
        if self.partner.reporting is Reporting.LIVE:
            delay = self.chance.between(0, 600) * SECOND
        elif self.partner.reporting is Reporting.NIGHTLY:
            night = happened - happened % DAY + DAY + 18 * HOUR
            delay = night - happened + self.chance.between(0, 90) * MINUTE
        else:
            delay = self.chance.between(12, 8 * 24) * HOUR
        return happened + late + delay
