"""Nothing hangs on arrival but what has to: conflicts come last within their key."""

import random
from collections import defaultdict

import pytest

from services.simulator import SimulatedRecord
from services.simulator.expected import Expected, expected_answers
from services.simulator.expected_intake import read

CONFLICTS = ("id_conflict", "package_conflict")


def interleaved(
    records: list[SimulatedRecord], seed: int, repeats: int
) -> list[tuple[SimulatedRecord, bool]]:
    """The records in another order, the same within each key, with more repeats (marked True)."""
    draw = random.Random(seed)
    by_key = defaultdict(list)
    for record in records:
        by_key[record.topic, record.key].append(record)
    placed = []
    for group in by_key.values():
        places = sorted(draw.random() for _ in group)
        placed += [(place, record, False) for place, record in zip(places, group, strict=True)]
    placed += [
        (place + (1 - place) * draw.random(), record, True)
        for place, record, _ in draw.sample(placed, repeats)
    ]
    placed.sort(key=lambda each: each[0])
    return [(record, repeated) for _, record, repeated in placed]


def answers(found: Expected) -> tuple[object, ...]:
    return found.purchased_classes, found.purchases, found.package_purchases, found.evaluations


@pytest.mark.parametrize("seed", range(2))
def test_any_interleaving_of_keys_has_the_same_outcomes_and_answers(
    season: list[SimulatedRecord], expected: Expected, seed: int
) -> None:
    delivered = interleaved(season, seed, repeats=4_000)
    found = expected_answers([record for record, _ in delivered])
    assert answers(found) == answers(expected)
    for (record, repeated), outcome in zip(delivered, found.outcomes, strict=True):
        if not repeated:
            assert (outcome["outcome"], outcome["reason"]) == (record.outcome, record.reason)
        elif record.outcome == "rejected":
            assert outcome == {"outcome": "rejected", "reason": record.reason}
        else:
            assert outcome == {"outcome": "duplicate", "reason": None}


def test_without_conflicts_any_order_whatever_has_the_same_answers(
    season: list[SimulatedRecord], expected: Expected
) -> None:
    records = [record for record in season if record.reason not in CONFLICTS]
    random.Random(7).shuffle(records)
    assert answers(expected_answers(records)) == answers(expected)


def test_a_conflicting_record_comes_after_every_repeat_of_what_it_contradicts(
    season: list[SimulatedRecord],
) -> None:
    last_copy: dict[tuple[str, str], int] = {}
    first_publication: dict[tuple[str, bytes], int] = {}
    for place, record in enumerate(season):
        if record.outcome != "rejected":
            last_copy[record.partner, record.event_id] = place
            if record.shape.startswith("package_"):
                first_publication.setdefault((record.partner, record.key), place)
    conflicts = [(p, record) for p, record in enumerate(season) if record.reason in CONFLICTS]
    assert {record.reason for _, record in conflicts} == set(CONFLICTS)
    for place, record in conflicts:
        if record.reason == "id_conflict":
            assert place > last_copy[record.partner, record.event_id]
        else:
            assert place > first_publication[record.partner, record.key]


def test_events_of_a_participant_at_one_instant_are_one_payment_told_twice(
    season: list[SimulatedRecord],
) -> None:
    at_once = defaultdict(list)
    for record in season:
        if record.outcome == "accepted":
            event = read(record)
            at_once[record.partner, record.key, event["at"]].append(event)
    ties = [events for events in at_once.values() if len(events) > 1]
    assert ties
    for events in ties:
        assert {event["kind"] for event in events} == {"purchase.paid"}
        assert len({event["data"]["purchase_id"] for event in events}) == 1


def test_delivery_is_late_repeated_and_out_of_order(season: list[SimulatedRecord]) -> None:
    first: dict[tuple[str, str], int] = {}
    gaps = []
    for place, record in enumerate(season):
        if record.outcome == "accepted":
            first[record.partner, record.event_id] = place
        elif record.outcome == "duplicate":
            gaps.append(place - first[record.partner, record.event_id])
    assert min(gaps) > 0
    assert max(gaps) > 1_000
    sequences = defaultdict(list)
    for record in season:
        for name, text in record.headers:
            if name == "ce_sequence" and record.outcome == "accepted":
                sequences[record.partner].append(int(text))
    for numbers in sequences.values():
        assert numbers != sorted(numbers)
