"""The numbers and byte strings that a record is made of.

https://kafka.apache.org/documentation/#record
"""

from typing import Final

_MOST_VARINT_BYTES: Final = 10


def span(body: bytes, position: int, end: int) -> tuple[int, int, int]:
    """Where a byte string with its length before it starts and ends (-1: there is none), and what follows it starts.

    Raises IndexError when that is beyond ``end``.
    """
    length, start = varint(body, position)
    ends = start + max(length, 0)
    if ends > end or length < -1:
        raise IndexError
    return start, (ends if length >= 0 else -1), ends


def varint(data: bytes, position: int) -> tuple[int, int]:
    """The integer at ``position`` and where it ends; raises IndexError."""
    found = 0
    for shift in range(0, 7 * _MOST_VARINT_BYTES, 7):
        byte = data[position]
        position += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (found >> 1) ^ -(found & 1), position
    raise IndexError
