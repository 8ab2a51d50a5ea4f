"""A participant whose events are spread over two lanes, read by two workers, has the rows of one worker."""

import random
from collections.abc import Callable
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.events import (
    ClassCompleted,
    EventVoided,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from tests.domain import told
from tests.domain.story import event
from tests.services.intake.desk import Desk, batch
from tests.services.intake.side_by_side import in_threads

MANY = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

PAID = event(1, PurchasePaid("INV-1", None, (("C-1", None),)), "paid")
MORE = event(2, PurchasePaid("INV-1", None, (("C-2", None),)), "more")
REFUND = event(3, PurchaseRefunded("INV-1"), "refund")
DONE = event(4, ClassCompleted("C-1"), "done")
VOID = event(5, EventVoided("done", "mistake"), "void")
OTHER = event(6, ClassCompleted("C-3"), "other")


@pytest.fixture
def desks(open_desk: Callable[..., Desk]) -> tuple[Desk, Desk]:
    return open_desk(), open_desk()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (DONE, VOID),
        (VOID, DONE),
        (PAID, MORE),
        (MORE, PAID),
        (PAID, REFUND),
        (REFUND, PAID),
    ],
    ids=lambda told_first: told_first.event_id,
)
def test_a_worker_with_an_old_view_of_the_participant_notices(
    desks: tuple[Desk, Desk], first: PartnerEvent, second: PartnerEvent
) -> None:
    desk, other = desks
    lane, other_lane = desk.lane(partition=0), other.lane(partition=1)
    alone = desk.lane("sisnaker")
    desk.send(lane, OTHER)
    other.send(other_lane, first)
    desk.send(lane, second)
    desk.send(alone, OTHER, first, second)
    assert_equal_rows(desk)


def test_a_worker_that_is_given_the_lane_the_participant_moved_to_has_forgotten_its_old_view(
    desks: tuple[Desk, Desk],
) -> None:
    desk, other = desks
    alone = desk.lane("sisnaker")
    desk.send(desk.lane(partition=0), OTHER)
    other.send(other.lane(partition=1), PAID)
    desk.send(desk.lane(partition=1), DONE)
    desk.send(alone, OTHER, PAID, DONE)
    assert_equal_rows(desk)


def test_an_old_view_is_noticed_also_where_the_lane_that_has_the_participant_is_in_the_batch(
    desks: tuple[Desk, Desk],
) -> None:
    desk, other = desks
    lane, alone = desk.lane(partition=0), desk.lane("sisnaker")
    desk.send(lane, OTHER)
    other.send(other.lane(partition=1), PAID)
    somebody = event(7, ClassCompleted("C-1"), "somebody", of="PRK-000000043")
    desk.write(batch(lane, [DONE]), batch(desk.lane(partition=1), [somebody]))
    desk.send(alone, OTHER, PAID, DONE, somebody)
    assert_equal_rows(desk)


@MANY
@given(told.of_participant(), told.of_participant("PRK-000000043"), st.integers(0, 2**32))
def test_taking_turns_in_any_way(
    desks: tuple[Desk, Desk], mine: list[PartnerEvent], theirs: list[PartnerEvent], seed: int
) -> None:
    chance = random.Random(seed)
    renamed = [event_of_other(e) for e in theirs]
    delivered = mine + renamed
    chance.shuffle(delivered)
    desks[0].clear()
    lanes = [desk.lane(partition=number) for number, desk in enumerate(desks)]
    for desk in desks:
        desk.forget()
    alone = desks[0].lane("sisnaker")
    desks[0].write(batch(alone, delivered))
    while delivered:
        number, size = chance.randrange(2), chance.randint(1, 5)
        desks[number].send(lanes[number], *delivered[:size])
        del delivered[:size]
    assert_equal_rows(desks[0])


@pytest.mark.parametrize("seed", range(3))
def test_at_the_same_time(desks: tuple[Desk, Desk], seed: int) -> None:
    chance = random.Random(seed)
    people = [f"PRK-{number}" for number in range(6)]
    delivered = [
        event(chance.randrange(40), any_fact(chance), f"e{number}", of=chance.choice(people))
        for number in range(600)
    ]
    alone = desks[0].lane("sisnaker")
    desks[0].send(alone, *delivered)
    lanes = [desk.lane(partition=number) for number, desk in enumerate(desks)]
    shares = [[e for n, e in enumerate(delivered) if n % 2 == number] for number in range(2)]
    start = Barrier(2)

    def work(number: int) -> None:
        start.wait(timeout=30)
        share = shares[number]
        for begin in range(0, len(share), 10):
            desks[number].send(lanes[number], *share[begin : begin + 10])

    in_threads(work, 2)
    assert_equal_rows(desks[0])
    # Batches that were done again have left nothing in the ledger, and no record is missing in it.
    for desk, lane, share in zip(desks, lanes, shares, strict=True):
        assert desk.counts(lane) == (len(share), 0, 0, 0, len(share))
        assert desk.ledger_rows(lane) == (len(share), 0, 0)


def any_fact(
    chance: random.Random,
) -> PurchasePaid | PurchaseRefunded | ClassCompleted | EventVoided:
    """One of the facts whose rows depend on other rows."""
    code, invoice = f"C-{chance.randrange(4)}", f"INV-{chance.randrange(3)}"
    return chance.choice(
        (
            PurchasePaid(invoice, None, ((code, None),)),
            PurchasePaid(invoice, f"K-{chance.randrange(2)}"),
            PurchaseRefunded(invoice, chance.choice((None, (code,)))),
            ClassCompleted(code),
            EventVoided(f"e{chance.randrange(600)}", "mistake"),
        )
    )


def event_of_other(told_of_me: PartnerEvent) -> PartnerEvent:
    """The event under an id of its own."""
    return PartnerEvent(
        told_of_me.partner,
        f"other {told_of_me.event_id}",
        told_of_me.happened,
        told_of_me.stream,
        told_of_me.fact,
    )


def assert_equal_rows(desk: Desk) -> None:
    """The rows of the partner in two lanes are those of the partner in one."""
    assert desk.rows_of("tokopedia") == desk.rows_of("sisnaker")
