"""Mutated records and batches as they are offered to a broker, clean records in between, by rounds."""

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Final, NamedTuple

from msgspec.structs import replace

from services.kafka.topics import partner_topic
from tests.catalogue.cases import CatalogueRecord, catalogue
from tests.catalogue.sending import batch_of_one, good_event
from tests.fuzz.mutations import MOST_BYTES, batch, damaged, encoded, mutated
from tests.services.cloudevents.samples import PARTNER

TOPIC: Final = partner_topic(PARTNER)
NEIGHBOUR: Final = "pintaria"
PARTITIONS: Final = 6
MOST_A_BATCH: Final = 20
AS_IT_IS: Final = 0.05
"""So many records have an id that others have as well, and a participant whom all partitions have: lanes contend for
them, as they do where a partner's key is not the participant."""
UNCHANGED: Final = 0.2
"""So many records are as the catalogue has them: there is something for the others to contradict."""
DAMAGED: Final = 0.2
"""So many of the batches are damaged beyond their records."""
SENT_MS: Final = (-1, 0, 1_600_000_000_000)
"""What batches say of when they were sent: no broker takes one from the future."""

_PARTICIPANT: Final = b"PRK-000000042"
_PARTICIPANTS: Final = 5_000
_LENGTH, _DELTA = slice(8, 12), slice(23, 27)
_MOST_DELTA: Final = 100


class Part(NamedTuple):
    """One batch for one topic partition; ``records`` as it was before it was damaged."""

    topic: str
    partition: int
    data: bytes
    records: int
    is_damaged: bool = False


def rounds(draw: Random) -> Iterator[list[Part]]:
    """Without end: a mutated batch for each partition but one, which has a clean record, as the neighbour has."""
    cases = [record for record in catalogue() if len(record.value or b"") <= MOST_BYTES]
    for number in count():
        clean = number % PARTITIONS
        parts = [_clean(PARTNER, clean, number), _clean(NEIGHBOUR, clean, number)]
        others = (partition for partition in range(PARTITIONS) if partition != clean)
        parts += [_mutated(draw, cases, partition) for partition in others]
        yield parts


def _clean(partner: str, partition: int, number: int) -> Part:
    record = good_event(f"clean-{number}")
    value = (record.value or b"").replace(PARTNER.encode(), partner.encode())
    sealed = batch_of_one(replace(record, value=value), 1_600_000_000_000)
    return Part(partner_topic(partner), partition, sealed, 1)


def _mutated(draw: Random, cases: list[CatalogueRecord], partition: int) -> Part:
    many = draw.randint(1, MOST_A_BATCH)
    records = [
        _record(draw, _another(draw, cases, partition), draw.choice(cases)) for _ in range(many)
    ]
    whole = batch(draw, records, SENT_MS)
    if draw.random() >= DAMAGED:
        return Part(TOPIC, partition, whole, many)
    return Part(TOPIC, partition, _sendable(whole, damaged(draw, whole)), many, is_damaged=True)


def _record(draw: Random, record: CatalogueRecord, other: CatalogueRecord) -> bytes:
    if draw.random() < UNCHANGED:
        return encoded(record.key, record.headers, record.value)
    return mutated(draw, record, other)


def _another(draw: Random, cases: list[CatalogueRecord], partition: int) -> CatalogueRecord:
    """A case under an id of its own and about somebody of the partition; few as they are, and about the same person."""
    record = draw.choice(cases)
    if draw.random() < AS_IT_IS or not record.event_id:
        return record
    person = b"PRK-%09d" % (PARTITIONS * draw.randrange(_PARTICIPANTS) + partition)
    event_id = record.event_id.encode()
    own_id = event_id[:-12] + b"%012x" % draw.randrange(1 << 48)

    def renamed(content: bytes | None) -> bytes | None:
        return content and content.replace(_PARTICIPANT, person).replace(event_id, own_id)

    return replace(
        record,
        key=renamed(record.key),
        value=renamed(record.value),
        headers=[(name, renamed(content)) for name, content in record.headers],
    )


def _sendable(whole: bytes, spoilt: bytes) -> bytes:
    """The damaged batch, but with its length, by which a broker finds where it ends, and no end of its log far away.

    The embedded broker believes the number of offsets that a batch says it holds.
    """
    found = bytearray(spoilt)
    found[_LENGTH] = whole[_LENGTH]
    if not 0 <= int.from_bytes(found[_DELTA], signed=True) <= _MOST_DELTA:
        found[_DELTA] = whole[_DELTA]
    return bytes(found)
