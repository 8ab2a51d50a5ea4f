"""What the ledger says became of each offset, and whether that is what may have become of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct, field

from domain.vocabulary import TOPIC_PREFIX
from projections.reading.session import Session
from services.kafka.records import Record
from services.simulator.expected import Expected, expected_answers
from tests.simulation.kafka import LaneName

LANES: Final = """
SELECT lane_id, topic, partition, next_offset, accepted, duplicate, rejected, skipped, position FROM ledger.lane
"""
OUTCOMES: Final = """
SELECT lane_id, kafka_offset, 'accepted' AS outcome, NULL AS reason, event_id, position FROM ledger.event
UNION ALL SELECT lane_id, kafka_offset, 'duplicate', NULL, event_id, NULL FROM ledger.duplicate
UNION ALL SELECT lane_id, kafka_offset, 'rejected', reason, event_id, NULL FROM ledger.rejection
"""

Log = Mapping[LaneName, Sequence[Record | None]]


class Outcome(NamedTuple):
    """What became of one record; ``position`` of an accepted one."""

    outcome: str
    reason: str | None
    event_id: str | None
    position: int | None


class LaneRow(Struct):
    """A lane row, and per offset what became of it; each list has one entry where all is well."""

    next_offset: int
    counts: dict[str, int]
    position: int
    outcomes: dict[int, list[Outcome]] = field(default_factory=dict)


Ledger = dict[LaneName, LaneRow]


async def ledger_of(session: Session) -> Ledger:
    """The ledger in the session's snapshot."""
    by_id: dict[int, LaneRow] = {}
    ledger: Ledger = {}
    for lane_id, topic, partition, next_offset, *counts, position in await session.fetch(LANES):
        named = dict(zip(("accepted", "duplicate", "rejected", "skipped"), counts, strict=True))
        by_id[lane_id] = ledger[topic, partition] = LaneRow(next_offset, named, position)
    for lane_id, offset, *outcome in await session.fetch(OUTCOMES):
        by_id[lane_id].outcomes.setdefault(offset, []).append(Outcome(*outcome))
    return ledger


def check(ledger: Ledger, log: Log) -> None:
    """Each record below ``next_offset`` has one outcome, nothing else has any, and lanes count them right."""
    for name, lane in ledger.items():
        read = log[name][: lane.next_offset]
        assert len(read) == lane.next_offset, f"{name} was read further than it is written"
        held = {offset for offset, record in enumerate(read) if record is not None}
        assert lane.outcomes.keys() == held, f"{name}: other offsets have an outcome than were read"
        doubled = [offset for offset, each in lane.outcomes.items() if len(each) != 1]
        assert not doubled, f"{name}: offsets {doubled} have several outcomes"
        told = [lane.outcomes[offset][0] for offset in sorted(held)]
        counts = {
            kind: sum(each.outcome == kind for each in told)
            for kind in ("accepted", "duplicate", "rejected")
        }
        assert lane.counts == counts | {"skipped": len(read) - len(held)}, f"{name}: counts"
        positions = [each.position for each in told if each.outcome == "accepted"]
        assert positions == list(range(1, len(positions) + 1)), f"{name}: positions"
        assert lane.position == len(positions), f"{name}: the last position"


class _Told(NamedTuple):
    topic: str
    headers: Sequence[tuple[str, bytes]]
    value: bytes


def expected_of(ledger: Ledger, log: Log, later: datetime | None = None) -> Expected:
    """What has to be answered, at a time when all has happened, about what the ledger has read.

    The outcomes that the ledger tells are checked as well.
    """
    places = _in_some_order(ledger, log)
    told: list[_Told] = []
    for name, offset in places:
        record = log[name][offset]
        assert record is not None
        told.append(_Told(name[0], record.headers, record.value or b""))
    expected = expected_answers(told, later)
    for (name, offset), wanted in zip(places, expected.outcomes, strict=True):
        found = ledger[name].outcomes[offset][0]
        assert (found.outcome, found.reason) == (wanted["outcome"], wanted["reason"]), (
            name,
            offset,
        )
    return expected


def _in_some_order(ledger: Ledger, log: Log) -> list[tuple[LaneName, int]]:
    """The places of what was read, lane by lane in order, but each repeat and conflict behind what it repeats."""
    left: dict[LaneName, deque[int]] = {
        name: deque(sorted(lane.outcomes)) for name, lane in ledger.items()
    }
    accepted: set[tuple[str, Any]] = set()
    places: list[tuple[LaneName, int]] = []
    while any(left.values()):
        before = len(places)
        for name, offsets in left.items():
            partner = name[0].removeprefix(TOPIC_PREFIX)
            while offsets:
                found = ledger[name].outcomes[offsets[0]][0]
                key = (partner, found.event_id)
                if found.outcome == "accepted":
                    assert key not in accepted, f"{key} was accepted twice"
                    accepted.add(key)
                elif key not in accepted and (
                    found.outcome == "duplicate" or found.reason == "id_conflict"
                ):
                    break
                places.append((name, offsets.popleft()))
        assert len(places) > before, f"repeats of nothing: {left}"
    assert log.keys() >= ledger.keys()
    return places


def place_of(announcement: bytes) -> str:
    """Topic, partition and offset of the record that a message tells a partner of."""
    place: str = msgspec.json.decode(announcement)["id"]
    return place
