"""Which partition of a topic a key goes to."""

from functools import lru_cache

from kafka.partitioner import murmur2


@lru_cache(maxsize=100_000)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition that kafka-python's producer, as every Kafka client, sends the key to."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
