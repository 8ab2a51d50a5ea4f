"""What a partner publishes twice, otherwise or by mistake: the answer never depends on what arrived first."""

import random
from collections.abc import Callable
from itertools import permutations
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.events import (
    ClassCompleted,
    ClassPublished,
    EventVoided,
    Fact,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
)
from services.postgres import lane_rows
from tests.domain import told
from tests.domain.story import event
from tests.examples import examples
from tests.services.intake.desk import Desk
from tests.services.intake.side_by_side import in_threads

WRONG = event(1, PackagePublished("K-1", "For drivers", ("C-1", "C-9")), "wrong")
RIGHT = event(2, PackagePublished("K-1", "For drivers", ("C-1", "C-2")), "right")
VOID = event(5, EventVoided("wrong", "a mistake"), "void", of="K-1")
BOUGHT = event(3, PurchasePaid("INV-1", "K-1"), "bought")


def classes(desk: Desk) -> dict[str, int]:
    """Class code to state of purchase."""
    columns = desk.rows("SELECT class_code, purchase FROM projections.purchased_class")
    return dict(sorted(columns))


def packages(desk: Desk) -> list[tuple[str, list[str]]]:
    return [
        (code, codes)
        for code, codes in desk.rows("SELECT package_code, class_codes FROM projections.package")
    ]


def reasons(desk: Desk) -> list[str]:
    return [reason for (reason,) in desk.rows("SELECT reason FROM ledger.rejection ORDER BY 1")]


class TestAPackage:
    def test_with_an_earlier_time_stands_though_it_arrives_second(self, desk: Desk) -> None:
        lane = desk.lane()
        desk.send(lane, RIGHT, BOUGHT)
        desk.judge_again()
        desk.send(lane, WRONG)
        desk.judge_again()
        assert reasons(desk) == []
        assert packages(desk) == [("K-1", ["C-1", "C-9"])]
        assert classes(desk) == {"C-1": 1, "C-9": 1}
        assert desk.rows("SELECT class_codes FROM projections.purchase") == [(["C-1", "C-9"],)]

    def test_with_a_later_time_is_a_conflict_whichever_arrives_first(self, desk: Desk) -> None:
        first, second = desk.lane("tokopedia"), desk.lane("sisnaker")
        desk.send(first, WRONG, RIGHT, BOUGHT)
        desk.send(second, RIGHT, WRONG, BOUGHT)
        desk.judge_again()
        assert reasons(desk) == ["package_conflict"]
        assert desk.rows_of("tokopedia") == desk.rows_of("sisnaker")

    @pytest.mark.parametrize("order", list(permutations(range(4))))
    def test_that_is_withdrawn_gives_way_in_any_order(
        self, desk: Desk, order: tuple[int, ...]
    ) -> None:
        lanes = [desk.lane(partition=number) for number in range(2)]
        for index in order:
            # The withdrawal comes in another lane than the publication.
            desk.send(lanes[index == 2], (WRONG, RIGHT, VOID, BOUGHT)[index])
            if order[0]:
                desk.judge_again()
        desk.judge_again()
        assert packages(desk) == [("K-1", ["C-1", "C-2"])]
        assert classes(desk) == {"C-1": 1, "C-2": 1, "C-9": 0}
        assert desk.rows("SELECT class_codes, missing FROM projections.purchase") == [
            (["C-1", "C-2"], ["C-1", "C-2"])
        ]

    def test_that_is_withdrawn_and_was_the_only_one_is_not_known(self, desk: Desk) -> None:
        lane = desk.lane()
        desk.send(lane, WRONG, BOUGHT, VOID)
        desk.judge_again()
        assert packages(desk) == []
        assert desk.rows("SELECT unresolved, complete FROM projections.purchase") == [(True, None)]

    def test_that_was_refused_may_be_sent_again_once_the_other_is_withdrawn(
        self, desk: Desk
    ) -> None:
        lane = desk.lane()
        desk.send(lane, WRONG, RIGHT)
        assert desk.counts(lane)[:3] == (1, 0, 1)
        desk.send(lane, VOID)
        desk.send(lane, RIGHT, RIGHT)
        assert desk.counts(lane)[:3] == (3, 1, 1)
        assert packages(desk) == [("K-1", ["C-1", "C-2"])]


