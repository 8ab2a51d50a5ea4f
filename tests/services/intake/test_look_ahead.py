"""What is looked up while another batch is being written is as good as what is looked up when the turn comes."""

import random
from collections.abc import Callable, Iterable
from threading import Barrier
from typing import Any

import pytest

from domain.events import ClassCompleted, PurchasePaid
from projections import status
from services.intake.batch import Ready
from tests.domain.story import event
from tests.services.intake.desk import Desk, batch
from tests.services.intake.side_by_side import in_threads
from tests.services.intake.test_two_workers import any_fact, assert_equal_rows

PAID = event(1, PurchasePaid("INV-1", None, (("C-1", None),)), "paid")
DONE = event(4, ClassCompleted("C-1"), "done")
OTHER = event(6, ClassCompleted("C-3"), "other")


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Which participants were loaded, query by query."""
    seen: list[list[str]] = []
    load = status.load_records

    def watched(work: Any, partner_id: int, participant_ids: Iterable[str]) -> Any:
        wanted = list(participant_ids)
        seen.append(wanted)
        return load(work, partner_id, wanted)

    monkeypatch.setattr(status, "load_records", watched)
    return seen


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """One worker that keeps no records."""
    return open_desk(cached_participants=0)


def in_line(desk: Desk) -> Ready:
    """A batch of somebody else that is being written."""
    lane = desk.lane(partition=5)
    return desk.writer.look_ahead([batch(lane, [event(1, ClassCompleted("C-9"), of="X")])], [])


def test_what_was_looked_up_ahead_is_not_looked_up_again(
    desk: Desk, loads: list[list[str]]
) -> None:
    lane = desk.lane()
    desk.send(lane, PAID)
    loads.clear()
    following = desk.writer.look_ahead([batch(lane, [DONE])], [in_line(desk)])
    assert loads == [["PRK-000000042"]]
    desk.writer.write(following.batches, following)
    assert len(loads) == 1
    desk.send(desk.lane("sisnaker"), PAID, DONE)
    assert_equal_rows(desk)


def test_a_participant_of_a_batch_ahead_is_left_for_later(
    desk: Desk, loads: list[list[str]]
) -> None:
    lane = desk.lane()
    first = desk.writer.look_ahead([batch(lane, [PAID])], [])
    following = desk.writer.look_ahead([batch(lane, [DONE], start=1)], [first])
    assert loads == []
    desk.writer.write(first.batches, first)
    desk.writer.write(following.batches, following)
    desk.send(desk.lane("sisnaker"), PAID, DONE)
    assert_equal_rows(desk)


def test_rows_that_another_worker_changed_meanwhile_are_loaded_again(
    open_desk: Callable[..., Desk], loads: list[list[str]]
) -> None:
    desk, other = open_desk(cached_participants=0), open_desk()
    lane, other_lane = desk.lane(partition=0), other.lane(partition=1)
    desk.send(lane, PAID)
    following = desk.writer.look_ahead([batch(lane, [DONE])], [in_line(desk)])
    other.send(other_lane, OTHER)
    loads.clear()
    desk.writer.write(following.batches, following)
    assert loads == [["PRK-000000042"]]
    desk.send(desk.lane("sisnaker"), PAID, OTHER, DONE)
    assert_equal_rows(desk)


def test_what_was_looked_up_before_a_rebuild_was_switched_to_is_looked_up_again(
    desk: Desk, loads: list[list[str]]
) -> None:
    lane = desk.lane()
    desk.send(lane, PAID)
    following = desk.writer.look_ahead([batch(lane, [DONE])], [in_line(desk)])
    desk.rows("UPDATE control.generation SET generation = generation + 1 RETURNING generation")
    loads.clear()
    desk.writer.write(following.batches, following)
    assert loads == [["PRK-000000042"]]
    desk.send(desk.lane("sisnaker"), PAID, DONE)
    assert_equal_rows(desk)


@pytest.mark.parametrize("seed", range(4))
def test_two_workers_that_look_ahead_of_few_records_kept(
    open_desk: Callable[..., Desk], seed: int
) -> None:
    chance = random.Random(seed)
    desks = [open_desk(cached_participants=seed), open_desk(cached_participants=seed)]
    people = [f"PRK-{number}" for number in range(9)]
    delivered = [
        event(chance.randrange(40), any_fact(chance), f"e{number}", of=chance.choice(people))
        for number in range(400)
    ]
    alone = desks[0].lane("sisnaker")
    desks[0].send(alone, *delivered)
    lanes = [desk.lane(partition=number) for number, desk in enumerate(desks)]
    shares = [delivered[number::2] for number in range(2)]
    start = Barrier(2)

    def work(number: int) -> None:
        start.wait(timeout=30)
        desks[number].send_ahead(lanes[number], shares[number], 10)

    in_threads(work, 2)
    assert_equal_rows(desks[0])
    for desk, lane, share in zip(desks, lanes, shares, strict=True):
        assert desk.counts(lane) == (len(share), 0, 0, 0, len(share))
