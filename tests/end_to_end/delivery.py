"""A season on its way into Kafka: in another order, partly twice, and where each record ends up there."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from services.simulator import SimulatedRecord
from tests.end_to_end.running_system import PARTITIONS
from tests.partitioning import partition_of

Coordinates = tuple[str, int, int]
"""Topic, partition and offset."""


def shuffled(
    records: Sequence[SimulatedRecord], seed: int, repeats: int = 0
) -> list[SimulatedRecord]:
    """The records in another order across partitions, and so many of the accepted ones once more, later.

    Within a partition the order stays, as in Kafka: a conflict comes after what it contradicts.
    """
    draw = random.Random(seed)
    by_partition = defaultdict(list)
    for record in records:
        by_partition[place_of(record)].append(record)
    placed: list[tuple[float, SimulatedRecord]] = []
    for group in by_partition.values():
        places = sorted(draw.random() for _ in group)
        placed += zip(places, group, strict=True)
    accepted = [each for each in placed if each[1].outcome == "accepted"]
    for place, record in draw.sample(accepted, repeats):
        placed.append((place + (1 - place) * draw.random(), record))
    placed.sort(key=lambda each: each[0])
    return [record for _, record in placed]


def place_of(record: SimulatedRecord) -> tuple[str, int]:
    """The topic and partition that a record is sent to."""
    return record.topic, partition_of(record.key, PARTITIONS)


class Sent(NamedTuple):
    """A record and where it is in Kafka."""

    at: Coordinates
    record: SimulatedRecord


def sent(records: Sequence[SimulatedRecord]) -> Iterator[Sent]:
    """The records with their coordinates, when they are all that was sent, each once, in this order."""
    offsets: Counter[tuple[str, int]] = Counter()
    for record in records:
        topic, partition = place = place_of(record)
        yield Sent((topic, partition, offsets[place]), record)
        offsets[place] += 1


def parts(records: Sequence[SimulatedRecord], count: int) -> list[Sequence[SimulatedRecord]]:
    """The records in so many parts of about the same length, in their order."""
    bounds = [len(records) * number // count for number in range(count + 1)]
    return [records[start:end] for start, end in pairwise(bounds)]
