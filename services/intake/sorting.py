"""Sorting a batch out: each record's one outcome, and what that makes of participants and catalogues.

Pure: what the ledger already holds and what is cached come in as values, what is to be written goes out as values.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeAlias, cast

from msgspec import Struct, field

from domain import catalogue, participant
from domain.errors import Reason, Refusal
from domain.events import DECLARATION_STREAM, PARTICIPANT_STREAM, EventVoided, PartnerEvent
from domain.marks import key_of
from domain.participant import UNTOUCHED, State, Touched
from domain.telling import tell
from projections.catalogue import Change, publication, withdrawal
from projections.status.record import Record, Rules
from services.intake.batch import PREFIX, BatchOutcome, Decoded, LaneBatch, LaneOutcome, entry_of
from services.intake.lanes import Lane, Raw
from services.intake.rejecting import rejection
from services.postgres.ledger import LedgerEntry

ID_CONFLICT = tell(
    "this id was already used for another event; send a changed event under a new id, "
    "and withdraw the old one with event.voided if it was wrong"
)


Find: TypeAlias = Callable[[Mapping[int, Collection[str]]], Mapping[int, Mapping[str, LedgerEntry]]]
"""Of event ids by partner id: those that the ledger holds."""


def sort_out(
    batches: Sequence[LaneBatch],
    known: Mapping[int, Mapping[str, LedgerEntry]],
    records: Mapping[int, Mapping[str, Record]],
    rules: Mapping[int, Rules],
    find: Find | None = None,
    withdrawn: Mapping[int, Mapping[int, int]] | None = None,
) -> BatchOutcome:
    """Gives every record its outcome, and evolves ``records`` and the catalogues in ``rules`` by what is accepted.

    ``withdrawn``: per partner id, those of the batch's publications that were withdrawn before they arrived.

    ``known``: per partner id, those of the batch's event ids that the ledger holds. Ids that are not among them may be
    in the ledger nevertheless, as far as ``find`` can tell: it is asked, once and at the end, for the ids
    that the participants' records hold already.
    """
    outcome = BatchOutcome([], {}, {}, {})
    # Lanes of one partner share what was seen: an id is unique within the partner.
    sortings: dict[int, _Sorting] = {}
    for batch in batches:
        partner_id = batch.lane.partner_id
        sorting = sortings.get(partner_id)
        if sorting is None:
            sorting = sortings[partner_id] = _Sorting(
                dict(known.get(partner_id, {})),
                records.get(partner_id, {}),
                rules[partner_id],
                outcome.touched.setdefault(partner_id, {}),
                outcome.published.setdefault(partner_id, []),
                dict((withdrawn or {}).get(partner_id, {})),
            )
            sorting.withdraw_early()
        outcome.lanes.append(sorting.lane(batch))
    held = {
        partner_id: {held.event_id for held in sorting.held}
        for partner_id, sorting in sortings.items()
        if sorting.held
    }
    found = find(held) if held and find is not None else {}
    for partner_id, sorting in sortings.items():
        sorting.tell_apart(found.get(partner_id, {}))
        outcome.early[partner_id] = sorting.still_early()
    return outcome


class _Held(Struct, frozen=True, gc=False):
    """A record whose event id its participant's record holds already: a repeat, or another event under that id."""

    lane: Lane
    result: LaneOutcome
    offset: int
    event_id: str
    entry: LedgerEntry
    raw: Raw


