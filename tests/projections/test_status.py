"""Status rows in PostgreSQL: written as they are, read back as they were, and never over newer ones."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.events import ClassCompleted, PartnerEvent, PurchasePaid
from projections import status
from projections.catalogue import set_package_sales_end
from projections.record import Changes, ClassRow, Record, Rules
from projections.status import StaleRows
from services.postgres.connect import transaction
from tests.domain.story import SALES_END, catalogue_state, day, event
from tests.projections.shelf import fold
from tests.services.intake.desk import Desk

PARTNER_ID = 8
PAID = event(1, PurchasePaid("INV-1", None, (("C-1", None),)), "paid")
DONE = event(2, ClassCompleted("C-1"), "done")
RULES = Rules(catalogue_state(), SALES_END)

text = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    | st.sampled_from("\\\t\n\r\"'{},N")
)


def load(desk: Desk, *participant_ids: str) -> dict[str, Record]:
    with transaction(desk.session) as work:
        return status.load_records(work, PARTNER_ID, participant_ids)


def write(desk: Desk, into: Changes) -> None:
    with transaction(desk.session) as work:
        status.write(work, status.stage({PARTNER_ID: into}))


def written(desk: Desk, *events: PartnerEvent) -> Record:
    """The participant's record after its rows were written."""
    participant_id = events[0].stream[2:]
    record = load(desk, participant_id)[participant_id]
    write(desk, fold(record, events, RULES))
    return record


def test_a_participant_without_rows_has_an_empty_record(desk: Desk) -> None:
    assert load(desk, "nobody") == {"nobody": Record("nobody")}
    assert load(desk) == {}


def test_records_are_read_as_they_were_written(desk: Desk) -> None:
    record = written(desk, PAID, DONE, event(3, PurchasePaid("INV-2", "K-1")))
    other = written(desk, event(1, ClassCompleted("C-1"), of="other"))
    loaded = load(desk, record.participant_id, "other", "nobody")
    assert loaded == {
        record.participant_id: record,
        "other": other,
        "nobody": Record("nobody"),
    }
    with transaction(desk.session) as work:
        assert status.load_records(work, 7, ["other"]) == {"other": Record("other")}


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text, text, text, text)
def test_any_text_is_kept(
    desk: Desk, participant_id: str, class_code: str, purchase_id: str, package_code: str
) -> None:
    desk.clear()
    code = class_code + "."
    record = written(
        desk,
        event(
            1,
            PurchasePaid(purchase_id, package_code, ((code, None), (code + "'", None))),
            of=participant_id,
        ),
        event(2, ClassCompleted(code), of=participant_id),
    )
    assert load(desk, participant_id) == {participant_id: record}
    assert desk.rows(
        "SELECT participant_id, purchase_id, package_code, class_codes, missing FROM projections.purchase"
    ) == [(participant_id, purchase_id, package_code, [code, code + "'"], [code + "'"])]
    assert desk.rows("SELECT DISTINCT package_codes FROM projections.purchased_class") == [
        ([package_code],)
    ]


class TestTwoWriters:
    """Of two with the same view of a row the second notices, and what it wrote is rolled back."""

    @pytest.mark.parametrize(
        ("before", "first", "second"),
        [
            ([], [PAID], [DONE]),
            ([PAID], [DONE], [event(3, ClassCompleted("C-1"))]),
            (
                [event(1, PurchasePaid("INV-2", "K-1"))],
                [event(1, PurchasePaid("INV-3", "K-1"))],
                [event(1, PurchasePaid("INV-4", "K-1"))],
            ),
        ],
        ids=["insert", "update", "update of the remainder"],
    )
    def test_second(
        self,
        desk: Desk,
        before: list[PartnerEvent],
        first: list[PartnerEvent],
        second: list[PartnerEvent],
    ) -> None:
        participant_id = PAID.stream[2:]
        if before:
            written(desk, *before)
        views = [load(desk, participant_id)[participant_id] for _ in range(2)]
        changed = [
            fold(view, told, RULES) for view, told in zip(views, (first, second), strict=True)
        ]
        write(desk, changed[0])
        rows = desk.read_models()
        with pytest.raises(StaleRows):
            write(desk, changed[1])
        assert desk.read_models() == rows
        assert load(desk, participant_id) == {participant_id: views[0]}

    def test_a_row_that_would_be_emptied(self, desk: Desk) -> None:
        participant_id = PAID.stream[2:]
        written(desk, event(1, PurchasePaid("INV-2", "K-1")))
        view = load(desk, participant_id)[participant_id]
        written(desk, event(1, PurchasePaid("INV-3", "K-2")))
        row = view.rows[""]
        with pytest.raises(StaleRows):
            write(desk, Changes(emptied=[(participant_id, "", row.version)]))
        assert load(desk, participant_id)[participant_id].rows.keys() == {""}


def test_a_row_that_is_judged_again_yields_to_a_newer_one(
    desk: Desk,
) -> None:
    record = written(desk, PAID)
    (row,) = fold(load(desk, record.participant_id)[record.participant_id], [DONE], RULES).classes
    written(desk, DONE, event(3, ClassCompleted("C-1"), "again"))
    rows = desk.read_models()
    judge_again(desk, row)
    assert desk.read_models() == rows
    current = load(desk, record.participant_id)[record.participant_id].rows["C-1"].version
    row.expected = row.version = current
    row.satisfied = True
    judge_again(desk, row)
    assert desk.rows("SELECT satisfied FROM projections.purchased_class") == [(True,)]


def judge_again(desk: Desk, row: ClassRow) -> None:
    with transaction(desk.session) as work:
        status.write_unless_newer(work, {PARTNER_ID: Changes(classes=[row])})


@pytest.mark.parametrize("since", [-62_135_596_799_999_999, 0, day(3) + 1, 253_402_300_799_999_999])
def test_the_package_sales_end_is_exact(open_desk: Callable[[], Desk], since: int) -> None:
    desk = open_desk()
    with transaction(desk.session) as work:
        set_package_sales_end(work, since)
    assert desk.rows(
        "SELECT DISTINCT (extract(epoch FROM package_sales_end) * 1000000)::bigint, revision "
        "FROM control.catalogue_head"
    ) == [(since, 1)]
