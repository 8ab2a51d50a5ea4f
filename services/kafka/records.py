"""What a topic partition is read into: records, and in their place what could not be read as one."""

from collections.abc import Sequence

from msgspec import Struct


class Record(Struct, frozen=True, gc=False):
    """One Kafka record, its bytes as they were sent. A header without a value has b""."""

    offset: int
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    value: bytes | None


class CorruptRecord(Struct, frozen=True, gc=False):
    """An offset whose record cannot be read, and a sentence saying why, without its content.

    ``content`` is the record as encoded or, where a batch is damaged, at its first offset the
    batch's beginning (at most 64 KiB) and nothing at the others.
    """

    offset: int
    detail: str
    content: bytes = b""


class Fetched(Struct, frozen=True):
    """What one poll brought of one topic partition.

    ``records`` are in offset order, at most one an offset. Offsets below ``next_offset`` that are
    not among them hold nothing for consumers (transaction markers, aborted or compacted records):
    they are to be counted as skipped. ``records`` may be empty: then only ``next_offset`` or
    ``high_water`` moved. ``high_water`` is the log's end as the broker gave it with the records.
    """

    topic: str
    partition: int
    records: list[Record | CorruptRecord]
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
