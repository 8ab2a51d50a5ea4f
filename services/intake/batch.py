"""What a batch of records becomes: accepted events, duplicates, rejections and changed participant records.

Pure: what the ledger already holds and what is cached come in as values, what is to be written goes out as values.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct, field

from domain import catalogue, participant
from domain.errors import Reason, Refusal
from domain.events import PARTICIPANT_STREAM, Fact, PartnerEvent
from domain.participant import Touched
from projections.record import Record, Rules
from services.postgres.ledger import DuplicateRow, EventRow, LedgerEntry, RejectionRow

encode_fact = msgspec.msgpack.Encoder().encode

ID_CONFLICT = (
    "this id was already used for another event; send a changed event under a new id, "
    "and withdraw the old one with event.voided if it was wrong"
)
PREFIX = len(PARTICIPANT_STREAM)


class RawRecord(NamedTuple):
    """A record as it was read: what is kept when it is rejected."""

    key: bytes | None
    value: bytes | None


class Decoded(NamedTuple):
    """One record of a lane after decoding."""

    offset: int
    outcome: PartnerEvent | Refusal
    raw: RawRecord


class Lane(Struct):
    """A lane that this worker owns. ``next_offset`` moves with each committed batch."""

    lane_id: int
    topic: str
    partition: int
    partner_id: int
    epoch: int
    next_offset: int


class LaneBatch(Struct):
    """Records of one lane, in the order of their offsets; ``next_offset`` is behind the last of them."""

    lane: Lane
    decoded: list[Decoded]
    next_offset: int
    high_water: int


class LaneOutcome(Struct):
    """What the records of one lane became."""

    events: list[EventRow] = field(default_factory=list)
    duplicates: list[DuplicateRow] = field(default_factory=list)
    rejections: list[RejectionRow] = field(default_factory=list)
    unknown_fields: int = 0


class BatchOutcome(Struct):
    """What a whole batch became: per lane (in order), per participant record and per catalogue."""

    lanes: list[LaneOutcome]
    touched: dict[int, dict[str, list[Touched]]]
    published: dict[int, list[Fact]]


class Wanted(Struct):
    """What must be looked up for the batch's records of one partner.

    ``participants`` maps each participant id to the id of the lane that it was read from.
    """

    event_ids: list[str] = field(default_factory=list)
    participants: dict[str, int] = field(default_factory=dict)
    publishes: bool = False


def wanted(batches: Sequence[LaneBatch]) -> dict[int, Wanted]:
    """Partner id to what must be looked up before `sort_out`."""
    by_partner: dict[int, Wanted] = {}
    for batch in batches:
        wants = by_partner.setdefault(batch.lane.partner_id, Wanted())
        lane_id = batch.lane.lane_id
        for _, outcome, _ in batch.decoded:
            if isinstance(outcome, PartnerEvent):
                wants.event_ids.append(outcome.event_id)
                if outcome.stream.startswith(PARTICIPANT_STREAM):
                    wants.participants[outcome.stream[PREFIX:]] = lane_id
                else:
                    wants.publishes = True
    return by_partner


def sort_out(
    batches: Sequence[LaneBatch],
    known: Mapping[int, Mapping[str, LedgerEntry]],
    records: Mapping[int, Mapping[str, Record]],
    rules: Mapping[int, Rules],
) -> BatchOutcome:
    """Gives every record its outcome, and evolves ``records`` and the catalogues in ``rules`` by what is accepted.

    ``known``: per partner id, those of the batch's event ids that the ledger holds.
    """
    outcome = BatchOutcome([], {}, {})
    # Lanes of one partner share what was seen: an id is unique within the partner.
    seen = {partner_id: dict(entries) for partner_id, entries in known.items()}
    for batch in batches:
        lane = batch.lane
        partner_id = lane.partner_id
        sorting = _Sorting(
            lane,
            LaneOutcome(),
            seen.setdefault(partner_id, {}),
            records.get(partner_id, {}),
            rules[partner_id],
            outcome.touched.setdefault(partner_id, {}),
            outcome.published.setdefault(partner_id, []),
        )
        for offset, decoded, raw in batch.decoded:
            sorting.add(offset, decoded, raw)
        outcome.lanes.append(sorting.result)
    return outcome


class _Sorting(NamedTuple):
    lane: Lane
    result: LaneOutcome
    known: dict[str, LedgerEntry]
    records: Mapping[str, Record]
    rules: Rules
    touched: dict[str, list[Touched]]
    published: list[Fact]

    def add(self, offset: int, decoded: PartnerEvent | Refusal, raw: RawRecord) -> None:
        if isinstance(decoded, Refusal):
            self._reject(offset, decoded, raw)
            return
        self.result.unknown_fields += decoded.unknown_fields
        fact = decoded.fact
        event_id = decoded.event_id
        entry = LedgerEntry(fact.topic, decoded.stream, decoded.happened, encode_fact(fact))
        seen = self.known.get(event_id)
        if seen is not None:
            if seen == entry:
                self._repeat(offset, event_id)
            else:
                self._reject(offset, Refusal(Reason.ID_CONFLICT, ID_CONFLICT, event_id), raw)
            return
        stored = self._decide(decoded)
        if isinstance(stored, Refusal):
            self._reject(offset, stored, raw)
        elif not stored:
            self._repeat(offset, event_id)
        else:
            self.known[event_id] = entry
            self.result.events.append(
                (
                    offset,
                    event_id,
                    decoded.happened,
                    decoded.stream,
                    fact.topic,
                    entry.state,
                    decoded.sequence,
                    decoded.recordedtime,
                )
            )

    def _decide(self, event: PartnerEvent) -> Sequence[PartnerEvent] | Refusal:
        if event.stream.startswith(PARTICIPANT_STREAM):
            participant_id = event.stream[PREFIX:]
            state = self.records[participant_id].state
            accepted = participant.decide(state, event)
            for one in accepted:
                self.touched.setdefault(participant_id, []).append(participant.evolve(state, one))
            return accepted
        decision = catalogue.decide(self.rules.catalogue, event)
        if not isinstance(decision, Refusal):
            for one in decision:
                catalogue.evolve(self.rules.catalogue, one)
                self.published.append(one.fact)
        return decision

    def _repeat(self, offset: int, event_id: str) -> None:
        self.result.duplicates.append((self.lane.lane_id, offset, event_id))

    def _reject(self, offset: int, refusal: Refusal, raw: RawRecord) -> None:
        self.result.rejections.append(
            RejectionRow(
                self.lane.lane_id,
                offset,
                self.lane.partner_id,
                refusal.reason,
                refusal.detail,
                refusal.event_id,
                raw.key,
                raw.value,
            )
        )
