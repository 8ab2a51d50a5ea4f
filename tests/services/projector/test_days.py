"""Evaluations over time are followed beside everything else, by any number of processes."""

import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from projections.days import following
from projections.days.following import Follower
from services.embedded.postgres import EmbeddedPostgres
from services.postgres.connect import close, connect, transaction
from services.projector import days
from services.projector.beside import Stepping, beside
from services.projector.days import follow_one
from services.simulator import simulate
from tests.projections.kept import Kept, kept_on

BEHIND = """
SELECT coalesce(sum(lane.position - coalesce(day_lane.position, 0)), 0)::bigint
FROM ledger.lane LEFT JOIN projections.day_lane USING (lane_id)
"""


@pytest.fixture
def told(postgres_server: EmbeddedPostgres) -> Iterator[Kept]:
    with kept_on(postgres_server, "days_beside") as kept:
        kept.tell(list(simulate(1_500, seed=4)))
        yield kept


def following_of(kept: Kept) -> Stepping:
    return Stepping("days", lambda: connect(kept.url, "test days"), days.begin, 0.05)


def wait_until_followed(kept: Kept) -> None:
    deadline = time.monotonic() + 60
    while kept.rows(BEHIND) != [(0,)]:
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


def test_a_thread_follows_while_the_block_runs(told: Kept) -> None:
    assert told.rows(BEHIND) > [(1_000,)]
    with beside("days", following_of(told).run, threading.Event()):
        wait_until_followed(told)
        told.tell(list(simulate(1_800, seed=4))[1_500:])
        wait_until_followed(told)
    assert not [thread for thread in threading.enumerate() if thread.name == "days"]
    told.settle()
    assert not any((told.rebuild().differences or {"": 1}).values())


def test_a_defect_ends_who_runs_it(told: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Follower, "behind", broken)
    stop = threading.Event()
    with (
        pytest.raises(ZeroDivisionError),
        beside("days", following_of(told).run, stop),
    ):
        assert stop.wait(60)


def test_two_processes_share_the_partners(told: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "EVENTS_AT_ONCE", 100)
    sessions = [connect(told.url, f"test days {number}") for number in range(2)]
    followers = [Follower(), Follower()]
    with transaction(sessions[0]) as first:
        (partner_id, *_) = followers[0].behind(first)
        assert followers[0].follow(first, partner_id)
        # While the first is at it, the second has another partner.
        opened = partial(transaction, sessions[1])
        assert follow_one(opened, followers[1])
        with opened() as second:
            assert not followers[1].follow(second, partner_id)
            second.execute("SELECT DISTINCT partner_id FROM projections.day_lane")
            assert partner_id not in {of for (of,) in second.fetchall()}
    for session in sessions:
        close(session)
    told.settle()
    assert not any((told.rebuild().differences or {"": 1}).values())
