"""The worker's loop, on a log that is handed to it piece by piece and a real database."""

from collections.abc import Callable

import pytest

from domain.vocabulary import PARTNERS
from services.intake import reading as reading_module
from services.intake.takeover import partner_id_of
from services.kafka.failures import LogMismatch
from services.kafka.records import CorruptRecord, Polled, Record
from services.postgres.connect import transaction
from tests.services.intake.desk import Desk
from tests.services.intake.scripted_log import TOPIC, Log, completed, fetched, given, read_through


@pytest.fixture
def run(desk: Desk, database_url: str) -> Callable[[list[Polled | LogMismatch]], Log]:
    """Has a worker read what the polls bring, until they are through."""
    assert desk.session is not None  # the schema is there

    def play(polls: list[Polled | LogMismatch]) -> Log:
        return read_through(database_url, polls)

    return play


def counts(desk: Desk) -> dict[int, tuple[int, int, int, int]]:
    with transaction(desk.session) as work:
        work.execute(
            "SELECT partition, next_offset, accepted, rejected, skipped FROM ledger.lane WHERE topic = %s",
            (TOPIC,),
        )
        return {row[0]: row[1:] for row in work.fetchall()}


def test_what_was_fetched_before_the_end_is_written(
    desk: Desk, run: Callable[[list[Polled | LogMismatch]], Log]
) -> None:
    polls: list[Polled | LogMismatch] = [given()]
    for offset in range(25):
        record = Record(offset, b"PRK-1", (), completed(f"e-{offset}", "PRK-1"))
        polls.append(fetched(0, record, next_offset=offset + 1))
    log = run(polls)
    assert counts(desk) == {0: (25, 25, 0, 0), 1: (0, 0, 0, 0)}
    assert log.closed
    assert set(log.sought) == {(TOPIC, 0, 0), (TOPIC, 1, 0)}


def test_a_corrupt_record_keeps_its_bytes_and_its_place(
    desk: Desk, run: Callable[[list[Polled | LogMismatch]], Log]
) -> None:
    run(
        [
            given(),
            fetched(
                1,
                Record(0, b"PRK-1", (), completed("e-0", "PRK-1")),
                CorruptRecord(1, "The batch is damaged.", b"\x00\xffdamaged"),
                Record(4, b"PRK-1", (), completed("e-4", "PRK-1")),
                next_offset=6,
            ),
        ]
    )
    assert counts(desk)[1] == (6, 2, 1, 3)
    with transaction(desk.session) as work:
        work.execute("SELECT kafka_offset, reason, detail, record FROM ledger.rejection")
        ((offset, reason, detail, record),) = work.fetchall()
    assert (offset, reason, detail) == (1, "corrupt_record", "The batch is damaged.")
    assert bytes(record) == b"\x00\xffdamaged"


def test_a_lane_whose_log_is_another_one_holds_up_no_neighbour(
    desk: Desk,
    run: Callable[[list[Polled | LogMismatch]], Log],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(reading_module, "TRY_AGAIN_SECONDS", 0.0)
    mismatch = LogMismatch("the log ends at 3", topic=TOPIC, partition=0, offset=7)
    log = run(
        [
            given(),
            mismatch,
            fetched(1, Record(0, b"PRK-1", (), completed("e-0", "PRK-1")), next_offset=1),
            fetched(0, Record(0, b"PRK-2", (), completed("e-1", "PRK-2")), next_offset=1),
        ]
    )
    assert log.paused == [(TOPIC, 0)]
    assert log.sought.count((TOPIC, 0, 0)) == 2  # taken over at first, and tried again
    assert counts(desk) == {0: (1, 1, 0, 0), 1: (1, 1, 0, 0)}
    assert "lane set aside" in caplog.text


def test_every_partner_has_a_number() -> None:
    assert {partner_id_of(f"tuntas.partner.{p}") for p in PARTNERS} == set(range(1, 9))
