"""The catalogue of a partner: latest publication of a class, fixed composition of a package."""

import pytest

from domain.catalogue import UNPUBLISHED, decide
from domain.errors import Reason
from domain.events import ClassCompleted, ClassPublished, PackagePublished
from domain.participant import State as ParticipantState
from domain.participant import evolve
from tests.domain.story import catalogue_state, day, event, given_catalogue

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
    assert state.package("K-2") is None


def test_what_is_not_published_has_the_defaults_of_the_contract() -> None:
    terms = catalogue_state().terms("C-9")
    assert (terms.title, terms.institution, terms.units) == (None, None, None)
    assert (terms.move_on, terms.mastery_score) == ("CompletedAndPassed", 0.6)


def test_each_aggregate_takes_its_own_facts_only() -> None:
    with pytest.raises(TypeError):
        decide(catalogue_state(), event(1, ClassCompleted("C-1")))
    with pytest.raises(KeyError):
        evolve(ParticipantState(), event(1, BAKING))
