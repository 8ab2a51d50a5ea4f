"""The status tables as mappings, with the version check that the SQL has."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import asdict

from domain.events import PARTICIPANT_STREAM, PartnerEvent
from domain.participant import Touched, decide, evolve
from projections.record import Changes, ClassRow, PurchaseRow, Record, Rules, changes


class Shelf:
    """Holds class rows by (participant, class) and purchase rows by (purchase, participant)."""

    def __init__(self) -> None:
        self.classes: dict[tuple[str, str], ClassRow] = {}
        self.purchases: dict[tuple[str, str], PurchaseRow] = {}

    def put(self, into: Changes) -> None:
        """Writes the changes; every row must replace the version that it expects."""
        for row in into.classes:
            held = self.classes.get((row.participant_id, row.class_code))
            assert row.expected == (held.version if held else 0)
            assert row.version > 0
            self.classes[row.participant_id, row.class_code] = row
        for participant_id, class_code, expected in into.emptied:
            assert self.classes.pop((participant_id, class_code)).version == expected
        for bought in into.purchases:
            self.purchases[bought.purchase_id, bought.participant_id] = bought
        for participant_id, purchase_id in into.unpaid:
            self.purchases.pop((purchase_id, participant_id), None)

    def record(self, participant_id: str) -> Record:
        """The participant's record as its rows say."""
        record = Record(participant_id)
        for (of, class_code), row in self.classes.items():
            if of == participant_id:
                record.load(class_code, row.version, row.completion, row.evidence)
        return record

    def content(self) -> dict[Any, dict[str, Any]]:
        """Every row, without what it replaced."""
        rows = {
            ("class", *key): asdict(row) | {"expected": None} for key, row in self.classes.items()
        }
        return rows | {("purchase", *key): asdict(row) for key, row in self.purchases.items()}


def fold(record: Record, events: Iterable[PartnerEvent], rules: Rules) -> Changes:
    """What a batch of one participant's events changes."""
    touched: list[Touched] = []
    for event in events:
        touched += [evolve(record.state, stored) for stored in decide(record.state, event)]
    into = Changes()
    changes(record, touched, rules, into)
    return into


def participant_of(event: PartnerEvent) -> str:
    return event.stream.removeprefix(PARTICIPANT_STREAM)
