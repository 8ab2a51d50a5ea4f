"""A batch that cannot be written is split, down to the record because of which; the others are written."""

import json
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from services.intake import reading as reading_module
from services.intake import writer as writer_module
from services.intake.batch import BatchOutcome, LaneBatch
from services.intake.failures import is_of_the_batch
from services.intake.worker import Worker
from services.intake.writer import Writer
from services.kafka.failures import LogMismatch
from services.kafka.records import Fetched, Polled, Record
from services.postgres.connect import connect
from services.postgres.errors import (
    CommitUnknown,
    DatabaseUnavailable,
    LaneLost,
    PostgresError,
    Retry,
    StatementRefused,
)
from tests.services.intake.desk import Desk
from tests.services.intake.scripted_log import LANES, NONE, TOPIC, Log, completed, read_through
from tests.services.intake.test_worker import counts

Failure = Callable[[str], Exception | None]
"""Of an event id: what writing it raises, if anything."""

STORED = 30


def value(event_id: str) -> bytes:
    return completed(event_id, f"PRK-{event_id}")


def polls(*, poison: str = "") -> list[Polled | LogMismatch]:
    """Some records of two lanes, all at once; one of the first lane has the id given."""
    ids = [[f"{partition}-{offset}" for offset in range(STORED)] for partition in (0, 1)]
    if poison:
        ids[0][17] = poison
    parts: list[Fetched] = [
        Fetched(
            TOPIC,
            partition,
            [Record(offset, b"k", (), value(one)) for offset, one in enumerate(of_lane)],
            STORED,
            STORED,
        )
        for partition, of_lane in enumerate(ids)
    ]
    # The log plays on until the worker has been through its attempts.
    nothing = [Polled([], NONE, NONE, NONE)] * 40
    return [Polled([], LANES, NONE, NONE), Polled(parts, NONE, NONE, NONE), *nothing]


@pytest.fixture
def play(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[list[Polled | LogMismatch], Failure], Log]:
    """Has a worker read the polls, on a writer that fails for events as it is told."""
    assert desk.session is not None

    def run(listed: list[Polled | LogMismatch], failure: Failure) -> Log:
        whole = Writer.write

        def write(self: Writer, batches: Sequence[LaneBatch]) -> BatchOutcome:
            for batch in batches:
                for one in batch.decoded:
                    event_id = getattr(one.outcome, "event_id", None)
                    accepted = not hasattr(one.outcome, "reason")
                    if event_id and accepted and (error := failure(event_id)):
                        raise error
            return whole(self, batches)

        monkeypatch.setattr(Writer, "write", write)
        monkeypatch.setattr(reading_module, "WHILE_WRITING_SECONDS", 0.0)
        return read_through(database_url, listed, batch_records=1_000)

    return run


class Replayed(Log):
    """A log of one lane that is read from where it was sought, again after each failure."""

    def __init__(self, stop: threading.Event, done: Callable[[], bool]) -> None:
        super().__init__([], stop)
        self.done = done
        self.given = False
        self.left = 2_000

    def subscribed(self) -> "Replayed":
        self.given = False
        return self

    def poll(self, *_: Any) -> Polled:
        if not self.given:
            self.given = True
            return Polled([], frozenset({(TOPIC, 0)}), NONE, NONE)
        self.left -= 1
        if self.done() or not self.left:
            self.stop.set()
        at = self.sought[-1][2] if self.sought else STORED
        self.sought.clear()
        records = [Record(n, b"k", (), value(f"e-{n}")) for n in range(at, STORED)]
        fetched = [Fetched(TOPIC, 0, [*records], STORED, STORED)] if records else []
        return Polled(fetched, NONE, NONE, NONE)


Play = Callable[[list[Polled | LogMismatch], Failure], Log]


def only(poison: str, error: Exception) -> Failure:
    return lambda event_id: error if event_id == poison else None


