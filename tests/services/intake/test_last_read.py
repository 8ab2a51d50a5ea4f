"""Who takes a lane over begins with the record that was read last, and goes on only where the log still holds it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from projections.reading.kafka_log import KafkaLog
from services.intake import reading
from services.intake.last_read import last_read
from services.kafka.records import AnyRecord, CorruptRecord, OversizedRecord, Polled, Record
from services.postgres.connect import transaction
from services.running.lane_repair import Remedy, ill
from services.running.lanes import lanes
from tests.services.intake.desk import Desk
from tests.services.intake.scripted_log import (
    TOPIC,
    Log,
    completed,
    fetched,
    given,
    given_anew,
    read_through,
)

PERSON = "PRK-1"
Play = Callable[[list[Polled]], Log]


@pytest.fixture
def play(desk: Desk, database_url: str) -> Play:
    """Has a worker that knows nothing read what the polls bring, until they are through."""
    assert desk.session is not None  # the schema is there

    def played(polls: list[Polled]) -> Log:
        return read_through(database_url, polls)

    return played


def event(offset: int, event_id: str) -> Record:
    return Record(offset, PERSON.encode(), (), completed(event_id, PERSON))


def large(size: int) -> OversizedRecord:
    return OversizedRecord(1, b"k", (), b"x" * 65_536, size)


NATIONAL_ID = "3171234567890123"
LASTS: dict[str, AnyRecord] = {
    "accepted": event(1, "e-1"),
    "a repeat": event(1, "e-0"),
    "refused, with an id": Record(
        1, b"k", (), completed("e-1", PERSON).replace(b"completed", b"x")
    ),
    "refused, without one": Record(1, b"k", (), b"{"),
    "refused, not kept": Record(1, b"k", (), completed("e-1", NATIONAL_ID)),
    "without a value": Record(1, b"k", (), None),
    "too large": large(300_000),
}
"""What stands at offset 1, behind an event e-0."""
OTHERS: dict[str, AnyRecord] = {
    "another event": event(1, "e-2"),
    "no event": Record(1, b"k", (), b"["),
    "a larger one": large(300_001),
}


def next_offset(desk: Desk) -> int:
    ((found,),) = desk.rows("SELECT next_offset FROM ledger.lane WHERE partition = 0")
    return int(found)


def trouble(desk: Desk) -> str | None:
    ((found,),) = desk.rows("SELECT trouble FROM ledger.lane WHERE partition = 0")
    return None if found is None else str(found)


@pytest.mark.parametrize("last", LASTS)
def test_a_log_that_holds_what_was_read_last_is_read_on(desk: Desk, play: Play, last: str) -> None:
    play([given(), fetched(0, event(0, "e-0"), LASTS[last], next_offset=2)])
    log = play([given_anew(0), fetched(0, LASTS[last], event(2, "e-9"), next_offset=3)])
    assert (TOPIC, 0, 1) in log.sought
    assert not log.paused
    assert next_offset(desk) == 3
    assert trouble(desk) is None
    assert desk.rows(
        "SELECT accepted + duplicate + rejected FROM ledger.lane WHERE partition = 0"
    ) == [(3,)]


@pytest.mark.parametrize("last", LASTS)
@pytest.mark.parametrize("other", OTHERS)
def test_a_log_that_was_cut_and_written_on_is_not(
    desk: Desk, play: Play, last: str, other: str
) -> None:
    play([given(), fetched(0, event(0, "e-0"), LASTS[last], next_offset=2)])
    log = play([given_anew(0), fetched(0, OTHERS[other], event(2, "e-9"), next_offset=3)])
    assert log.paused == [(TOPIC, 0)]
    assert next_offset(desk) == 2
    assert "another record stands at offset 1" in (trouble(desk) or "")


def test_it_waits_for_a_decision_whoever_tries(desk: Desk, play: Play) -> None:
    """Until the log is what it was, which goes on by itself, or somebody has it read anew."""
    play([given(), fetched(0, event(0, "e-0"), event(1, "e-1"), next_offset=2)])
    play([given_anew(0), fetched(0, OTHERS["another event"], next_offset=2)])
    play([given_anew(0)])
    ends = {(TOPIC, 0): 3, (TOPIC, 1): 0}
    log = KafkaLog("log", 0, dict.fromkeys(ends, 0), ends, {}, {TOPIC: f"id of {TOPIC}"})
    with transaction(desk.session) as work:
        (found,) = ill(lanes(work), log)
    assert found.remedy is Remedy.RESTART
    assert f"tuntas lanes --restart --topic {TOPIC} --partition 0" in found.why
    play([given_anew(0), fetched(0, event(1, "e-1"), next_offset=2)])
    assert trouble(desk) is None


def test_what_kafka_no_longer_holds_is_not_compared(desk: Desk, play: Play) -> None:
    play([given(), fetched(0, event(0, "e-0"), event(1, "e-1"), next_offset=2)])
    play([given_anew(0), fetched(0, event(2, "e-2"), next_offset=3)])
    assert next_offset(desk) == 3


def test_what_could_not_be_read_is_not_asked_for_again(desk: Desk, play: Play) -> None:
    play([given(), fetched(0, CorruptRecord(0, "its checksum is wrong"), next_offset=1)])
    log = play([given_anew(0), fetched(0, event(1, "e-1"), next_offset=2)])
    assert log.sought == [(TOPIC, 0, 1)]
    assert next_offset(desk) == 2


def test_offsets_without_a_record_behind_it_are_passed_once(desk: Desk, play: Play) -> None:
    """Such as transactions' markers."""
    play([given(), fetched(0, event(0, "e-0"), next_offset=3)])
    log = play(
        [
            given_anew(0),
            fetched(0, event(0, "e-0"), next_offset=2),
            fetched(0, event(3, "e-3"), next_offset=4),
        ]
    )
    assert log.sought == [(TOPIC, 0, 0)]
    assert desk.rows(
        "SELECT next_offset, accepted, skipped FROM ledger.lane WHERE partition = 0"
    ) == [(4, 2, 2)]


def test_what_another_worker_writes_between_takeover_and_look_is_not_sought(
    desk: Desk, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    play([given(), fetched(0, event(0, "e-0"), next_offset=1)])
    others = [event(0, "e-0"), event(1, "e-1"), event(2, "e-2")]

    def later(*asked: Any) -> Mapping[int, Any]:
        if others:
            records = others.copy()
            others.clear()
            play([given_anew(0), fetched(0, *records, next_offset=3)])
        return last_read(*asked)

    monkeypatch.setattr(reading, "last_read", later)
    log = play([given_anew(0), fetched(0, event(1, "e-1"), next_offset=2)])
    assert log.sought == [(TOPIC, 0, 1)]
    assert next_offset(desk) == 3
    assert desk.rows("SELECT accepted FROM ledger.lane WHERE partition = 0") == [(3,)]
