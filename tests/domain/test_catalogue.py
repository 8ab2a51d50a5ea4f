"""The catalogue of a partner: latest publication of a class, fixed composition of a package."""

from itertools import permutations

import pytest

from domain.catalogue import UNPUBLISHED, copied, decide, publish, withdraw
from domain.errors import Reason
from domain.events import ClassCompleted, ClassPublished, EventVoided, PackagePublished
from domain.marks import key_of
from domain.participant import State as ParticipantState
from tests.domain.story import catalogue_state, day, event, evolved, given_catalogue

BAKING = ClassPublished("C-1", "Baking", "Dapur", 12, "Passed", 0.7)
BAKING_BREAD = ClassPublished("C-1", "Baking bread", "Dapur Kita", 14, "Completed", 0.5)
BUNDLE = PackagePublished("K-1", "For drivers", ("C-1", "C-2"))


def test_a_publication_is_stored_once() -> None:
    for fact in (BAKING, BUNDLE):
        told = event(1, fact)
        given_catalogue().when(told).then(told)
        given_catalogue(told).when(told).then()


def test_a_class_may_be_published_again() -> None:
    again = event(2, BAKING_BREAD)
    given_catalogue(event(1, BAKING)).when(again).then(again)


def test_a_package_keeps_its_composition() -> None:
    published = event(1, BUNDLE)
    for other in (("C-1",), ("C-1", "C-2", "C-3"), ("C-1", "C-3")):
        told = event(2, PackagePublished("K-1", "For drivers", other))
        given_catalogue(published).when(told).then_refused(Reason.PACKAGE_CONFLICT)
        given_catalogue().when(told).then(told)


def test_a_package_may_be_renamed_and_its_classes_told_in_another_order() -> None:
    for again in (
        event(2, PackagePublished("K-1", "For all drivers", ("C-1", "C-2"))),
        event(0, PackagePublished("K-1", "For drivers", ("C-2", "C-1"))),
    ):
        given_catalogue(event(1, BUNDLE)).when(again).then(again)


def test_a_refusal_names_the_event_and_not_its_classes() -> None:
    refusal = decide(
        catalogue_state(event(1, BUNDLE)),
        event(2, PackagePublished("K-1", "For drivers", ("C-secret",)), "id-7"),
    )
    assert not isinstance(refusal, list)
    assert refusal.event_id == "id-7"
    assert "C-secret" not in refusal.detail


OTHER = PackagePublished("K-1", "For cooks", ("C-3",))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_earliest_composition_stands_whichever_arrived_first(order: tuple[int, ...]) -> None:
    told = [
        event(2, OTHER, "late"),
        event(1, BUNDLE, "first"),
        event(3, PackagePublished("K-1", "For all drivers", ("C-2", "C-1")), "renamed"),
    ]
    state = catalogue_state(*(told[index] for index in order))
    assert state.composition("K-1") == ("C-1", "C-2")
    assert state.package_title("K-1") == "For all drivers"
    assert [each.class_codes for each in state.conflicts("K-1")] == [("C-3",)]
    assert state.composition("K-1", day(2)) == ("C-1", "C-2")
    assert state.package_title("K-1", day(2)) == "For drivers"
    assert state.ever_in("K-1") == {"C-1", "C-2"}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_conflict_counts_once_what_was_before_it_is_withdrawn(order: tuple[int, ...]) -> None:
    told = [
        event(1, BUNDLE, "wrong"),
        event(2, OTHER, "right"),
        event(5, EventVoided("wrong", "a mistake"), "void"),
    ]
    state = catalogue_state(*(told[index] for index in order))
    assert state.composition("K-1") == ("C-3",)
    assert state.conflicts("K-1") == []
    assert state.composition("K-1", day(4)) == ("C-1", "C-2")
    assert [each.class_codes for each in state.conflicts("K-1", day(4))] == [("C-3",)]
    assert state.ever_in("K-1") == {"C-1", "C-2", "C-3"}


def test_a_publication_of_an_earlier_time_is_stored_whatever_stands() -> None:
    earlier = event(0, OTHER)
    given_catalogue(event(1, BUNDLE)).when(earlier).then(earlier)


def test_a_refused_publication_can_be_sent_again_when_nothing_is_in_its_way() -> None:
    first, other = event(1, BUNDLE, "wrong"), event(2, OTHER, "right")
    given_catalogue(first, other).when(other).then_refused(Reason.PACKAGE_CONFLICT)
    void = event(3, EventVoided("wrong", "a mistake"), "void")
    given_catalogue(first, other, void).when(other).then(other)
    corrected = event(2, PackagePublished("K-1", "For cooks", ("C-1", "C-2")), "right")
    state = catalogue_state(first, other, corrected)
    assert state.conflicts("K-1") == []
    assert len(state.packages["K-1"]) == 2


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_class_published_by_mistake_for_a_year_far_ahead_can_be_withdrawn(
    order: tuple[int, ...],
) -> None:
    told = [
        event(1, BAKING, "right"),
        event(9_999, BAKING_BREAD, "far ahead"),
        event(2, EventVoided("far ahead", "a mistake"), "void"),
    ]
    state = catalogue_state(*(told[index] for index in order))
    assert state.terms("C-1").title == "Baking"
    assert state.terms("C-1", day(20_000)).title == "Baking"
    assert state.terms("C-1", day(1) - 1) == UNPUBLISHED


def test_a_copy_is_a_state_of_its_own() -> None:
    state = catalogue_state(event(1, BAKING, "b"), event(1, BUNDLE))
    another = copied(state)
    assert another == state
    publish(another, event(2, BAKING_BREAD))
    withdraw(another, day(3), key_of("b"))
    publish(another, event(0, OTHER))
    assert state == catalogue_state(event(1, BAKING, "b"), event(1, BUNDLE))
    assert another.composition("K-1") == ("C-3",)


@pytest.mark.parametrize("reverse", [False, True])
def test_the_latest_time_stands_and_as_of_looks_back(reverse: bool) -> None:
    told = [event(1, BAKING), event(3, BAKING_BREAD), event(2, BUNDLE)]
    state = catalogue_state(*(reversed(told) if reverse else told))
    assert state.terms("C-1").title == "Baking bread"
    assert state.terms("C-1", day(3)).title == "Baking bread"
    assert state.terms("C-1", day(3) - 1).title == "Baking"
    assert state.terms("C-1", day(1) - 1) == UNPUBLISHED
    assert state.composition("K-1") == ("C-1", "C-2")
    assert state.composition("K-1", day(2)) == ("C-1", "C-2")
    assert state.composition("K-1", day(2) - 1) is None
    assert state.composition("K-2") is None


def test_what_is_not_published_has_the_defaults_of_the_contract() -> None:
    terms = catalogue_state().terms("C-9")
    assert (terms.title, terms.institution, terms.units) == (None, None, None)
    assert (terms.move_on, terms.mastery_score) == ("CompletedAndPassed", 0.6)


def test_each_aggregate_takes_its_own_facts_only() -> None:
    with pytest.raises(TypeError):
        decide(catalogue_state(), event(1, ClassCompleted("C-1")))
    with pytest.raises(KeyError):
        evolved(ParticipantState(), event(1, BAKING))
