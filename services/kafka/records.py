"""What a topic partition is read into: records, and in their place what could not be read as one."""

from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec import Struct

NO_TIMESTAMP: Final = -1
"""What Kafka says of a record without a timestamp."""

KEPT_BYTES: Final = 64 * 1024
"""Of what cannot be read, or is too large to be (contract, section 2)."""


class Record(Struct, frozen=True, gc=False):
    """One Kafka record, its bytes as they were sent. A header whose value is null is left out: as good as absent.

    ``sent_ms`` is its timestamp in milliseconds since 1970, whether its sender or the broker gave it;
    ``held_bytes`` is how long it is as encoded.
    """

    offset: int
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    value: bytes | None
    sent_ms: int = NO_TIMESTAMP
    held_bytes: int = 0

    @property
    def size(self) -> int:
        """The size of its value, in bytes."""
        return len(self.value or b"")


class OversizedRecord(Struct, frozen=True, gc=False):
    """A record of which no more than its beginning was kept: ``size`` is its value's, in bytes.

    Where key and headers were what is too large, ``headers`` are none and the key is cut.
    """

    offset: int
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    value: bytes
    size: int
    sent_ms: int = NO_TIMESTAMP
    held_bytes: int = 0


class CorruptRecord(Struct, frozen=True, gc=False):
    """An offset whose record cannot be read, and a sentence saying why, without its content.

    ``value`` is the beginning (at most 64 KiB) of the record as encoded or, where a batch is damaged,
    of the batch at its first offset, and nothing at the others. ``size`` is what there was of it.
    """

    offset: int
    detail: str
    value: bytes = b""
    size: int = 0
    key: None = None
    headers: Sequence[tuple[str, bytes]] = ()
    sent_ms: int = NO_TIMESTAMP

    @property
    def held_bytes(self) -> int:
        """How much of it is held in memory."""
        return len(self.value)


AnyRecord: TypeAlias = Record | OversizedRecord | CorruptRecord


class Fetched(Struct, frozen=True):
    """What one poll brought of one topic partition.

    ``records`` are in offset order, at most one an offset. Offsets below ``next_offset`` that are
    not among them hold nothing for consumers (transaction markers, aborted or compacted records):
    they are to be counted as skipped. ``records`` may be empty: then only ``next_offset`` or
    ``high_water`` moved. ``high_water`` is the log's end as the broker gave it with the records.
    """

    topic: str
    partition: int
    records: list[AnyRecord]
    next_offset: int
    high_water: int


class Polled(Struct, frozen=True):
    """What one poll brought, and what became of this consumer's topic partitions before it.

    To be handled in this order: ``lost`` and ``revoked``, ``assigned``, ``fetched``. A partition
    may be lost, or revoked, and assigned anew in one poll.
    """

    fetched: list[Fetched]
    assigned: frozenset[tuple[str, int]]
    """Given to this consumer; nothing of them is read until `PartnerConsumer.seek`."""
    revoked: frozenset[tuple[str, int]]
    """Given to another consumer, in order."""
    lost: frozenset[tuple[str, int]]
    """Taken away because this consumer fell silent; another one may be at work on them already."""
