"""What one event costs does not depend on how many there are: twenty thousand take about a second, not a minute.

Processor time with ample room: a cost that grows with the square takes many times as long.
"""

from collections.abc import Iterable, Iterator
from time import process_time

import pytest

from domain import catalogue
from domain.events import (
    ClassProgressed,
    ClassPublished,
    EventVoided,
    Fact,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from domain.marks import key_of
from domain.participant import State, Touched, accept
from projections.status.record import Changes, Rules
from projections.status.rows import changes
from tests.domain.story import PERSON, SALES_END, event

MANY = 20_000
MOST_SECONDS = 4.0


def told(facts: Iterable[Fact]) -> Iterator[PartnerEvent]:
    return (event(number / 1_000, fact, f"e{number}") for number, fact in enumerate(facts))


def rows(events: Iterable[PartnerEvent], rules: Rules) -> Changes:
    """The rows that one batch of a participant changes."""
    state, into = State(), Changes()
    touched: list[Touched] = []
    for one in events:
        parts = accept(state, one)
        assert parts is not None
        touched.append(parts)
    changes(PERSON, state, touched, rules, into)
    return into


def progress() -> Iterator[Fact]:
    return (ClassProgressed("C-1", float(number % 100)) for number in range(MANY))


def withdrawn() -> Iterator[Fact]:
    yield from (ClassProgressed("C-1", 1.0) for _ in range(MANY // 2))
    yield from (EventVoided(f"e{number}", "r") for number in range(MANY // 2))


def purchases() -> Iterator[Fact]:
    return (PurchasePaid(f"INV-{number}", None, (("C-1", 1),)) for number in range(MANY))


def payments_of_one() -> Iterator[Fact]:
    return (PurchasePaid("INV-1", None, ((f"C-{number}", 1),)) for number in range(MANY))


def withdrawn_payments_of_one() -> Iterator[Fact]:
    """Each names a class of its own and is withdrawn."""
    yield from (PurchasePaid("INV-1", None, ((f"C-{number}", 1),)) for number in range(MANY // 2))
    yield from (EventVoided(f"e{number}", "r") for number in range(MANY // 2))


def refunds_of_one() -> Iterator[Fact]:
    codes = tuple(f"C-{number}" for number in range(200))
    yield PurchasePaid("INV-1", None, tuple((code, 1) for code in codes))
    yield from (PurchaseRefunded("INV-1", codes) for _ in range(2_000))


def classes_of_purchases() -> Iterator[Fact]:
    items = tuple((f"C-{number}", 1) for number in range(100))
    return (PurchasePaid(f"INV-{number}", None, items) for number in range(1_000))


@pytest.mark.parametrize(
    "facts",
    [
        progress,
        withdrawn,
        purchases,
        payments_of_one,
        withdrawn_payments_of_one,
        refunds_of_one,
        classes_of_purchases,
    ],
)
def test_of_a_participant(facts: "type[Iterator[Fact]]") -> None:
    events = list(told(facts()))
    began = process_time()
    rows(events, Rules(catalogue.State(), SALES_END))
    assert process_time() - began < MOST_SECONDS


def test_of_purchases_of_one_large_package() -> None:
    known = catalogue.State()
    codes = tuple(f"C-{number}" for number in range(200))
    catalogue.publish(known, event(0, PackagePublished("K-1", "p", codes), "k"))
    events = list(told(PurchasePaid(f"INV-{number}", "K-1") for number in range(150)))
    began = process_time()
    into = rows(events, Rules(known, SALES_END))
    assert process_time() - began < MOST_SECONDS / 2
    assert len(into.classes) == 200


@pytest.mark.parametrize(
    "facts",
    [
        lambda n: ClassPublished("C-1", f"t{n}", "i"),
        lambda n: PackagePublished("K-1", f"t{n}", ("C-1", "C-2")),
        lambda n: PackagePublished("K-1", f"t{n}", (f"C-{n}", "C-2")),
    ],
    ids=["classes", "packages", "conflicts"],
)
def test_of_publications_of_one_code(facts: "type[Fact]") -> None:
    events = list(told(facts(MANY - number) for number in range(MANY)))
    known = catalogue.State()
    began = process_time()
    for one in events:
        catalogue.publish(known, one)
    for number in range(MANY):
        catalogue.withdraw(known, 0, key_of(f"e{number}"))
    assert process_time() - began < MOST_SECONDS