class _Sorting(Struct):
    """Sorts out the records of one partner. ``seen``: what the ledger holds, or will, under an event id.

    ``waiting``: publications that were withdrawn before they arrived; ``early``: what this batch withdraws and nobody
    knows (yet), with the participant that the withdrawal came with.
    """

    seen: dict[str, LedgerEntry]
    records: Mapping[str, Record]
    rules: Rules
    touched: dict[str, list[Touched]]
    published: list[Change]
    waiting: dict[int, int]
    early: dict[int, tuple[int, str]] = field(default_factory=dict)
    held: list[_Held] = field(default_factory=list)

    def lane(self, batch: LaneBatch) -> LaneOutcome:
        """What the records of one lane became."""
        # The loop runs for each record: names are local, and what is rare is elsewhere.
        lane, result = batch.lane, LaneOutcome()
        seen, records, touched, rows = self.seen, self.records, self.touched, result.events
        for one in batch.decoded:
            event = one.outcome
            if isinstance(event, Refusal):
                _reject(lane, result, one.offset, event, one.raw)
                continue
            result.unknown_fields += event.unknown_fields
            event_id, stream = event.event_id, event.stream
            entry = one.entry or entry_of(event)
            earlier = seen.get(event_id)
            if earlier is not None:
                _repeat_or_conflict(lane, result, one.offset, event_id, entry, earlier, one.raw)
                continue
            if stream.startswith(PARTICIPANT_STREAM):
                participant_id = stream[PREFIX:]
                record = records[participant_id]
                person, state, stored_stream = record.person, record.state, ""
                parts = participant.accept(state, event)
                if parts is None:
                    self.held.append(_Held(lane, result, one.offset, event_id, entry, one.raw))
                    continue
                if parts is UNTOUCHED:
                    self._withdraw(event, participant_id, state)
                before = touched.get(participant_id)
                if before is None:
                    touched[participant_id] = [parts]
                elif before[-1] is not parts:
                    before.append(parts)
            else:
                person, stored_stream = 0, stream
                if stream != DECLARATION_STREAM and not self._published(lane, result, one, event):
                    continue
            seen[event_id] = entry
            rows.append(
                (
                    one.offset,
                    event_id,
                    entry.happened,
                    person,
                    stored_stream,
                    entry.topic,
                    entry.state,
                    event.sequence,
                    event.recordedtime,
                )
            )
        return result

    def tell_apart(self, found: Mapping[str, LedgerEntry]) -> None:
        """Repeats and id conflicts of what the participants' records hold already, by what the ledger has."""
        for one in self.held:
            # What is not found has the key of another event of the participant, which is as good as the same id.
            earlier = found.get(one.event_id, one.entry)
            _repeat_or_conflict(
                one.lane, one.result, one.offset, one.event_id, one.entry, earlier, one.raw
            )

    def withdraw_early(self) -> None:
        """Makes the catalogue know what was withdrawn before it arrived."""
        for key, happened in self.waiting.items():
            catalogue.withdraw(self.rules.catalogue, happened, key)

    def still_early(self) -> dict[int, int]:
        """What was withdrawn and is still not known, when every record has its outcome."""
        return {
            key: happened
            for key, (happened, participant_id) in self.early.items()
            if key not in self.records[participant_id].state.known
        }

    def _published(
        self, lane: Lane, result: LaneOutcome, one: Decoded, event: PartnerEvent
    ) -> bool:
        """Whether a publication is accepted; where it is not, the record has its outcome."""
        decision = self._publish(event)
        if isinstance(decision, Refusal):
            _reject(lane, result, one.offset, decision, one.raw)
        elif not decision:
            repeat = (lane.partner_id, lane.lane_id, one.offset, event.event_id)
            result.duplicates.append(repeat)
        return not isinstance(decision, Refusal) and bool(decision)

    def _publish(self, event: PartnerEvent) -> Sequence[PartnerEvent] | Refusal:
        known = self.rules.catalogue
        key = key_of(event.event_id)
        before = known.published.get(key)
        decision = catalogue.publish(known, event)
        published = known.published[key]
        if published != before:
            self.published.append(publication(key, published))
            since = known.withdrawn.get(key)
            if since is not None:
                self.early.pop(key, None)
                self.published.append(withdrawal(key, published, since))
        return decision

    def _withdraw(self, event: PartnerEvent, participant_id: str, state: State) -> None:
        """What a withdrawal does of whose target the participant's record knows nothing: it may be a publication."""
        key = key_of(cast(EventVoided, event.fact).target_id)
        if key in state.known:
            return  # a withdrawal, which cannot be withdrawn
        known = self.rules.catalogue
        catalogue.withdraw(known, event.happened, key)
        published = known.published.get(key)
        if published is not None:
            self.published.append(withdrawal(key, published, event.happened))
            return
        earlier = self.early.get(key)
        if earlier is None or event.happened < earlier[0]:
            self.early[key] = (event.happened, participant_id)


def _repeat_or_conflict(
    lane: Lane,
    result: LaneOutcome,
    offset: int,
    event_id: str,
    entry: LedgerEntry,
    earlier: LedgerEntry,
    raw: Raw,
) -> None:
    if earlier == entry:
        result.duplicates.append((lane.partner_id, lane.lane_id, offset, event_id))
    else:
        _reject(lane, result, offset, Refusal(Reason.ID_CONFLICT, ID_CONFLICT, event_id), raw)


def _reject(lane: Lane, result: LaneOutcome, offset: int, refusal: Refusal, raw: Raw) -> None:
    result.rejections.append(rejection(lane, offset, refusal, raw))
