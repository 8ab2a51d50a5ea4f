"""Nothing of a lane outlives its loss, neither what is cached nor what lies ready; Kafka is told of what is written."""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from services.kafka.records import Polled, Record
from tests.services.intake.desk import Desk
from tests.services.intake.scripted_log import (
    TOPIC,
    Log,
    Poll,
    completed,
    fetched,
    given,
    given_anew,
    play,
    read_through,
    taken_away,
)

PERSON = "PRK-1"
NEXT_OFFSETS = "SELECT partition, next_offset FROM ledger.lane"
CLASSES = "SELECT class_code, purchase, completion FROM projections.purchased_class ORDER BY 1"


def paid(event_id: str) -> bytes:
    """A purchase of the class that `completed` speaks of."""
    told: dict[str, Any] = json.loads(completed(event_id, PERSON))
    told["type"] = "id.tuntas.purchase.paid.v1"
    told["data"] = {
        "participant_id": PERSON,
        "purchase_id": "INV-1",
        "items": [{"class_code": "C-1"}, {"class_code": "C-2"}],
    }
    return json.dumps(told).encode()


def record(offset: int, value: bytes) -> Record:
    return Record(offset, PERSON.encode(), (), value)


def played(database_url: str, polls: Sequence[Poll], batch_records: int = 1) -> Log:
    """What a worker did with a log: it writes a record at a time unless told otherwise."""
    return read_through(database_url, polls, batch_records=batch_records)


def as_another_worker(database_url: str, *polls: Poll) -> Callable[[], None]:
    """What another worker does with the lane meanwhile."""

    def work() -> None:
        played(database_url, [given_anew(0), *polls])

    return work


def test_what_is_cached_of_a_lane_goes_with_it(desk: Desk, database_url: str) -> None:
    played(
        database_url,
        [
            given(),
            fetched(0, record(0, completed("e-0", PERSON)), next_offset=1),
            taken_away(0),
            as_another_worker(database_url, fetched(0, record(1, paid("e-1")), next_offset=2)),
            given_anew(0),
            fetched(0, record(2, completed("e-2", PERSON)), next_offset=3),
        ],
    )
    assert desk.rows(CLASSES) == [("C-1", 1, 2), ("C-2", 1, 0)]


def test_what_lies_ready_of_a_lane_goes_with_it(
    desk: Desk, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    both = [record(n, completed(f"e-{n}", PERSON)) for n in range(2)]
    other = as_another_worker(database_url, fetched(0, both[1], next_offset=2))

    def taken_away_and_read() -> Polled:
        deadline = time.monotonic() + 60
        while dict(desk.rows(NEXT_OFFSETS))[0] != 1:  # the first of them is being written
            assert time.monotonic() < deadline
        other()
        return taken_away(0)

    log = played(
        database_url,
        [
            given(),
            fetched(0, *both, next_offset=2),
            taken_away_and_read,
            fetched(1, record(0, completed("e-3", "PRK-2")), next_offset=1),
        ],
    )
    assert dict(desk.rows(NEXT_OFFSETS)) == {0: 2, 1: 1}
    assert log.closed == 1, "it did not have to begin anew"
    assert "stopped" not in caplog.text


def test_kafka_is_told_of_nothing_that_is_not_written(desk: Desk, database_url: str) -> None:
    stop = threading.Event()
    records = [record(n, completed(f"e-{n}", PERSON)) for n in range(4)]
    log = Log([given(), *[fetched(0, each, next_offset=each.offset + 1) for each in records]], stop)
    told: list[int] = []

    def compare(next_offsets: Mapping[tuple[str, int], int]) -> None:
        written = dict(desk.rows(NEXT_OFFSETS))
        for (topic, partition), offset in next_offsets.items():
            assert topic == TOPIC
            assert offset <= written[partition]
            told.append(offset)

    log.on_commit = compare
    play(database_url, log, stop, 1)
    assert max(told) == 4
