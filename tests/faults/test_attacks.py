"""One partner's batches, made to take all memory and time, leave the others their own.

`make faults` runs them as large as they were seen; the tests, smaller.
"""

from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.end_to_end.running_system import RunningSystem
from tests.faults.attacks import brackets, empty_frames, items, large_records, packages
from tests.faults.neighbours import felt

pytestmark = [pytest.mark.kafka, pytest.mark.apache, pytest.mark.slow]

MOST_MIB: Final = 400
MOST_SECONDS: Final = 2.0
"""Of a machine that does nothing else; the tests allow for others, or for the tests themselves."""
ALLOWED: Final = 2

Attack = Callable[[int], Iterator[bytes]]

SMALL: list[tuple[Attack, int, int]] = [
    (large_records, 60, 60),
    (brackets, 120, 120),
    (empty_frames, 10, 10),
    (packages, 150, 151),
    (items, 150, 150),
]
AS_SEEN: list[tuple[Attack, int, int]] = [
    (large_records, 300, 300),
    (brackets, 600, 600),
    (empty_frames, 50, 50),
    (packages, 2_000, 2_001),
    (items, 2_000, 2_000),
]


def hold(system: RunningSystem, attack: Iterator[bytes], records: int) -> None:
    found = felt(system, attack, records)
    print(found)
    assert found.highest_mib <= MOST_MIB, found
    assert found.p99 <= MOST_SECONDS * ALLOWED, found


@pytest.mark.parametrize(("attack", "size", "records"), SMALL, ids=[a.__name__ for a, *_ in SMALL])
def test_neighbours_are_read_and_memory_is_bounded(
    running_system: RunningSystem, attack: Attack, size: int, records: int
) -> None:
    hold(running_system, attack(size), records)


@pytest.mark.long
@pytest.mark.parametrize(
    ("attack", "size", "records"), AS_SEEN, ids=[a.__name__ for a, *_ in AS_SEEN]
)
def test_the_same_as_large_as_it_was_seen(
    running_system: RunningSystem, attack: Attack, size: int, records: int
) -> None:
    hold(running_system, attack(size), records)
