"""The participant: what is stored of an event, and what a state keeps of it."""

import pytest

from domain.events import (
    CertificateIssued,
    ClassAssessed,
    ClassCompleted,
    ClassProgressed,
    ClassRedeemed,
    ClassReviewed,
    EventVoided,
    Fact,
    PurchasePaid,
    PurchaseRefunded,
)
from domain.marks import key_of
from domain.participant import State, Touched
from tests.domain.story import day, event, evolved, given, participant_state

EVERY_FACT = (
    PurchasePaid("INV-1", None, (("C-1", 250_000),), 250_000),
    PurchasePaid("INV-2", "K-1"),
    PurchaseRefunded("INV-1", ("C-1",), "cancelled"),
    ClassRedeemed("C-1", "CODE"),
    ClassProgressed("C-1", 50.0),
    ClassCompleted("C-1"),
    ClassAssessed("C-1", "post_test", 80.0),
    CertificateIssued("C-1", "N-1"),
    ClassReviewed("C-1", 5, comment="good"),
    EventVoided("e1", "sent twice"),
)


@pytest.mark.parametrize("fact", EVERY_FACT, ids=repr)
class TestEveryFact:
    def test_is_stored_once(self, fact: Fact) -> None:
        told = event(1, fact)
        given().when(told).then(told)
        given(told).when(told).then()

    def test_is_stored_again_under_another_id(self, fact: Fact) -> None:
        again = event(1, fact, "another id")
        given(event(1, fact)).when(again).then(again)

    def test_says_what_it_touched(self, fact: Fact) -> None:
        touched = evolved(State(), event(1, fact))
        match fact:
            case EventVoided():
                assert touched == Touched()
            case PurchasePaid() | PurchaseRefunded():
                assert touched == Touched((), (fact.purchase_id,))
            case _:
                completion = isinstance(fact, ClassCompleted)
                assert touched == Touched(("C-1",), (), completion)


@pytest.mark.parametrize("fact", EVERY_FACT[:-1], ids=repr)
@pytest.mark.parametrize("void_first", [False, True])
def test_a_withdrawn_fact_stays_with_the_earliest_time_it_was_withdrawn(
    fact: Fact, void_first: bool
) -> None:
    target = event(1, fact, "e1")
    voids = [
        event(5, EventVoided("e1", "wrong person"), "v1"),
        event(3, EventVoided("e1", "wrong person"), "v2"),
        event(7, EventVoided("e1", "wrong person"), "v3"),
    ]
    state = participant_state(*([*voids, target] if void_first else [target, *voids]))
    lists = [held for record in state.classes.values() for held in record.lists()]
    lists += [held for record in state.purchases.values() for held in record.lists()]
    marks = [mark for held in lists for mark in held]
    assert [(m.happened, m.key) for m in marks] == [(day(1), key_of("e1"))]
    assert state.withdrawn == {key_of("e1"): day(3)}


def test_a_void_says_what_its_target_touched() -> None:
    state = participant_state(
        event(1, ClassCompleted("C-1"), "e1"), event(1, PurchasePaid("INV-1", "K-1"), "e2")
    )
    assert evolved(state, event(2, EventVoided("e1", "r"))) == Touched(("C-1",), (), True)
    assert evolved(state, event(2, EventVoided("e2", "r"))) == Touched((), ("INV-1",))
    assert evolved(state, event(2, EventVoided("e3", "r"))) == Touched((), ())


@pytest.mark.parametrize("void_first", [False, True])
def test_voiding_a_void_has_no_effect(void_first: bool) -> None:
    voids = [
        event(2, EventVoided("e1", "wrong person"), "v1"),
        event(3, EventVoided("v1", "it was right"), "v2"),
    ]
    target = event(1, ClassCompleted("C-1"), "e1")
    state = participant_state(target, *(reversed(voids) if void_first else voids))
    assert state.withdrawn[key_of("e1")] == day(2)
    assert not state.is_completed("C-1")


def test_marks_stand_in_order_of_time_then_key() -> None:
    ids = [f"e{number}" for number in range(6)]
    days = dict(zip(ids, (3, 1, 2, 2, 2, 0), strict=True))
    told = [event(number, ClassCompleted("C-1"), event_id) for event_id, number in days.items()]
    marks = participant_state(*told).classes["C-1"].completed or []
    assert [(m.happened, m.key) for m in marks] == sorted(
        (e.happened, key_of(e.event_id)) for e in told
    )


def test_a_purchase_keeps_each_report_of_it() -> None:
    first = event(2, PurchasePaid("INV-1", None, (("C-1", None),)))
    more = event(1, PurchasePaid("INV-1", "K-1", (("C-2", 5), ("C-1", 4)), 9))
    refund = event(3, PurchaseRefunded("INV-1", ("C-2",)))
    record = participant_state(first, more, refund).purchases["INV-1"]
    assert [(p.happened, p.package_code, p.class_codes) for p in record.paid] == [
        (day(1), "K-1", ("C-2", "C-1")),
        (day(2), None, ("C-1",)),
    ]
    assert [(r.happened, r.class_codes) for r in record.refunds] == [(day(3), ("C-2",))]


def test_a_result_keeps_its_score_scaled() -> None:
    state = participant_state(
        event(1, ClassAssessed("C-1", "performance", 4.0, 1.0, 5.0, True)),
        event(2, ClassAssessed("C-1", "pre_test")),
    )
    results = state.classes["C-1"].results
    assert results is not None
    first, second = results
    assert (first.kind, first.scaled, first.passed) == ("performance", 0.75, True)
    assert (second.kind, second.scaled, second.passed) == ("pre_test", None, None)
