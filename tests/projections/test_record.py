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
from domain.participant import Touched
from projections.evidence import REMAINDER, Evidence, decode
from projections.record import Changes, Record, Rules, changes, class_row, purchase_row
from tests.domain import told
from tests.domain.story import PARTICIPANT, SALES_END, catalogue_state, day, event
from tests.projections.shelf import Shelf, fold

BUNDLE = event(0, PackagePublished("K-1", "For drivers", ("C-1", "C-2")))


def rules(*events: PartnerEvent) -> Rules:
    return Rules(catalogue_state(*events), SALES_END)


def from_scratch(events: Sequence[PartnerEvent], laid_down: Rules) -> dict[Any, dict[str, Any]]:
    """Every row of a participant who is folded at once: all class codes there are, all purchases."""
    record = Record(PARTICIPANT)
    fold(record, events, laid_down)
    record.rows.clear()
    into = Changes()
    for class_code in (REMAINDER, *told.CLASS_CODES):
        row = class_row(record, class_code, laid_down)
        if row is not None:
            into.classes.append(row)
    for purchase in record.state.purchases.values():
        bought = purchase_row(record, purchase, laid_down)
        if bought is not None:
            into.purchases.append(bought)
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
    record = Record(PARTICIPANT)
    while delivered:
        size = chance.randint(1, 6)
        if chance.random() < 0.5:
            record = shelf.record(PARTICIPANT)
        shelf.put(fold(record, delivered[:size], laid_down))
        del delivered[:size]
    assert shelf.content() == from_scratch(events, laid_down)


@given(told.of_participant(), told.of_catalogue())
def test_rows_hold_everything_of_the_record(
    events: list[PartnerEvent], published: list[PartnerEvent]
) -> None:
    laid_down = rules(*published)
    shelf = Shelf()
    record = Record(PARTICIPANT)
    shelf.put(fold(record, events, laid_down))
    loaded = shelf.record(PARTICIPANT)
    assert loaded == record


@given(told.of_participant(), told.of_catalogue(), st.integers(0, 7), st.integers(0, 2**32))
def test_whoever_writes_first_after_a_package_became_known_moves_its_purchases(
    events: list[PartnerEvent], published: list[PartnerEvent], known: int, seed: int
) -> None:
    chance = random.Random(seed)
    shelf = Shelf()
    shelf.put(fold(Record(PARTICIPANT), events, rules(*published[:known])))
    newer = rules(*published)
    record = shelf.record(PARTICIPANT)
    # A touch of any class will do; without a class, of the purchases.
    touched = [Touched((code,)) for code in record.state.classes]
    chance.shuffle(touched)
    for part in touched or [Touched((), tuple(record.state.purchases))]:
        into = Changes()
        changes(record, [part], newer, into)
        shelf.put(into)
        if chance.random() < 0.5:
            record = shelf.record(PARTICIPANT)
    assert evidence_and_purchases(shelf.content()) == evidence_and_purchases(
        from_scratch(events, newer)
    )


def evidence_and_purchases(content: dict[Any, dict[str, Any]]) -> dict[Any, Any]:
    """Rows without what terms of classes decide: those are judged again by projections/rejudge.py."""
    return {key: row["evidence"] if key[0] == "class" else row for key, row in content.items()}


class TestPurchaseRows:
    def test_a_purchase_of_single_classes(self) -> None:
        shelf = folded(event(1, PurchasePaid("INV-1", None, (("C-2", None), ("C-1", None)))))
        row = shelf.purchases["INV-1", PARTICIPANT]
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
            row = folded(*told_so_far, known=[BUNDLE]).purchases["INV-1", PARTICIPANT]
            assert (row.complete, row.missing) == (complete, missing)
            assert row.class_codes == ["C-1", "C-2"]

    def test_an_unknown_package_is_unresolved_and_never_complete(self) -> None:
        shelf = folded(event(1, PurchasePaid("INV-1", "K-1")), event(2, ClassCompleted("C-1")))
        row = shelf.purchases["INV-1", PARTICIPANT]
        assert (row.unresolved, row.complete, row.missing) == (True, False, [])
        assert {code for _, code in shelf.classes} == {REMAINDER, "C-1"}

    @pytest.mark.parametrize(("number", "after"), [(28, False), (29, True)])
    def test_a_package_after_the_sales_end(self, number: int, after: bool) -> None:
        shelf = folded(event(number, PurchasePaid("INV-1", "K-1")), known=[BUNDLE])
        assert shelf.purchases["INV-1", PARTICIPANT].after_sales_end is after

    def test_a_withdrawn_purchase_is_no_purchase_but_its_evidence_stays(self) -> None:
        paid = event(1, PurchasePaid("INV-1", "K-1"), "paid")
        shelf = folded(paid, event(2, EventVoided("paid", "mistake")), known=[BUNDLE])
        assert shelf.purchases == {}
        row = shelf.classes[PARTICIPANT, "C-1"]
        assert (row.purchase, row.purchased_at, row.package_codes) == (0, None, None)
        assert [p.purchase_id for p in decode(row.evidence).purchases] == ["INV-1"]

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
        row = shelf.classes[PARTICIPANT, "C-1"]
        assert (row.purchased_at, row.purchase, row.package_codes) == (day(1), 2, ["K-1"])
        assert (row.completion, row.assessment, row.satisfied) == (2, 0, True)
        assert row.flags == 0b100
        other = shelf.classes[PARTICIPANT, "C-2"]
        assert (other.purchase, other.completion, other.satisfied) == (1, 0, False)

    def test_a_version_is_never_that_of_other_evidence(self) -> None:
        paid = [event(1, PurchasePaid(f"INV-{n}", f"K-{n}"), f"e{n}") for n in (1, 2)]
        rows = [folded(e).classes[PARTICIPANT, REMAINDER] for e in paid]
        assert rows[0].version != rows[1].version
        assert rows[0].version == folded(paid[0]).classes[PARTICIPANT, REMAINDER].version

    def test_an_empty_row_says_so(self) -> None:
        assert Evidence().is_empty()
        assert class_row(Record(PARTICIPANT), "C-1", rules()) is None


def folded(*events: PartnerEvent, known: Sequence[PartnerEvent] = ()) -> Shelf:
    shelf = Shelf()
    shelf.put(fold(Record(PARTICIPANT), events, rules(*known)))
    return shelf
