"""The oracle: what the system has to answer about a list of records, computed another way.

Independent by design: it imports nothing of `domain`, `projections` or the rest of `services`,
reads the records' bytes with the standard library, ignores the labels that simulated records
carry, keeps every event in memory and sorts them again for each question. Slow where the system
is fast and plain where the system is clever, so that both being wrong alike is unlikely.
A test holds the imports (tests/services/simulator/test_independence.py).
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from services.simulator.expected_catalogue import Catalogue
from services.simulator.expected_classes import Judged, answers
from services.simulator.expected_evaluations import evaluations
from services.simulator.expected_first import first_completions
from services.simulator.expected_intake import Event, KafkaRecord, take_in
from services.simulator.expected_packages import answered_package, answered_purchase
from services.simulator.expected_purchases import purchases_of
from services.simulator.expected_time import PACKAGE_SALES_END


@dataclass(frozen=True)
class Expected:
    """Plain JSON data throughout, in a fixed order."""

    outcomes: list[dict[str, Any]]
    """Per record, in the order given: `outcome`, and the `reason` of a rejection or None."""
    counts: dict[str, dict[str, Any]]
    """Per topic `accepted`, `duplicate`, `rejected`, and `reasons` with a count each."""
    purchased_classes: list[Judged]
    """As in contract section 3, by partner, participant_id, class_code; `none` among them."""
    purchases: list[dict[str, Any]]
    package_purchases: list[dict[str, Any]]
    evaluations: dict[str, list[dict[str, Any]]]
    """`classes`, `packages`, `institutions`, `partners`."""
    first_completions: list[dict[str, Any]]
    """Everybody who bought a class, by pseudonym."""

    def of_participant(self, participant_id: str) -> list[Judged]:
        """The purchased classes of one person, across partners."""
        return [
            each
            for each in self.purchased_classes
            if each["participant_id"] == participant_id and each["purchase"] != "none"
        ]


def expected_answers(
    records: Iterable[KafkaRecord],
    as_of: datetime | None = None,
    package_sales_end: datetime = PACKAGE_SALES_END,
    *,
    keep_allocated: bool = False,
) -> Expected:
    """Every expected answer; of what happened after `as_of` nothing has happened yet.

    `keep_allocated`: purchased classes keep the part of what was paid for them that is a share (`allocated`).

    Outcomes and counts are of all records, whatever `as_of` is: they are about arrival. Without
    `as_of`, a silence is as old as the latest accepted event makes it.
    """
    intake = take_in(records)
    # A publication that was refused as a conflict counts once what was before it is withdrawn.
    told = [*intake.accepted, *intake.conflicting.values()]
    known = [event for event in told if as_of is None or event["at"] <= as_of]
    events = standing(known)
    catalogue = Catalogue(events)
    purchases = purchases_of(events, catalogue)
    judged = answers(events, purchases, catalogue, package_sales_end)
    by_class = {
        (each["partner"], each["participant_id"], each["class_code"]): each for each in judged
    }
    packages = [
        answered_package(each, by_class, catalogue, package_sales_end)
        for each in purchases
        if each["package_code"] is not None
    ]
    latest = as_of or max((event["at"] for event in known), default=package_sales_end)
    evaluated = evaluations(judged, packages, catalogue, latest)
    if not keep_allocated:
        for each in judged:
            del each["allocated"]
    return Expected(
        outcomes=intake.outcomes,
        counts=intake.counts,
        purchased_classes=judged,
        purchases=[answered_purchase(each, by_class) for each in purchases],
        package_purchases=packages,
        evaluations=evaluated,
        first_completions=first_completions(events, judged),
    )


def standing(events: list[Event]) -> list[Event]:
    """The events without those withdrawn and without the withdrawals.

    A void names an event of the same partner, of the same participant or a publication; a void cannot be voided.
    """
    voided = {
        (event["partner"], event["data"]["participant_id"], event["data"]["target_id"])
        for event in events
        if event["kind"] == "event.voided"
    }
    by_anybody = {(partner, target_id) for partner, _, target_id in voided}
    return [
        event
        for event in events
        if event["kind"] != "event.voided"
        and (event["partner"], event["data"].get("participant_id"), event["id"]) not in voided
        and not (
            event["kind"].endswith(".published") and (event["partner"], event["id"]) in by_anybody
        )
    ]


def write_expected(
    path: Path,
    records: Iterable[KafkaRecord],
    as_of: datetime | None = None,
    package_sales_end: datetime = PACKAGE_SALES_END,
) -> None:
    """Writes the expected answers as one JSON object, its keys those of Expected."""
    found = expected_answers(records, as_of, package_sales_end)
    path.write_text(json.dumps(asdict(found), ensure_ascii=False, indent=1), encoding="utf-8")
