"""What a worker keeps between batches is bounded, goes with its lane, and changes nothing in what it writes."""

import random
from collections.abc import Callable

import pytest

from domain.events import ClassCompleted, EventVoided, PurchasePaid
from projections.status.record import Record
from services.intake.cache import RecordCache
from tests.domain.story import event
from tests.services.intake.desk import Desk


def keep(cache: RecordCache, participant_id: str, lane_id: int = 1) -> None:
    cache.keep(1, {participant_id: Record(1)}, {participant_id: lane_id})


def kept(cache: RecordCache, *participant_ids: str) -> list[bool]:
    here = cache.take(1, dict.fromkeys(participant_ids, 1))
    return [participant_id in here for participant_id in participant_ids]


def test_the_least_recently_used_goes_first() -> None:
    cache = RecordCache(2)
    for participant_id in ("a", "b"):
        keep(cache, participant_id)
    cache.keep(1, cache.take(1, {"a": 1}), {"a": 1})
    keep(cache, "c")
    assert len(cache) == 2
    assert kept(cache, "a", "b", "c") == [True, False, True]


def test_nothing_is_kept_with_a_limit_of_0() -> None:
    cache = RecordCache(0)
    keep(cache, "a")
    assert kept(cache, "a") == [False]


def test_what_is_taken_is_here_no_longer() -> None:
    cache = RecordCache(9)
    keep(cache, "a")
    assert kept(cache, "a") == [True]
    assert kept(cache, "a") == [False]


def test_the_same_participant_of_two_partners_is_two_records() -> None:
    cache = RecordCache(9)
    mine, theirs = Record(1), Record(1)
    cache.keep(1, {"a": mine}, {"a": 1})
    cache.keep(2, {"a": theirs}, {"a": 2})
    assert cache.take(1, {"a": 1})["a"] is mine
    assert cache.take(2, {"a": 2})["a"] is theirs


def test_what_was_kept_for_another_lane_is_not_given() -> None:
    cache = RecordCache(9)
    keep(cache, "a", lane_id=1)
    assert cache.take(1, {"a": 2}) == {}
    assert kept(cache, "a") == [False]


def test_a_lanes_records_go_with_it() -> None:
    cache = RecordCache(9)
    for lane_id, participant_id in ((1, "a"), (2, "b"), (1, "c"), (1, "b")):
        keep(cache, participant_id, lane_id)
    cache.drop_lane(2)
    assert len(cache) == 3
    cache.drop_lane(1)
    assert len(cache) == 0


def test_what_is_stale_is_forgotten() -> None:
    cache = RecordCache(9)
    for participant_id in "abc":
        keep(cache, participant_id)
    cache.forget([(1, "b"), (2, "c"), (1, "never kept")])
    assert kept(cache, "a", "b", "c") == [True, False, True]
    assert len(cache) == 0


@pytest.mark.parametrize("cached_participants", [0, 3])
def test_rows_are_the_same_with_any_limit(
    open_desk: Callable[..., Desk], cached_participants: int
) -> None:
    chance = random.Random(7)
    told = [
        event(
            chance.randrange(9),
            chance.choice(
                (
                    PurchasePaid(f"INV-{chance.randrange(2)}", None, ((f"C-{number % 3}", None),)),
                    ClassCompleted(f"C-{number % 3}"),
                    EventVoided(f"e{chance.randrange(150)}", "mistake"),
                )
            ),
            f"e{number}",
            of=f"PRK-{chance.randrange(6)}",
        )
        for number in range(150)
    ]
    tight, ample = open_desk(cached_participants=cached_participants), open_desk()
    lane, other = tight.lane("tokopedia"), ample.lane("sisnaker")
    for start in range(0, len(told), 10):
        tight.send(lane, *told[start : start + 10])
        ample.send(other, *told[start : start + 10])
    assert ample.rows_of("tokopedia") == ample.rows_of("sisnaker")
