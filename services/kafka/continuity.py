"""Whether partitions are read on from where they were read to, and whether their logs still reach so far."""

from collections.abc import Iterable
from time import monotonic
from typing import Final

from msgspec import Struct

NOT_KNOWN: Final = -1

Partition = tuple[str, int]
"""Topic and number."""


class Place(Struct):
    """How far one partition was read, and how far its log was seen to go."""

    next_offset: int
    reached: int
    """Its log held everything before this offset, once."""
    high_water: int = NOT_KNOWN
    ended_since: float | None = None
    """Since when its log has been shorter than that."""


class Continuity:
    """The places of the partitions that were sought."""

    def __init__(self, patience_seconds: float) -> None:
        """``patience_seconds``: after so long a log that is shorter than it was is taken to be cut.

        For a moment it can be so after an election, until the new leader knows how far its followers are.
        """
        self._patience_seconds: Final = patience_seconds
        self._places: dict[Partition, Place] = {}

    def __contains__(self, partition: Partition) -> bool:
        return partition in self._places

    def begin(self, partition: Partition, offset: int, reached: int) -> None:
        """From now on the partition is read from ``offset`` on; its log held all before ``reached``."""
        self._places[partition] = Place(offset, max(offset, reached))

    def forget(self, partition: Partition) -> None:
        """The partition is not this consumer's any more."""
        self._places.pop(partition, None)

    def next_offset(self, partition: Partition) -> int:
        """Behind what was taken last."""
        return self._places[partition].next_offset

    def reached(self, partition: Partition) -> int:
        """How far the log went, 0 where nothing is known of it."""
        place = self._places.get(partition)
        return 0 if place is None else place.reached

    def take(self, partition: Partition, next_offset: int, high_water: int) -> bool:
        """Notes what a poll brought; returns whether the place or the log's end moved."""
        place = self._places[partition]
        moved = (place.next_offset, place.high_water) != (next_offset, high_water)
        place.next_offset, place.high_water = next_offset, high_water
        return moved

    def ended(self, places: Iterable[tuple[Partition, int, int]]) -> list[tuple[Partition, int]]:
        """Each partition whose log has for a while ended before what is wanted of it, and that offset.

        ``places``: partitions with their next offsets and their logs' ends. What is wanted is read next, or was there
        before. Apache Kafka refuses such a fetch; other brokers just send nothing.
        """
        now = monotonic()
        found = []
        for partition, next_offset, high_water in places:
            place = self._places[partition]
            wanted = max(next_offset, place.reached)
            if wanted <= high_water:
                place.ended_since = None
                continue
            if place.ended_since is None:
                place.ended_since = now
            if now - place.ended_since > self._patience_seconds:
                found.append((partition, wanted))
        return found
