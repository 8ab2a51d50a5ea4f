"""Tells Kafka's consumer group up to where partitions were read: for lag tools only, as the truth is in the lanes."""

import logging
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from time import monotonic
from typing import TypeAlias

from kafka import TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from services.kafka.fetching import PartnerKafkaConsumer

_log = logging.getLogger(__name__)

Place: TypeAlias = tuple[str, int]
"""Topic and partition."""


class GroupOffsets:
    """What the group is to be told, each offset once, now and then. Nothing here raises."""

    def __init__(self, kafka: PartnerKafkaConsumer, every_seconds: float) -> None:
        self._kafka = kafka
        self._every = every_seconds
        self._waiting: dict[Place, int] = {}
        self._next = monotonic() + every_seconds

    def note(self, next_offsets: Mapping[Place, int]) -> None:
        """Have these be told the next time."""
        self._waiting.update(next_offsets)

    def forget(self, place: Place) -> None:
        """The partition is somebody else's now."""
        self._waiting.pop(place, None)

    def tell_now_and_then(self, held: AbstractSet[Place]) -> None:
        """Tells what waits of the partitions that are ``held``, when it is time; does not block."""
        now = monotonic()
        if now < self._next:
            return
        self._next = now + self._every
        if not (offsets := self._take(held)):
            return
        try:
            self._kafka.commit_async(offsets, _note_answer)
        except KafkaError as error:
            _log.info("offsets were not committed to Kafka: %s", error)

    def tell_the_last(self, held: AbstractSet[Place]) -> None:
        """The same at once; blocks for two seconds at most."""
        try:
            if offsets := self._take(held):
                self._kafka.commit(offsets, timeout_ms=2_000)
        except KafkaError as error:
            _log.info("last offsets were not committed to Kafka: %s", error)

    def _take(self, held: AbstractSet[Place]) -> dict[TopicPartition, OffsetAndMetadata]:
        offsets = {
            TopicPartition(*place): OffsetAndMetadata(offset, "", -1)
            for place, offset in self._waiting.items()
            if place in held
        }
        self._waiting.clear()
        return offsets


def _note_answer(_offsets: object, response: object) -> None:
    if isinstance(response, Exception):
        _log.info("offsets were not committed to Kafka: %s", response)
