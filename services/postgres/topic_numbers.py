"""The numbers under which the ledger stores topics that no fact has: those of the library's own events."""

from collections.abc import Set as AbstractSet
from typing import Final

from eventsourcing.persistence import ProgrammingError
from psycopg2.extensions import cursor
from xxhash import xxh32_intdigest

from projections.storage.copy import text_array
from projections.storage.sql import load

SQL: Final = load("services.postgres", "topic_numbers.sql")

FIRST_TOPIC_NUMBER: Final = 1_000

TOPIC_NUMBERS_LEFT: Final = 2**15 - FIRST_TOPIC_NUMBER
"""Numbers of topics have 15 bits; those below FIRST_TOPIC_NUMBER are kept for facts."""


def topic_numbers(work: cursor, topics: AbstractSet[str]) -> dict[str, int]:
    """The number of each topic. Raises ProgrammingError for one whose number another topic has."""
    names = {"topics": text_array(topics)}
    work.execute(SQL["topic_numbers"], names)
    found: dict[str, int] = dict(work.fetchall())
    new = sorted(topics - found.keys())
    if new:
        numbers = [number_of_topic(topic) for topic in new]
        work.execute(SQL["number_topics"], {"topics": text_array(new), "numbers": numbers})
        work.execute(SQL["topic_numbers"], names)
        found = dict(work.fetchall())
    if taken := topics - found.keys():
        raise ProgrammingError(
            f"the number of topic {min(taken)!r} belongs to another topic: give it another name"
        )
    return found


def number_of_topic(topic: str) -> int:
    """The number of a topic that no fact has: the same on every server, as it stands in the events."""
    return FIRST_TOPIC_NUMBER + xxh32_intdigest(topic.encode()) % TOPIC_NUMBERS_LEFT
