"""The status tables as mappings."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import asdict

from domain.events import PARTICIPANT_STREAM, PartnerEvent
from domain.participant import State, Touched, decide
from projections.status.record import Changes, ClassRow, PurchaseRow, Rules
from projections.status.rows import changes
from tests.domain.story import PERSON, evolved


class Shelf:
    """Holds class rows by (person, class) and purchase rows by (purchase, person)."""

    def __init__(self) -> None:
        self.classes: dict[tuple[int, str], ClassRow] = {}
        self.purchases: dict[tuple[str, int], PurchaseRow] = {}

    def put(self, into: Changes) -> None:
        """Writes the changes, whatever was there."""
        for row in into.classes:
            self.classes[row.person, row.class_code] = row
        for bought in into.purchases:
            self.purchases[bought.purchase_id, bought.person] = bought

    def content(self) -> dict[Any, dict[str, Any]]:
        """Every row."""
        rows = {("class", *key): asdict(row) for key, row in self.classes.items()}
        return rows | {("purchase", *key): asdict(row) for key, row in self.purchases.items()}


def fold(state: State, events: Iterable[PartnerEvent], rules: Rules) -> Changes:
    """What a batch of one participant's events changes."""
    touched: list[Touched] = []
    for event in events:
        touched += [evolved(state, stored) for stored in decide(state, event)]
    into = Changes()
    changes(PERSON, state, touched, rules, into)
    return into


def participant_of(event: PartnerEvent) -> str:
    return event.stream.removeprefix(PARTICIPANT_STREAM)
