"""From what Kafka's log holds to what a batch is made of."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from domain.errors import Reason, Refusal
from domain.events import PartnerEvent
from domain.vocabulary import TOPIC_PREFIX
from services.cloudevents.decode import decode
from services.cloudevents.examine import TOO_LARGE, TOO_MUCH_BESIDE
from services.intake.batch import Decoded, entry_of
from services.intake.lanes import Lane
from services.intake.weights import BYTES_BITS, HEAVY, Weights
from services.kafka.one_batch import MAX_VALUE_BYTES
from services.kafka.records import AnyRecord, CorruptRecord, Record
from services.xapi.activities import NO_ACTIVITIES, NO_PARTNERS, Activities

TURN_RECORDS: Final = 20
TURN_BYTES: Final = 32 * 1024
"""So much is decoded before the writer is let in: some tenths of a millisecond, as a rule."""


def pieces(records: Sequence[AnyRecord]) -> Iterator[Sequence[AnyRecord]]:
    """The records in order, so many at a time that the writer does not wait for long; a large one is one by itself."""
    for first in range(0, len(records), TURN_RECORDS):
        piece = records[first : first + TURN_RECORDS]
        if sum([record.held_bytes for record in piece]) <= TURN_BYTES:
            yield piece
        else:
            yield from ([record] for record in piece)


def decoded(
    lane: Lane,
    records: Iterable[AnyRecord],
    weights: Weights,
    activities: Activities = NO_PARTNERS,
) -> list[Decoded]:
    """The records of a lane, decoded and weighed; ``activities`` say which class an xAPI statement is about.

    What cannot be read as a record, or is too large, is refused in its place.
    """
    partner = lane.topic.removeprefix(TOPIC_PREFIX)
    of_partner = activities.get(partner, NO_ACTIVITIES)
    outcomes: list[Decoded] = []
    for record in records:
        entry = None
        weight = record.held_bytes >> BYTES_BITS or 1
        if isinstance(record, Record):
            outcome = decode(
                partner, record.key, record.headers, record.value, record.sent_ms, of_partner
            )
            if isinstance(outcome, PartnerEvent):
                entry = entry_of(outcome)
                if type(outcome.fact) in HEAVY:
                    weight = weights.of_event(outcome, weight)
        elif isinstance(record, CorruptRecord):
            outcome = Refusal(Reason.CORRUPT_RECORD, record.detail)
        else:
            outcome = TOO_LARGE if record.size > MAX_VALUE_BYTES else TOO_MUCH_BESIDE
        outcomes.append(Decoded(record.offset, outcome, record, entry, weight))
    return outcomes