@pytest.mark.parametrize(
    "error",
    [
        StatementRefused("invalid byte sequence", sqlstate="22021"),
        StatementRefused("index row size exceeds maximum", sqlstate="54000"),
    ],
)
def test_what_the_database_cannot_store_is_rejected_and_neighbours_are_written(
    desk: Desk, play: Play, error: PostgresError, caplog: pytest.LogCaptureFixture
) -> None:
    play(polls(poison="bad"), only("bad", error))
    assert counts(desk) == {0: (STORED, STORED - 1, 1, 0), 1: (STORED, STORED, 0, 0)}
    ((offset, reason, event_id),) = desk.rows(
        "SELECT kafka_offset, reason, event_id FROM ledger.rejection"
    )
    assert (offset, reason, event_id) == (17, "invalid_data", "bad")
    assert "batch split" in caplog.text
    assert "record rejected" in caplog.text
    assert f"sqlstate={error.sqlstate}" in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        KeyError("a defect"),
        MemoryError(),
        Retry("canceling statement due to statement timeout", sqlstate="57014"),
        DatabaseUnavailable("out of memory", sqlstate="53200"),
        DatabaseUnavailable("invalid memory alloc request size", sqlstate="XX000"),
    ],
)
def test_a_record_that_can_never_be_written_stops_its_own_lane_only_and_is_named(
    desk: Desk, play: Play, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    log = play(polls(poison="bad"), only("bad", error))
    assert counts(desk) == {0: (17, 17, 0, 0), 1: (STORED, STORED, 0, 0)}
    assert log.paused == [(TOPIC, 0)]
    assert "lane set aside" in caplog.text
    assert "offset=17" in caplog.text
    assert desk.rows("SELECT * FROM ledger.rejection") == []


def test_a_batch_that_is_too_much_at_once_is_written_in_pieces(
    desk: Desk, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    attempt = Writer._attempt  # noqa: SLF001 - where a statement would take too long

    def slow(self: Writer, work: Any, batches: Sequence[LaneBatch], *rest: Any) -> BatchOutcome:
        sizes.append(sum(len(batch.decoded) for batch in batches))
        if sizes[-1] > 4:
            raise Retry("canceling statement due to statement timeout", sqlstate="57014")
        return attempt(self, work, batches, *rest)

    monkeypatch.setattr(Writer, "_attempt", slow)
    play(polls(), lambda _: None)
    assert counts(desk) == {0: (STORED, STORED, 0, 0), 1: (STORED, STORED, 0, 0)}
    assert sizes[0] == 2 * STORED
    # What took too long is not tried again as it is.
    assert len([size for size in sizes if size > 4]) < 12
    assert writer_module.ATTEMPTS > 1


def test_a_batch_with_which_the_connection_breaks_is_smaller_the_next_time(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the server was ended because of the memory that it took."""
    monkeypatch.setattr("services.resume.FIRST_PAUSE_SECONDS", 0.0)
    sizes: list[int] = []
    attempt = Writer._attempt  # noqa: SLF001 - as above

    def ends(self: Writer, work: Any, batches: Sequence[LaneBatch], *rest: Any) -> BatchOutcome:
        sizes.append(sum(len(batch.decoded) for batch in batches))
        if sizes[-1] > 20:
            raise DatabaseUnavailable("server closed the connection unexpectedly")
        return attempt(self, work, batches, *rest)

    monkeypatch.setattr(Writer, "_attempt", ends)
    stop = threading.Event()
    log = Replayed(stop, lambda: counts(desk)[0][0] == STORED)
    Worker(
        partial(connect, database_url, "test"),
        log.subscribed,  # type: ignore[arg-type]
        batch_records=1_000,
        poll_seconds=0.01,
        cached_participants=10,
    ).run(stop)
    assert counts(desk)[0] == (STORED, STORED, 0, 0)
    assert sizes[:2] == [30, 15]


def test_what_a_log_line_says_holds_nothing_of_the_record(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "Rahasia-8f14e45f"
    play(polls(poison=secret), only(secret, KeyError(secret)))
    assert "lane set aside" in caplog.text
    assert secret not in caplog.text
    assert json.loads(value(secret))["id"] == secret


@pytest.mark.parametrize(
    "broken", [DatabaseUnavailable("away"), CommitUnknown(), LaneLost((1,))], ids=repr
)
def test_a_batch_is_not_blamed_for_what_broke(broken: PostgresError) -> None:
    assert not is_of_the_batch(broken)
