"""A lane that a worker owns, and a record as it was read from it."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class Raw(Protocol):
    """A record as it was read: what is kept when it is rejected."""

    @property
    def key(self) -> bytes | None:
        """The bytes of the key."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """The headers, in order."""

    @property
    def value(self) -> bytes | None:
        """The bytes of the value, or the first 64 KiB of them."""

    @property
    def size(self) -> int:
        """The size of the whole value."""

    @property
    def sent_ms(self) -> int:
        """Kafka's timestamp of the record, milliseconds since 1970; -1: none."""


class LastRead(Struct, frozen=True):
    """What became of the record that was read last of a lane.

    ``size`` is that of a rejected record's value, in bytes, and ``value`` what is kept of it; None, b"": nothing is.
    """

    offset: int
    event_id: str | None
    size: int | None
    value: bytes


class Lane(Struct):
    """A lane that this worker owns. ``next_offset`` moves with each committed batch.

    ``last``: what was read last, until the log is known to hold it still; it is read again, and compared, first.
    """

    lane_id: int
    topic: str
    partition: int
    partner_id: int
    epoch: int
    next_offset: int
    last: LastRead | None = None