class TestAClass:
    def test_published_for_a_year_far_ahead_is_withdrawn(self, desk: Desk) -> None:
        lane = desk.lane()
        far = event(9_999, ClassPublished("C-1", "Wrong", "Nobody", move_on="Passed"), "far")
        right = event(1, ClassPublished("C-1", "Baking", "Dapur", move_on="Completed"))
        desk.send(lane, far, right, event(3, ClassCompleted("C-1")))
        assert desk.rows("SELECT title FROM projections.class") == [("Wrong",)]
        desk.send(lane, event(4, EventVoided("far", "a mistake"), of="C-1"))
        desk.judge_again()
        assert desk.rows("SELECT title, institution FROM projections.class") == [
            ("Baking", "Dapur")
        ]
        assert desk.rows("SELECT satisfied FROM projections.purchased_class") == [(True,)]

    def test_of_which_nothing_stands_is_taught_by_nobody(self, desk: Desk) -> None:
        lane = desk.lane()
        bought = event(1, PurchasePaid("INV-1", None, (("C-1", None),)))
        desk.send(lane, event(1, ClassPublished("C-1", "Baking", "Dapur"), "only"), bought)
        desk.read_models()
        assert desk.rows("SELECT count(*) > 0 FROM projections.institution_rollup") == [(True,)]
        desk.send(lane, event(2, EventVoided("only", "a mistake"), of="C-1"))
        desk.judge_again()
        desk.read_models()
        assert desk.rows(
            "SELECT title, institution, summed_institution FROM projections.class"
        ) == [(None, None, None)]
        assert desk.rows("TABLE projections.institution_rollup") == []


@settings(
    max_examples=examples(20, 80),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(told.of_participant(), told.of_catalogue(), st.integers(0, 2**32))
def test_rows_are_the_same_in_any_order(
    desk: Desk, mine: list[PartnerEvent], published: list[PartnerEvent], seed: int
) -> None:
    chance = random.Random(seed)
    desk.clear()
    for partner in ("tokopedia", "sisnaker"):
        delivered = [*mine, *published]
        delivered += [e for e in delivered if chance.random() < 0.3]
        chance.shuffle(delivered)
        lanes = [desk.lane(partner, number) for number in range(2)]
        while delivered:
            size = chance.randint(1, 6)
            desk.send(chance.choice(lanes), *delivered[:size])
            del delivered[:size]
            if chance.random() < 0.3:
                desk.judge_again()
            if chance.random() < 0.3:
                desk.forget()
    desk.judge_again()
    assert desk.rows_of("tokopedia") == desk.rows_of("sisnaker")


def test_a_withdrawal_and_its_publication_at_once_in_two_lanes(
    open_desk: Callable[..., Desk],
) -> None:
    desks = [open_desk() for _ in range(2)]
    lanes = [desk.lane(partition=number) for number, desk in enumerate(desks)]
    start = Barrier(2)
    count = 30

    def work(number: int) -> None:
        start.wait(timeout=30)
        for turn in range(count):
            if number == 0:
                fact = ClassPublished(f"C-{turn}", "t", "i")
                desks[0].send(lanes[0], event(1, fact, f"e{turn}"))
            else:
                void = EventVoided(f"e{turn}", "a mistake")
                desks[1].send(lanes[1], event(2, void, f"v{turn}", of=f"C-{turn}"))

    in_threads(work, 2)
    assert desks[0].rows("SELECT count(*) FROM projections.class WHERE title IS NULL") == [(count,)]


@pytest.mark.parametrize(
    ("fact", "of", "overtaken"),
    [(EventVoided("e0", "a mistake"), "C-0", 1), (ClassCompleted("C-0"), "PRK-000000042", 2)],
    ids=["a withdrawal, which has locked", "a record that the catalogue judges"],
)
def test_who_publishes_without_a_pause_overtakes_once(
    open_desk: Callable[..., Desk],
    monkeypatch: pytest.MonkeyPatch,
    fact: Fact,
    of: str,
    overtaken: int,
) -> None:
    slow, busy = open_desk(), open_desk()
    lane, other = slow.lane(partition=0), busy.lane(partition=1)
    slow.send(lane, event(1, ClassPublished("C-0", "t", "i"), "e0"))
    attempts: list[Thread] = []
    advance = lane_rows.advance

    def publish(number: int) -> None:
        busy.send(other, event(1, ClassPublished(f"C-{number}", "t", "i")))

    def advance_late(*arguments: Any) -> Any:
        """Between judging and the check another class is published, as far as the batch lets that through."""
        if arguments[0].connection is slow.session:
            attempts.append(Thread(target=publish, args=(len(attempts) + 1,)))
            attempts[-1].start()
            attempts[-1].join(0.3)
        return advance(*arguments)

    monkeypatch.setattr(lane_rows, "advance", advance_late)
    slow.send(lane, event(2, fact, "late", of=of))
    for thread in attempts:
        thread.join(30)
    assert len(attempts) == overtaken
    titles = dict(slow.rows("SELECT class_code, title FROM projections.class"))
    assert titles["C-0"] == (None if isinstance(fact, EventVoided) else "t")
    assert len(titles) == 1 + overtaken
