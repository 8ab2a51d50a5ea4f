"""Sums over time that follow step by step are those that a rebuild makes of the whole ledger."""

import random
from typing import Any

import pytest

from domain.events import ClassPublished, PackagePublished, PartnerEvent, PurchasePaid
from domain.vocabulary import MoveOn
from projections import catalogue
from projections.days import following
from projections.days.following import Follower
from projections.rebuild.catching_up import Later
from projections.rebuild.comparing import READ_MODELS
from services import rebuilding
from services.postgres.connect import transaction
from tests.domain.story import day, event
from tests.projections.test_rebuild import any_fact
from tests.services.intake.desk import Desk, batch

SAME = dict.fromkeys(READ_MODELS, 0)
RULES: tuple[MoveOn, ...] = ("Completed", "Passed", "NotApplicable")


def follow(desk: Desk, follower: Follower, most: int = 1_000) -> int:
    """Follows everything, or at most so many steps; returns how many."""
    steps = 0
    while steps < most:
        with transaction(desk.session) as work:
            behind = follower.behind(work)
        done = 0
        for partner_id in behind:
            with transaction(desk.session) as work:
                done += follower.follow(work, partner_id)
        if not done:
            return steps
        steps += 1
    return steps


def published(chance: random.Random, number: int) -> PartnerEvent:
    """A package, or a class at one of three institutions by one of three rules."""
    if chance.random() < 0.3:
        codes = tuple(f"C-{n}" for n in chance.sample(range(8), 3))
        package = f"K-{chance.randrange(4)}"
        return event(chance.randrange(60), PackagePublished(package, "t", codes), f"p{number}")
    move_on = chance.choice(RULES)
    fact = ClassPublished(
        f"C-{chance.randrange(7)}", "t", chance.choice("xyz"), None, move_on, chance.random()
    )
    return event(chance.randrange(60), fact, f"p{number}")


@pytest.mark.parametrize(("seed", "is_kept"), [(0, True), (1, False)], ids=["kept", "forgotten"])
def test_step_by_step_is_as_at_once(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch, seed: int, is_kept: bool
) -> None:
    monkeypatch.setattr(following, "EVENTS_AT_ONCE", 40)
    chance = random.Random(seed)
    follower = Follower(kept_participants=50_000 if is_kept else 3)
    lanes = [desk.lane("tokopedia", partition) for partition in range(2)]
    for number in range(40):
        told: list[list[PartnerEvent]] = [[], []]
        for mark in range(30):
            if chance.random() < 0.05:
                told[0].append(published(chance, number * 100 + mark))
                continue
            person = chance.randrange(20)
            fact = any_fact(chance, number * 100 + mark)
            mark_of = f"e{number * 30 + mark}"
            of = event(chance.randrange(60), fact, mark_of, of=f"PRK-{person}")
            told[person % 2].append(of)
        desk.write(*(batch(lane, some) for lane, some in zip(lanes, told, strict=True) if some))
        if number == 20:
            with transaction(desk.session) as work:
                catalogue.set_package_sales_end(work, day(20))
        if chance.random() < 0.5:
            follow(desk, follower, chance.randint(1, 3))
        if chance.random() < 0.3:
            desk.judge_again()
    desk.judge_again()
    follow(desk, follower)
    (sums,) = desk.rows("SELECT count(*) FROM projections.day_block WHERE kind = 5")
    assert sums > (20,)
    assert rebuilding.rebuild(database_url, 1, compare=True).differences == SAME


def test_rows_that_are_not_judged_again_yet_are_followed_too(desk: Desk, database_url: str) -> None:
    """A package says what it has, then its class what it asks for, before anybody wrote the class's rows."""
    lane = desk.lane("tokopedia")
    follower = Follower()
    desk.send(lane, event(1, PurchasePaid("INV-1", "K-1"), "e1", of="PRK-1"))
    follow(desk, follower)
    desk.send(lane, event(2, PackagePublished("K-1", "t", ("C-1", "C-2")), "e2"))
    follow(desk, follower)
    desk.send(lane, event(3, ClassPublished("C-1", "t", "i", None, "NotApplicable"), "e3"))
    follow(desk, follower)
    desk.judge_again()
    assert rebuilding.rebuild(database_url, 1, compare=True).differences == SAME


def test_what_is_wrong_in_them_is_found_and_made_right(desk: Desk, database_url: str) -> None:
    lane = desk.lane("tokopedia")
    desk.send(lane, event(1, PurchasePaid("INV-1", None, (("C-1", 5),)), "e1", of="PRK-1"))
    desk.judge_again()
    follow(desk, Follower())
    with transaction(desk.session) as work:
        work.execute("UPDATE projections.day_block SET days = '' WHERE code = 'C-1' AND kind = 0")
    differences = rebuilding.rebuild(database_url, 1, compare=True).differences
    assert differences == SAME | {"day_block": 2}
    assert rebuilding.rebuild(database_url, 1, compare=True).differences == SAME


def test_what_a_rebuild_follows_its_rows_know_of(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payment and then its package arrive while it follows, behind its rows and before these are made again."""
    lane = desk.lane("tokopedia")
    desk.send(lane, event(1, PurchasePaid("INV-1", None, (("C-1", 5),)), "e1", of="PRK-1"))
    arriving = [
        event(5, PackagePublished("K-2", "t", ("C-1", "C-2")), "e3"),
        event(2, PurchasePaid("INV-2", "K-2"), "e2", of="PRK-1"),
    ]
    catch_up, step = Later.catch_up, Follower.follow

    def caught_up(self: Later, *of: Any) -> int:
        behind = catch_up(self, *of)
        if len(arriving) == 2:
            desk.send(lane, arriving.pop())
        return behind

    def followed(self: Follower, *of: Any) -> int:
        done = step(self, *of)
        if len(arriving) == 1:
            desk.send(lane, arriving.pop())
        return done

    monkeypatch.setattr(Later, "catch_up", caught_up)
    monkeypatch.setattr(Follower, "follow", followed)
    rebuilding.rebuild(database_url, 1)
    assert not arriving
    monkeypatch.undo()
    desk.judge_again()
    follow(desk, Follower())
    assert rebuilding.rebuild(database_url, 1, compare=True).differences == SAME
