"""Every lane has its share of a batch, a batch is bounded by weight, and what fails is written apart, in pieces."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Reason, Refusal
from services.intake.backlog import STEADY, Backlog
from services.intake.batch import Decoded, LaneBatch
from services.intake.lanes import Lane
from services.intake.pace import QUICK_SECONDS, SLOW_SECONDS, Pace
from tests.raw_record import raw_record

REFUSED = Refusal(Reason.NOT_JSON, "Send JSON.")
RAW = raw_record(b"k", b"v")


def lane(partition: int) -> Lane:
    return Lane(partition, "tuntas.partner.pintaria", partition, 4, 1, 0)


def batch(partition: int, weights: Sequence[int], first: int = 0, in_kafka: int = 0) -> LaneBatch:
    decoded = [Decoded(first + at, REFUSED, RAW, None, weight) for at, weight in enumerate(weights)]
    next_offset = first + len(weights)
    return LaneBatch(lane(partition), decoded, next_offset, next_offset + in_kafka)


def taken(backlog: Backlog, limit: int) -> dict[int, list[int]]:
    """Partition to the offsets of its records in the next batch."""
    return {b.lane.partition: [one.offset for one in b.decoded] for b in backlog.take(limit)}


def test_what_fits_is_one_batch() -> None:
    backlog = Backlog()
    backlog.add(batch(0, [1] * 3))
    backlog.add(batch(1, [1] * 2))
    backlog.add(batch(0, [1] * 2, first=3))
    assert taken(backlog, 10) == {0: [0, 1, 2, 3, 4], 1: [0, 1]}
    assert not backlog


def test_a_lane_with_few_records_does_not_wait_for_one_with_many() -> None:
    backlog = Backlog()
    backlog.add(batch(0, [100] * 50))
    backlog.add(batch(1, [1] * 3))
    backlog.add(batch(2, [1] * 2))
    assert taken(backlog, 1_000) == {1: [0, 1, 2], 2: [0, 1], 0: [0, 1, 2, 3, 4, 5, 6, 7, 8]}
    assert taken(backlog, 1_000) == {0: [9, 10, 11, 12, 13, 14, 15, 16, 17, 18]}


def test_lanes_that_have_much_have_turns() -> None:
    backlog = Backlog()
    for partition in range(5):
        backlog.add(batch(partition, [1] * 800, in_kafka=5_000))
    assert taken(backlog, 600) == {0: list(range(600))}
    assert list(taken(backlog, 600)) == [1]
    assert [list(taken(backlog, 600)) for _ in range(3)] == [[2], [3], [4]]
    # What is left of a lane is less than a turn: it waits until more has come, or all have as little.
    backlog.add(batch(1, [1] * 700, first=800, in_kafka=4_300))
    assert taken(backlog, 600) == {1: list(range(600, 1_200))}
    assert taken(backlog, 600) == {
        0: list(range(600, 800)),
        2: list(range(600, 800)),
        3: list(range(600, 800)),
    }


def test_the_least_of_what_waits_goes_first_up_to_half_a_batch() -> None:
    backlog = Backlog()
    for partition, count in enumerate((800, 800, 300, 140, 800)):
        backlog.add(batch(partition, [1] * count))
    first = taken(backlog, 900)
    assert {partition: len(offsets) for partition, offsets in first.items()} == {
        3: 140,
        2: 300,
        0: 460,
    }


def test_little_of_a_lane_that_has_more_in_kafka_waits_until_a_turns_worth_is_here() -> None:
    backlog = Backlog()
    backlog.add(batch(0, [1] * 10, in_kafka=5_000))
    backlog.add(batch(1, [1] * 10))
    for partition in range(2, 5):
        backlog.add(batch(partition, [1] * 800, in_kafka=5_000))
    assert list(taken(backlog, 700)) == [1, 2]
    assert list(taken(backlog, 700)) == [3]
    backlog.add(batch(0, [1] * 800, first=10, in_kafka=4_200))
    assert list(taken(backlog, 700)) == [0]  # it waits longest
    assert list(taken(backlog, 700)) == [4]


def test_a_record_heavier_than_a_batch_is_one_by_itself() -> None:
    backlog = Backlog()
    backlog.add(batch(0, [900, 900]))
    assert taken(backlog, 10) == {0: [0]}
    assert taken(backlog, 10) == {0: [1]}


def test_more_lanes_than_a_batch_may_weigh_have_their_turns() -> None:
    backlog = Backlog()
    for partition in range(5):
        backlog.add(batch(partition, [1]))
    seen = [taken(backlog, 2) for _ in range(5)]
    assert {p for one in seen for p in one} == set(range(5))


def test_offsets_that_hold_nothing_are_in_a_batch_too() -> None:
    backlog = Backlog()
    backlog.add(LaneBatch(lane(0), [], 7, 9))
    (only,) = backlog.take(10)
    assert (only.decoded, only.next_offset) == ([], 7)


def test_a_lane_is_full_when_its_share_waits_and_the_others_are_not() -> None:
    backlog = Backlog()
    assert backlog.full(100) == set()
    backlog.add(batch(0, [1] * 100))
    backlog.add(batch(1, [1]))
    assert backlog.full(100) == {("tuntas.partner.pintaria", 0)}
    backlog.add(batch(2, [1] * 100))
    assert len(backlog.full(100)) == 3  # enough for now, but of lanes with nothing


def test_what_failed_is_written_lane_by_lane_in_turn_with_the_others() -> None:
    backlog = Backlog()
    backlog.add(batch(0, [1] * 8))
    backlog.add(batch(1, [1] * 2))
    failed = backlog.take(100)
    backlog.add(batch(2, [1]))
    backlog.put_back(failed)
    assert taken(backlog, 100) == {0: list(range(8))}
    assert taken(backlog, 100) == {2: [0]}
    backlog.add(batch(2, [1], first=1))
    assert taken(backlog, 100) == {1: [0, 1]}
    assert taken(backlog, 100) == {2: [1]}


def test_a_piece_that_fails_is_halved_down_to_one_record_and_grows_again() -> None:
    backlog = Backlog()
    backlog.add(batch(0, [1] * 16))
    sizes = []
    for _ in range(6):
        piece = backlog.take(100)
        sizes.append(len(piece[0].decoded))
        backlog.put_back(piece)
    assert sizes == [16, 8, 4, 2, 1, 1]
    for _ in range(STEADY * 3):
        piece = backlog.take(100)
        if piece:
            sizes.append(len(piece[0].decoded))
            backlog.written(piece, 100)
    assert sizes[6:] == [1] * STEADY + [2] * STEADY + [4]
    assert not backlog


@given(
    st.lists(st.lists(st.integers(1, 60), max_size=12), min_size=1, max_size=5),
    st.integers(1, 100),
    st.lists(st.booleans(), max_size=20),
)
def test_whatever_fails_each_record_is_written_once_and_in_order(
    lanes: list[list[int]], limit: int, fails: list[bool]
) -> None:
    backlog = Backlog()
    for partition, weights in enumerate(lanes):
        backlog.add(batch(partition, weights))
    written: dict[int, list[int]] = {partition: [] for partition in range(len(lanes))}
    behind = dict.fromkeys(range(len(lanes)), 0)
    for attempt in range(500):
        piece = backlog.take(limit)
        if not piece:
            break
        weighs = sum(one.weight for b in piece for one in b.decoded)
        assert weighs < limit + 60  # the last record may weigh more than what is left
        if attempt < len(fails) and fails[attempt]:
            backlog.put_back(piece)
            continue
        for b in piece:
            written[b.lane.partition] += [one.offset for one in b.decoded]
            behind[b.lane.partition] = b.next_offset
        backlog.written(piece, limit)
    assert not backlog
    assert written == {p: list(range(len(weights))) for p, weights in enumerate(lanes)}
    assert behind == {p: len(weights) for p, weights in enumerate(lanes)}


def test_slow_batches_get_smaller_and_quick_ones_larger_again() -> None:
    pace = Pace(1_000)
    pace.took(SLOW_SECONDS * 2, 1_000)
    assert pace.limit == 500
    pace.took(SLOW_SECONDS * 2, 100)
    assert pace.limit == 50
    pace.failed(1)
    assert pace.limit == 1
    for _ in range(30):
        pace.took(QUICK_SECONDS / 2, pace.limit)
    assert pace.limit == 1_000
