"""Lanes change hands, also when their owner stands still in the middle of a batch."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Event

import pytest
from psycopg2.extensions import connection, cursor

from services.intake import takeover
from services.intake.lanes import Lane
from services.intake.takeover import take_over
from services.postgres import lane_rows
from services.postgres.connect import transaction
from services.postgres.errors import DatabaseUnavailable, PostgresError, Retry
from tests.services.intake.desk import Desk

TOPIC = "tuntas.partner.tokopedia"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "WAIT_SECONDS", 0.3)
    monkeypatch.setattr(takeover, "FROZEN_SECONDS", 0.2)


def advance(session: connection, lane: Lane, then: Callable[[cursor], None]) -> None:
    """A batch without records that moves the lane on by an offset, and does something before its COMMIT."""
    step = lane_rows.Step(lane.lane_id, lane.epoch, lane.next_offset, 1, 0, 0, 0, 1, 0, 1)
    with transaction(session) as work:
        lane_rows.advance(work, [step])
        then(work)


class Standing(BytesIO):
    """A COPY's file whose owner stands still until the event."""

    def __init__(self, reading: Event, go_on: Event) -> None:
        super().__init__()
        self._reading = reading
        self._go_on = go_on

    def read(self, _size: int | None = -1, /) -> bytes:
        self._reading.set()
        self._go_on.wait(30)
        return b""


@pytest.mark.parametrize("in_copy", [True, False], ids=["in a COPY", "between statements"])
def test_an_owner_that_stands_still_loses_its_lanes(database_url: str, in_copy: bool) -> None:
    owner, successor = Desk(database_url), Desk(database_url)
    lane = owner.lane()
    reading, go_on = Event(), Event()

    def stand_still(work: cursor) -> None:
        if in_copy:
            work.copy_expert("COPY ledger.duplicate FROM STDIN", Standing(reading, go_on))
        else:
            reading.set()
            go_on.wait(30)

    with ThreadPoolExecutor(1) as thread:
        standing = thread.submit(advance, owner.session, lane, stand_still)
        try:
            assert reading.wait(10)
            (state,) = take_over(successor.session, "log", {(TOPIC, 0): 0})
        finally:
            go_on.set()
        with pytest.raises(PostgresError) as lost:
            standing.result()
    assert state.epoch == lane.epoch + 1
    assert state.next_offset == 0, "what it had begun was not committed"
    assert isinstance(lost.value, DatabaseUnavailable) or "COMMIT" in str(lost.value)


def test_an_owner_at_work_is_waited_for(database_url: str) -> None:
    owner, successor = Desk(database_url), Desk(database_url)
    lane = owner.lane()
    with ThreadPoolExecutor(1) as thread:
        working = thread.submit(
            advance, owner.session, lane, lambda work: work.execute("SELECT pg_sleep(1)")
        )
        while not successor.rows(
            "SELECT pid FROM pg_stat_activity WHERE query LIKE '%%pg_sleep(1)%%' AND pid <> pg_backend_pid()"
        ):
            assert not working.done()
        (state,) = take_over(successor.session, "log", {(TOPIC, 0): 0})
        working.result()
    assert (state.epoch, state.next_offset) == (lane.epoch + 1, 1)


def test_rows_that_somebody_else_holds_on_are_not_waited_for_for_ever(database_url: str) -> None:
    holder, successor = Desk(database_url), Desk(database_url)
    holder.lane()
    with transaction(holder.session) as work:
        work.execute("SELECT FROM ledger.lane FOR UPDATE")
        with pytest.raises(Retry):
            take_over(successor.session, "log", {(TOPIC, 0): 0})
    assert holder.rows("SELECT 1") == [(1,)], "it does not write lanes and was left alone"
