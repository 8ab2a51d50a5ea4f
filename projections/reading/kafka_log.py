"""What Kafka said of its log, for readers to compare lanes with."""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

Place: TypeAlias = tuple[str, int]
"""Topic and partition."""


class KafkaLog(Struct, frozen=True):
    """What Kafka said at ``looked_at``; times are microseconds UTC. ``log_id`` is its cluster id.

    ``begins`` and ``ends`` are the first offset there is and the one that the next record gets. ``waiting_since`` is
    when the record came that is read next; it lacks places where nothing waited, or that did not answer in time.
    ``topic_ids`` tell a topic from another one that is made under its name later, where brokers have such ids.
    """

    log_id: str
    looked_at: int
    begins: Mapping[Place, int]
    ends: Mapping[Place, int]
    waiting_since: Mapping[Place, int]
    topic_ids: Mapping[str, str]

    def is_of(self, log_id: str, topic: str, topic_id: str | None) -> bool:
        """Whether offsets of a topic in another look at a log are offsets of the one that is there now."""
        same_topic = topic_id is None or self.topic_ids.get(topic, topic_id) == topic_id
        return log_id == self.log_id and same_topic


class Asked(Struct, frozen=True):
    """The latest answer of Kafka, or why there is none."""

    log: KafkaLog | None = None
    unknown: str | None = None
