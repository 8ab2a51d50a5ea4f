"""Which partition a key goes to: as Kafka's own clients decide, so that all senders agree."""

import struct
from functools import cache, lru_cache
from typing import Final

_SEED: Final = 0x9747B28C
_MULTIPLIER: Final = 0x5BD1E995
_32_BITS: Final = 0xFFFFFFFF


@lru_cache(maxsize=100_000)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of ``key`` in a topic of ``partitions``: Java's `toPositive(murmur2) % n`.

    https://github.com/apache/kafka/blob/4.1/clients/src/main/java/org/apache/kafka/clients/producer/internals/BuiltInPartitioner.java
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """The 32-bit MurmurHash2 of ``data`` under Kafka's seed, unsigned."""
    size = len(data)
    found = _SEED ^ size
    words = size // 4
    for word in _words(words).unpack_from(data):
        mixed = word * _MULTIPLIER & _32_BITS
        mixed = (mixed ^ mixed >> 24) * _MULTIPLIER & _32_BITS
        found = found * _MULTIPLIER & _32_BITS ^ mixed
    if rest := data[4 * words :]:
        found = (found ^ int.from_bytes(rest, "little")) * _MULTIPLIER & _32_BITS
    found = (found ^ found >> 13) * _MULTIPLIER & _32_BITS
    return found ^ found >> 15


@cache
def _words(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}I")
