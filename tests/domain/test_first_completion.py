"""A person's first completed class: which one it is, since when it is ready, and what is missing."""

from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalogue import State as Catalogue
from domain.class_evidence import Slices
from domain.events import (
    CertificateIssued,
    ClassCompleted,
    ClassReviewed,
    EventVoided,
    Fact,
    PurchasePaid,
    PurchaseRefunded,
)
from domain.first_completion import Completed, First, completed_class, first_of
from domain.marks import key_of
from domain.participant import State, evolve

A, B = "A", "B"


class Happened(NamedTuple):
    at: int
    fact: Fact


def told(*events: tuple[int, Fact]) -> list[Happened]:
    return [Happened(*each) for each in events]


def bought(code: str, purchase_id: str = "P-1") -> PurchasePaid:
    return PurchasePaid(purchase_id, None, ((code, 100),), 100)


def answer(events: Sequence[Happened], as_of: int | None = None) -> First:
    """The answer about a person of one partner of whom this was told; event n has the id n."""
    state = State()
    for number, (at, fact) in enumerate(events):
        evolve(state, at, key_of(str(number)), fact)
    slices = Slices(state, Catalogue(), whole=True)
    found = [completed_class(1, code, slices.of(code), Catalogue(), as_of) for code in (A, B)]
    return first_of([of for of in found if of is not None])


WHOLE = told(
    (1, bought(A)), (5, ClassCompleted(A)), (6, CertificateIssued(A, "n")), (8, ClassReviewed(A, 5))
)


def test_ready_since_everything_is_there() -> None:
    first = answer(WHOLE)
    assert (first.state, first.since) == ("ready", 8)
    assert first.of is not None
    assert (first.of.class_code, first.of.missing) == (A, [])


@pytest.mark.parametrize(
    ("as_of", "state", "since", "missing"),
    [
        (4, "none", None, None),
        (5, "missing", 5, ["certificate", "review"]),
        (7, "missing", 5, ["review"]),
        (8, "ready", 8, []),
    ],
)
def test_as_of_an_instant(
    as_of: int, state: str, since: int | None, missing: list[str] | None
) -> None:
    first = answer(WHOLE, as_of)
    assert (first.state, first.since) == (state, since)
    assert (None if first.of is None else first.of.missing) == missing


def test_a_second_review_or_certificate_puts_nothing_off() -> None:
    later = told((20, ClassReviewed(A, 1)), (21, CertificateIssued(A, "again")))
    assert answer([*WHOLE, *later]).since == 8


def test_a_certificate_and_a_review_before_the_completion_are_enough() -> None:
    events = told(
        (1, bought(A)),
        (2, CertificateIssued(A, "n")),
        (3, ClassReviewed(A, 4)),
        (9, ClassCompleted(A)),
    )
    assert (answer(events).state, answer(events).since) == ("ready", 9)


def test_what_was_not_bought_or_was_given_back_is_no_first_class() -> None:
    assert answer(WHOLE[1:]).state == "none"
    refunded = [*WHOLE, Happened(30, PurchaseRefunded("P-1"))]
    assert answer(refunded).state == "none"
    assert answer(refunded, as_of=29).state == "ready"
    again = [*refunded, Happened(31, bought(A, "P-2"))]
    assert (answer(again).state, answer(again).since) == ("ready", 8)


def test_a_withdrawn_review_is_missing() -> None:
    first = answer([*WHOLE, Happened(40, EventVoided("3", "by mistake"))])
    assert first.state == "missing"
    assert first.of is not None
    assert first.of.missing == ["review"]


def test_a_later_class_does_not_take_the_first_ones_place_but_is_named() -> None:
    other = told(
        (2, bought(B, "P-2")),
        (10, ClassCompleted(B)),
        (11, CertificateIssued(B, "m")),
        (12, ClassReviewed(B, 3)),
    )
    first = answer([*WHOLE[:3], *other])
    assert first.state == "missing"
    assert first.of is not None
    assert first.of.class_code == A
    assert first.instead is not None
    assert (first.instead.class_code, first.instead.ready_at) == (B, 12)
    assert answer([*WHOLE, *other]).instead is None


def test_the_refund_of_the_first_makes_the_next_one_first() -> None:
    other = told((2, bought(B, "P-2")), (10, ClassCompleted(B)))
    first = answer([*WHOLE, *other, Happened(30, PurchaseRefunded("P-1"))])
    assert first.state == "missing"
    assert first.of is not None
    assert first.of.class_code == B


instants = st.integers(0, 20)
completed = st.builds(
    Completed,
    instants,
    st.integers(1, 3),
    st.sampled_from("ABC"),
    st.none() | instants,
    st.none() | instants,
)
classes = st.lists(completed, max_size=6, unique_by=lambda of: (of.partner_id, of.class_code))


@given(classes, st.randoms(use_true_random=False))
def test_the_order_of_telling_does_not_matter(
    given_classes: list[Completed], random: object
) -> None:
    other = list(given_classes)
    random.shuffle(other)  # type: ignore[attr-defined]
    assert first_of(given_classes) == first_of(other)


@given(classes)
def test_the_first_is_the_earliest_and_its_state_says_what_it_lacks(
    given_classes: list[Completed],
) -> None:
    first = first_of(given_classes)
    assert (first.state == "none") == (not given_classes)
    if first.of is None:
        return
    assert first.of in given_classes
    assert first.of.completed_at == min(of.completed_at for of in given_classes)
    assert (first.state == "ready") == (first.of.ready_at is not None)
    assert first.since is not None
    if first.state == "ready":
        marks = (first.of.completed_at, first.of.certified_at, first.of.reviewed_at)
        assert first.since == max(mark for mark in marks if mark is not None)
        assert first.instead is None
    else:
        assert (first.instead is None) == all(of.missing for of in given_classes)


facts = st.sampled_from(
    [
        bought(A),
        bought(B, "P-2"),
        ClassCompleted(A),
        ClassCompleted(B),
        CertificateIssued(A, "n"),
        CertificateIssued(B, "n"),
        ClassReviewed(A, 5),
        ClassReviewed(B, 5),
        PurchaseRefunded("P-1"),
        EventVoided("2", "by mistake"),
    ]
)


@given(st.lists(st.builds(Happened, st.integers(1, 30), facts), max_size=12), st.integers(0, 31))
def test_as_of_is_the_answer_of_who_was_told_no_more(events: list[Happened], as_of: int) -> None:
    state = State()
    for number, (at, fact) in enumerate(events):
        if at <= as_of:
            evolve(state, at, key_of(str(number)), fact)
    slices = Slices(state, Catalogue(), whole=True)
    found = [completed_class(1, code, slices.of(code), Catalogue()) for code in (A, B)]
    assert answer(events, as_of) == first_of([of for of in found if of is not None])
