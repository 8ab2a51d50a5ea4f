"""Where partitions are read on, and when a log counts as cut."""

import pytest

from services.kafka import continuity
from services.kafka.continuity import Continuity

LANE = ("topic", 3)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that is now, in seconds."""
    now = [100.0]
    monkeypatch.setattr(continuity, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def places() -> Continuity:
    places = Continuity(15.0)
    places.begin(LANE, 40, reached=50)
    return places


def test_nothing_moved_until_something_is_taken(places: Continuity) -> None:
    assert places.take(LANE, 40, 60)  # the log's end was not known
    assert not places.take(LANE, 40, 60)
    assert places.take(LANE, 41, 60)
    assert places.take(LANE, 41, 61)
    assert places.next_offset(LANE) == 41


def test_a_log_is_cut_when_it_stays_shorter_than_it_was(
    places: Continuity, clock: list[float]
) -> None:
    assert not places.ended([(LANE, 45, 49)])
    clock[0] += 15.1
    assert places.ended([(LANE, 45, 49)]) == [(LANE, 50)]
    assert places.ended([(LANE, 55, 54)]) == [(LANE, 55)]


def test_a_log_that_reaches_so_far_again_is_whole(places: Continuity, clock: list[float]) -> None:
    assert not places.ended([(LANE, 45, 49)])
    clock[0] += 10
    assert not places.ended([(LANE, 45, 50)])
    clock[0] += 10
    assert not places.ended([(LANE, 45, 49)])
    clock[0] += 10
    assert not places.ended([(LANE, 45, 49)])


def test_what_is_forgotten_is_known_no_longer(places: Continuity) -> None:
    assert LANE in places
    assert places.reached(LANE) == 50
    places.forget(LANE)
    assert LANE not in places
    assert places.reached(LANE) == 0
    places.forget(LANE)


def test_who_begins_behind_what_was_reached_wants_its_beginning(places: Continuity) -> None:
    places.begin(LANE, 70, reached=50)
    assert places.reached(LANE) == 70
