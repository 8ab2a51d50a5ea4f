"""Running numbers of many events at once, as a rebuild looks at them: what `sequences.look` comes to.

A partner's numbers are nearly all there, so they are kept as bits: 64 of them take one entry.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from projections.sequences.ranges import SQL, is_usable
from projections.storage.copy import copy_rows
from projections.storage.cursor import Cursor
from projections.storage.schema import LIVE

_WIDTH: Final = 64
_ALL: Final = (1 << _WIDTH) - 1


class NumberSet(Struct):
    """Whole numbers from 0 on: of ``blocks``, the one with key k has a bit for each of the numbers from 64 k on."""

    blocks: dict[int, int] = field(default_factory=dict)

    def add(self, numbers: Iterable[int]) -> None:
        """Adds numbers in any order; those that are there already change nothing."""
        blocks = self.blocks
        for number in numbers:
            block = number >> 6
            blocks[block] = blocks.get(block, 0) | 1 << (number & 63)

    def update(self, other: "NumberSet") -> None:
        """Adds all numbers of another set."""
        blocks = self.blocks
        for block, bits in other.blocks.items():
            blocks[block] = blocks.get(block, 0) | bits

    def ranges(self) -> list[tuple[int, int]]:
        """The same numbers as first and last of runs without a gap, in order, as few as possible."""
        found: list[tuple[int, int]] = []
        for block in sorted(self.blocks):
            for first, last in _runs(self.blocks[block]):
                start, end = block * _WIDTH + first, block * _WIDTH + last
                if found and found[-1][1] + 1 == start:
                    found[-1] = (found[-1][0], end)
                else:
                    found.append((start, end))
        return found


def _runs(bits: int) -> list[tuple[int, int]]:
    """First and last of the runs of set bits, the lowest first."""
    if bits == _ALL:
        return [(0, _WIDTH - 1)]
    runs: list[tuple[int, int]] = []
    at = 0
    while bits:
        gap = (bits & -bits).bit_length() - 1
        bits >>= gap
        at += gap
        length = (~bits & bits + 1).bit_length() - 1
        runs.append((at, at + length - 1))
        bits >>= length
        at += length
    return runs


class Numbers(Struct):
    """The running numbers of one partner's events, and how many events have none, or something else."""

    numbers: NumberSet = field(default_factory=NumberSet)
    unnumbered: int = 0
    unusable: int = 0

    def look(self, sequences: Sequence[bytes | None]) -> None:
        """Adds what some events carry: digits, of which at most 18 count, or not."""
        given = [sequence for sequence in sequences if sequence is not None]
        usable = [sequence for sequence in given if is_usable(sequence)]
        self.unnumbered += len(sequences) - len(given)
        self.unusable += len(given) - len(usable)
        self.numbers.add(map(int, usable))

    def update(self, other: "Numbers") -> None:
        """Adds what another share looked at."""
        self.numbers.update(other.numbers)
        self.unnumbered += other.unnumbered
        self.unusable += other.unusable


def write(
    cursor: Cursor, schema: str, numbers: Mapping[int, Numbers], positions: Mapping[int, int]
) -> None:
    """Writes what the events up to ``positions`` (by lane id) carry to the empty tables in ``schema``.

    ``numbers`` by partner id.
    """

    def statement(name: str) -> str:
        return SQL[name].replace(f"{LIVE}.", f"{schema}.")

    for partner_id, of_partner in sorted(numbers.items()):
        ranges = of_partner.numbers.ranges()
        rows = [(partner_id, first, last) for first, last in ranges]
        copy_rows(cursor, statement("copy_ranges"), rows)
        counts = {
            "received": sum(last - first + 1 for first, last in ranges),
            "ranges": len(ranges),
            "unnumbered": of_partner.unnumbered,
            "unusable": of_partner.unusable,
        }
        cursor.execute(statement("add_counts"), {"partner_id": partner_id, **counts})
    looked_at = {lane_id: position for lane_id, position in positions.items() if position}
    values = {"lane_ids": list(looked_at), "upto": list(looked_at.values())}
    cursor.execute(statement("looked_at"), values)
