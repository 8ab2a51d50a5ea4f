"""Rows from the touched parts of a record are the rows of the whole record, however events were batched."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import (
    ClassCompleted,
    ClassPublished,
    EventVoided,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from domain.participant import State
from domain.snapshot import snapshot_of, state_of_snapshot
from projections.status.record import Changes, Rules
from projections.status.rows import all_rows
from tests.domain import told
from tests.domain.story import (
    PERSON,
    SALES_END,
    catalogue_state,
    day,
    event,
    participant_state,
)
from tests.projections.shelf import Shelf, fold

BUNDLE = event(0, PackagePublished("K-1", "For drivers", ("C-1", "C-2")))


def rules(*events: PartnerEvent) -> Rules:
    return Rules(catalogue_state(*events), SALES_END)


def from_scratch(events: Sequence[PartnerEvent], laid_down: Rules) -> dict[Any, dict[str, Any]]:
    """Every row of a participant who is folded at once."""
    into = Changes()
    all_rows(PERSON, participant_state(*events), laid_down, into)
    shelf = Shelf()
    shelf.put(into)
    return shelf.content()


@given(told.of_participant(), told.of_catalogue(), st.integers(0, 2**32))
def test_any_order_and_any_batches_give_the_same_rows(
    events: list[PartnerEvent], published: list[PartnerEvent], seed: int
) -> None:
    chance = random.Random(seed)
    laid_down = rules(*published)
    delivered = events + [e for e in events if chance.random() < 0.3]
    chance.shuffle(delivered)
    shelf = Shelf()
    state = State()
    while delivered:
        size = chance.randint(1, 6)
        if chance.random() < 0.5:
            state = state_of_snapshot(snapshot_of(state))
        shelf.put(fold(state, delivered[:size], laid_down))
        del delivered[:size]
    assert shelf.content() == from_scratch(events, laid_down)


class TestPurchaseRows:
    def test_a_purchase_of_single_classes(self) -> None:
        shelf = folded(event(1, PurchasePaid("INV-1", None, (("C-2", None), ("C-1", None)))))
        row = shelf.purchases["INV-1", PERSON]
        assert (row.purchased_at, row.package_code) == (day(1), None)
        assert (row.unresolved, row.complete, row.missing) == (False, None, None)
        assert (row.class_codes, row.after_sales_end) == (["C-1", "C-2"], False)

    def test_a_package_says_what_is_missing(self) -> None:
        paid = event(1, PurchasePaid("INV-1", "K-1"))
        first = event(2, ClassCompleted("C-1"), "done")
        second = event(3, ClassCompleted("C-2"))
        void = event(4, EventVoided("done", "mistake"))
        for told_so_far, complete, missing in (
            ([paid], False, ["C-1", "C-2"]),
            ([paid, first], False, ["C-2"]),
            ([first, paid], False, ["C-2"]),
            ([paid, first, second], True, []),
            ([first, second, paid], True, []),
            ([paid, first, second, void], False, ["C-1"]),
        ):
            row = folded(*told_so_far, known=[BUNDLE]).purchases["INV-1", PERSON]
            assert (row.complete, row.missing) == (complete, missing)
            assert row.class_codes == ["C-1", "C-2"]

    def test_an_unknown_package_is_unresolved_and_never_complete(self) -> None:
        shelf = folded(event(1, PurchasePaid("INV-1", "K-1")), event(2, ClassCompleted("C-1")))
        row = shelf.purchases["INV-1", PERSON]
        assert (row.unresolved, row.complete, row.missing) == (True, None, [])
        assert {code for _, code in shelf.classes} == {"C-1"}

    @pytest.mark.parametrize(("number", "after"), [(28, False), (29, True)])
    def test_a_package_after_the_sales_end(self, number: int, after: bool) -> None:
        shelf = folded(event(number, PurchasePaid("INV-1", "K-1")), known=[BUNDLE])
        assert shelf.purchases["INV-1", PERSON].after_sales_end is after

    def test_a_withdrawn_purchase_is_no_purchase_but_its_rows_stay(self) -> None:
        paid = event(1, PurchasePaid("INV-1", "K-1"), "paid")
        shelf = folded(paid, event(2, EventVoided("paid", "mistake")), known=[BUNDLE])
        bought = shelf.purchases["INV-1", PERSON]
        assert (bought.purchased_at, bought.package_code, bought.class_codes) == (None, None, [])
        assert (bought.withdrawn, bought.packages) == (True, ["K-1"])
        row = shelf.classes[PERSON, "C-1"]
        assert (row.purchase, row.purchased_at, row.package_codes) == (0, None, None)

    def test_the_order_in_which_a_package_lists_its_classes_makes_no_other_row(self) -> None:
        paid = event(1, PurchasePaid("INV-1", "K-1"))
        turned = event(2, PackagePublished("K-1", "For drivers", ("C-2", "C-1")))
        assert folded(paid, known=[BUNDLE]).content() == folded(paid, known=[turned]).content()


class TestClassRows:
    def test_columns_follow_the_answer(self) -> None:
        shelf = folded(
            event(1, PurchasePaid("INV-1", "K-1")),
            event(2, ClassCompleted("C-1")),
            event(9, PurchaseRefunded("INV-1", ("C-1",))),
            known=[BUNDLE, event(0, ClassPublished("C-1", "t", "i", move_on="Completed"))],
        )
        row = shelf.classes[PERSON, "C-1"]
        assert (row.purchased_at, row.purchase, row.package_codes) == (day(1), 2, ["K-1"])
        assert (row.completion, row.assessment, row.satisfied) == (2, 0, True)
        assert row.flags == 0b100
        other = shelf.classes[PERSON, "C-2"]
        assert (other.purchase, other.completion, other.satisfied) == (1, 0, False)


def folded(*events: PartnerEvent, known: Sequence[PartnerEvent] = ()) -> Shelf:
    shelf = Shelf()
    shelf.put(fold(State(), events, rules(*known)))
    return shelf
