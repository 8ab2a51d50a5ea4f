"""A long pass over rows holds up nothing else of the project service."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from projections.status import rejudge
from projections.status.rejudge import Rejudged, Transaction
from services.embedded.postgres import EmbeddedPostgres
from services.postgres.connect import connect
from services.projector.announcer import Send
from services.projector.projector import Projector
from services.simulator import simulate
from tests.projections.kept import Kept, kept_on

NOT_ADDED_UP = "SELECT count(*) FROM projections.delta"
NOT_JUDGED = "SELECT count(*) FROM control.catalogue_head WHERE applied_revision < revision"


@pytest.fixture
def told(postgres_server: EmbeddedPostgres) -> Iterator[Kept]:
    with kept_on(postgres_server, "judged_beside") as kept:
        kept.tell(list(simulate(800, seed=4)))
        yield kept


@contextmanager
def nobody() -> Iterator[Send]:
    """What takes announcements, and tells nobody."""
    yield lambda _announcements: None


def test_sums_go_on_while_rows_are_judged_again(
    told: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_go_on, stop = threading.Event(), threading.Event(), threading.Event()
    judge = rejudge.rejudge

    def wait_and_judge(opened: Transaction, partner_id: int) -> Rejudged:
        begun.set()
        assert may_go_on.wait(60)
        return judge(opened, partner_id)

    monkeypatch.setattr(rejudge, "rejudge", wait_and_judge)
    assert told.rows(NOT_ADDED_UP) > [(0,)]
    assert told.rows(NOT_JUDGED) > [(0,)]
    projector = Projector(
        lambda: connect(told.url, "test judging"),
        nobody,
        look_seconds=0.05,
    )
    running = threading.Thread(target=projector.run, args=(stop,))
    running.start()
    try:
        assert begun.wait(60)
        wait_until_none(told, NOT_ADDED_UP)
        assert told.rows(NOT_JUDGED) > [(0,)]
        may_go_on.set()
        wait_until_none(told, NOT_JUDGED)
    finally:
        may_go_on.set()
        stop.set()
        running.join()


def wait_until_none(told: Kept, question: str) -> None:
    deadline = time.monotonic() + 60
    while told.rows(question) != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
