"""A batch of records, what must be looked up for it, and what it becomes: values only."""

from collections.abc import Sequence

from msgspec import Struct, field

from domain.errors import Refusal
from domain.events import PARTICIPANT_STREAM, PartnerEvent
from domain.participant import Touched
from projections.catalogue import Change
from projections.storage.facts import encode
from services.intake.lanes import Lane, Raw
from services.postgres.ledger import EventRow, LedgerEntry
from services.postgres.outcomes import DuplicateRow, RejectionRow

PREFIX = len(PARTICIPANT_STREAM)


class Decoded(Struct, frozen=True, gc=False):
    """One record of a lane after decoding. ``entry`` of an event: made by who has time for it, else by `sort_out`.

    ``weight`` is how much of a batch it takes (services/intake/weights.py).
    """

    offset: int
    outcome: PartnerEvent | Refusal
    raw: Raw
    entry: LedgerEntry | None = None
    weight: int = 1


def entry_of(event: PartnerEvent) -> LedgerEntry:
    """What the ledger holds under the event's id once it is accepted."""
    fact = event.fact
    return LedgerEntry(fact.topic, event.stream, event.happened, encode(fact))


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
    """What a whole batch became: per lane (in order), and by partner id.

    ``published`` is what changes catalogues; ``early`` are withdrawals of events that nobody knows (yet): key of the
    event to the earliest time.
    """

    lanes: list[LaneOutcome]
    touched: dict[int, dict[str, list[Touched]]]
    published: dict[int, list[Change]]
    early: dict[int, dict[int, int]]

    def changes_catalogue_of(self) -> set[int]:
        """The partners whose catalogues change, or would if what was withdrawn early was being published now."""
        return {of for parts in (self.published, self.early) for of, part in parts.items() if part}


class Wanted(Struct):
    """What must be looked up for the batch's records of one partner.

    ``participants`` maps each participant id to the id of the lane that it was read from; ``catalogue_ids`` are the
    event ids of what is published, and of what else is about no participant.
    """

    event_ids: list[str] = field(default_factory=list)
    participants: dict[str, int] = field(default_factory=dict)
    catalogue_ids: list[str] = field(default_factory=list)

    @property
    def publishes(self) -> bool:
        """Whether the batch has publications of the partner."""
        return bool(self.catalogue_ids)


def wanted(batches: Sequence[LaneBatch]) -> dict[int, Wanted]:
    """Partner id to what must be looked up before `sort_out`."""
    by_partner: dict[int, Wanted] = {}
    for batch in batches:
        wants = by_partner.setdefault(batch.lane.partner_id, Wanted())
        event_ids, participants = wants.event_ids, wants.participants
        lane_id = batch.lane.lane_id
        for one in batch.decoded:
            outcome = one.outcome
            if isinstance(outcome, PartnerEvent):
                event_ids.append(outcome.event_id)
                if outcome.stream.startswith(PARTICIPANT_STREAM):
                    participants[outcome.stream[PREFIX:]] = lane_id
                else:
                    wants.catalogue_ids.append(outcome.event_id)
    return by_partner
