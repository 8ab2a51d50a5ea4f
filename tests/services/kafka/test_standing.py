"""When a partition counts as standing still: never because others had their turn."""

from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.consumer.fetcher import Fetcher

from services.kafka.fetching import PartnerFetcher
from services.kafka.standing import ALONE, ANSWERS, PATIENCE_MS, STANDS_SECONDS, Standing

TP = TopicPartition("topic", 0)
ROOM = 1_000


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def answer(
    records: bytes = b"",
    *,
    stable: int | None = 10,
    error: int = 0,
    throttled: int = 0,
    other: int = 0,
) -> Any:
    """A fetch response about TP, and another partition with so many bytes."""
    partitions = [
        SimpleNamespace(
            partition_index=number,
            error_code=error if number == 0 else 0,
            high_watermark=12,
            last_stable_offset=stable,
            records=of_partition,
        )
        for number, of_partition in enumerate((records, bytes(other)))
    ]
    topic = SimpleNamespace(topic="topic", partitions=partitions)
    return SimpleNamespace(responses=[topic], throttle_time_ms=throttled)


NOT_CHANGED = SimpleNamespace(responses=[], throttle_time_ms=0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def standing(clock: Clock) -> Standing:
    return Standing(ROOM, clock)


def tell(standing: Standing, clock: Clock, *responses: Any, offset: int = 4) -> list[Any]:
    """What is lost after these answers, over as long as it takes."""
    for response in responses:
        clock.seconds += STANDS_SECONDS
        standing.answered({TP: offset}, response)
    return standing.lost([(TP, offset)])


def test_a_log_that_goes_on_and_is_not_sent_is_lost_as_far_as_it_goes(
    standing: Standing, clock: Clock
) -> None:
    assert tell(standing, clock, *[answer()] * (ANSWERS + ALONE - 1)) == []
    assert tell(standing, clock, NOT_CHANGED) == [(TP, 4, 10)]
    assert standing.lost([(TP, 4)]) == []


def test_of_a_broker_that_answers_others_only_nothing_is_lost_before_it_is_asked_for_that_alone(
    standing: Standing, clock: Clock
) -> None:
    other = TopicPartition("topic", 1)
    for _ in range(10 * ANSWERS):
        clock.seconds += STANDS_SECONDS
        standing.answered({TP: 4, other: 0}, answer(other=10))
        assert standing.lost([(TP, 4)]) == []
    assert standing.is_doubted(TP, 4)
    assert not standing.is_doubted(TP, 5)
    assert not standing.is_doubted(other, 0)
    for _ in range(ALONE):
        assert standing.lost([(TP, 4)]) == []
        standing.answered({TP: 4}, answer())
    assert not standing.is_doubted(TP, 4)
    assert standing.lost([(TP, 4)]) == [(TP, 4, 10)]


def test_what_is_sent_when_it_is_asked_for_alone_stands_no_longer(
    standing: Standing, clock: Clock
) -> None:
    other = TopicPartition("topic", 1)
    for _ in range(ANSWERS):
        clock.seconds += STANDS_SECONDS
        standing.answered({TP: 4, other: 0}, answer(other=10))
    assert standing.is_doubted(TP, 4)
    standing.answered({TP: 4}, answer(b"x"))
    assert not standing.is_doubted(TP, 4)
    assert standing.lost([(TP, 4)]) == []


def test_in_doubt_the_broker_is_given_time(
    standing: Standing, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that came at once, without anything, says nothing about a broker that is slow."""
    asked = SimpleNamespace(min_bytes=65_536, max_wait_ms=20)
    requests = {0: (asked, {TP: 4})}
    monkeypatch.setattr(Fetcher, "_create_fetch_requests", lambda _: requests)
    fetcher = PartnerFetcher.__new__(PartnerFetcher)
    fetcher.standing = standing
    for _ in range(ANSWERS):
        assert fetcher._create_fetch_requests() == requests  # noqa: SLF001
        assert (asked.min_bytes, asked.max_wait_ms) == (65_536, 20)
        assert tell(standing, clock, answer()) == []
    fetcher._create_fetch_requests()  # noqa: SLF001
    assert (asked.min_bytes, asked.max_wait_ms) == (1, PATIENCE_MS)


def test_some_seconds_must_pass(standing: Standing) -> None:
    for _ in range(100):
        standing.answered({TP: 4}, answer())
    assert standing.lost([(TP, 4)]) == []


@pytest.mark.parametrize(
    "other",
    [
        answer(b"x"),
        answer(throttled=1),
        answer(other=ROOM),
        answer(stable=4),
        answer(stable=None),
        answer(error=6),
    ],
    ids=["records", "a quota", "no room", "the end", "an open transaction, maybe", "no leader"],
)
def test_what_is_not_that_does_not_count(standing: Standing, clock: Clock, other: Any) -> None:
    assert tell(standing, clock, *[other] * (3 * ANSWERS)) == []


def test_records_in_between_begin_it_anew(standing: Standing, clock: Clock) -> None:
    answers = [*[answer()] * (ANSWERS - 1), answer(b"x"), *[answer()] * (ANSWERS - 1)]
    assert tell(standing, clock, *answers) == []
    assert tell(standing, clock, *[answer()] * (ALONE + 1)) == [(TP, 4, 10)]


def test_another_offset_begins_it_anew(standing: Standing, clock: Clock) -> None:
    tell(standing, clock, *[answer()] * (ANSWERS - 1), offset=3)
    assert tell(standing, clock, answer()) == []


def test_of_a_batch_that_says_it_lies_elsewhere_as_much_is_lost_as_it_holds(
    standing: Standing, clock: Clock
) -> None:
    for _ in range(ANSWERS):
        clock.seconds += STANDS_SECONDS
        standing.answered({TP: 4}, answer(b"x"))
        standing.read_nothing(TP, 4, 2)
    assert standing.lost([(TP, 4)]) == [(TP, 4, 6)]


def test_what_a_broker_cannot_read_is_lost_offset_by_offset_and_then_at_once(
    standing: Standing, clock: Clock
) -> None:
    for _ in range(ANSWERS):
        clock.seconds += STANDS_SECONDS
        standing.answered({TP: 4}, answer(error=2))
        standing.refused(TP, 4)
    assert standing.lost([(TP, 4)]) == [(TP, 4, 5)]
    standing.refused(TP, 5)
    assert standing.lost([(TP, 5)]) == [(TP, 5, 6)]
    standing.refused(TP, 7)
    assert standing.lost([(TP, 7)]) == []
