"""Gaps in running numbers are found whatever the order in which events arrive, and are read off exactly."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import PARTICIPANT_STREAM, ClassRedeemed, PartnerEvent
from projections.sequences import ranges as sequences
from projections.sequences.ranges import united
from services.intake.lanes import Lane
from services.simulator import simulate
from tests.projections.kept import Kept

PARTNER = "pintaria"


def numbers_of(ranges: Iterable[tuple[int, int]]) -> set[int]:
    return {number for first, last in ranges for number in range(first, last + 1)}


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 6)).map(lambda r: (r[0], r[0] + r[1])))
)
def test_united_ranges_hold_the_same_numbers_with_gaps_between_them(
    ranges: list[tuple[int, int]],
) -> None:
    found = united(ranges)
    assert numbers_of(found) == numbers_of(ranges)
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(found))


class Numbered:
    """A partner that numbers its events."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self._lanes = {partition: kept.desk.lane(PARTNER, partition) for partition in (0, 1)}
        self._count = 0

    def send(self, *numbers: str | None, partition: int = 0) -> Lane:
        lane = self._lanes[partition]
        events = []
        for number in numbers:
            self._count += 1
            fact = ClassRedeemed("A")
            stream = f"{PARTICIPANT_STREAM}p{partition}"
            events.append(
                PartnerEvent(PARTNER, f"e{self._count}", self._count, stream, fact, number)
            )
        self.kept.desk.send(lane, *events)
        return lane

    def look(self, limit: int = sequences.EVENTS_AT_ONCE) -> int:
        with self.kept.transaction() as work:
            return sequences.look(work, limit)

    def ranges(self) -> list[tuple[int, int]]:
        found = self.kept.rows(
            "SELECT first_number, last_number FROM projections.sequence_range ORDER BY first_number"
        )
        return [(first, last) for first, last in found]

    def counts(self) -> tuple[int, ...]:
        (found,) = self.kept.rows(
            "SELECT received, ranges, unnumbered, unusable FROM projections.sequence_count"
        )
        return found


@pytest.fixture
def numbered(database_url: str) -> Numbered:
    return Numbered(Kept(database_url))


def test_late_numbers_close_gaps_and_repeated_ones_change_nothing(numbered: Numbered) -> None:
    numbered.send("1", "2", "5", "0000000007")
    assert numbered.look() == 4
    assert numbered.ranges() == [(1, 2), (5, 5), (7, 7)]
    numbered.send("4", "4", "5", partition=1)
    numbered.look()
    assert numbered.ranges() == [(1, 2), (4, 5), (7, 7)]
    numbered.send("6", "3", partition=1)
    numbered.look()
    assert numbered.ranges() == [(1, 7)]
    assert numbered.counts() == (7, 1, 0, 0)
    assert numbered.look() == 0


def test_what_is_no_whole_number_is_counted_as_unusable(numbered: Numbered) -> None:
    numbered.send("10", None, "x", "-3", "1.5", "９", " 11", "9" * 19, "0" * 40 + "12", "+13", "0")
    numbered.look()
    assert numbered.ranges() == [(0, 0), (10, 10), (12, 12)]
    assert numbered.counts() == (3, 3, 1, 7)


def test_lanes_are_looked_at_in_steps(numbered: Numbered) -> None:
    numbered.send(*map(str, range(1, 30, 2)))
    numbered.send(*map(str, range(2, 30, 2)), partition=1)
    looked_at = []
    while done := numbered.look(limit=4):
        looked_at.append(done)
    assert looked_at == [8, 8, 8, 5]
    assert numbered.ranges() == [(1, 29)]
    assert numbered.counts() == (29, 1, 0, 0)


def test_a_season_leaves_the_numbers_that_were_accepted_and_a_rebuild_finds_them(
    database_url: str,
) -> None:
    kept = Kept(database_url)
    kept.tell(simulate(3_000, seed=6))
    kept.settle()
    for _ in range(3):
        with kept.transaction() as work:
            sequences.follow(work)
    accepted = kept.rows("SELECT partner_id, sequence FROM ledger.event WHERE sequence IS NOT NULL")
    wanted = {(partner_id, int(sequence)) for partner_id, sequence in accepted}
    assert len(wanted) > 1_000
    ranges = kept.rows(
        "SELECT partner_id, first_number, last_number FROM projections.sequence_range"
    )
    assert {
        (partner_id, number)
        for partner_id, first, last in ranges
        for number in range(first, last + 1)
    } == wanted
    counts = kept.rows("SELECT partner_id, received, ranges FROM projections.sequence_count")
    for partner_id, received, count in counts:
        assert received == sum(of == partner_id for of, _ in wanted)
        assert count == sum(of == partner_id for of, _, _ in ranges)
    kept.tell(simulate(500, seed=7))
    kept.settle()
    done = kept.rebuild()
    assert done.differences is not None
    assert {name: n for name, n in done.differences.items() if n} == {}
