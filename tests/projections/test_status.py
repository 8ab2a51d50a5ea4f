"""Status rows in PostgreSQL: written as they are, whatever was there."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.events import ClassCompleted, PurchasePaid
from domain.participant import State
from projections.catalogue import set_package_sales_end
from projections.status import writing as status
from projections.status.record import Changes, Rules
from projections.status.rows import all_rows
from services.postgres.connect import transaction
from tests.domain.story import (
    SALES_END,
    catalogue_state,
    day,
    event,
    evolved,
    participant_state,
)
from tests.services.intake.desk import Desk

PARTNER_ID = 8
PAID = event(1, PurchasePaid("INV-1", None, (("C-1", None),)), "paid")
DONE = event(2, ClassCompleted("C-1"), "done")
RULES = Rules(catalogue_state(), SALES_END)

text = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    | st.sampled_from("\\\t\n\r\"'{},N")
)


def write(desk: Desk, into: Changes) -> None:
    with transaction(desk.session) as work:
        status.write(work, status.stage({PARTNER_ID: into}))


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text, text, text)
def test_any_text_is_kept(desk: Desk, class_code: str, purchase_id: str, package_code: str) -> None:
    desk.clear()
    code = class_code + "."
    state = participant_state(
        event(1, PurchasePaid(purchase_id, package_code, ((code, None), (code + "'", None)))),
        event(2, ClassCompleted(code)),
    )
    into = Changes()
    all_rows(7, state, RULES, into)
    write(desk, into)
    assert desk.rows(
        "SELECT person, purchase_id, package_code, class_codes, missing FROM projections.purchase"
    ) == [(7, purchase_id, package_code, [code, code + "'"], [code + "'"])]
    assert desk.rows("SELECT DISTINCT package_codes FROM projections.purchased_class") == [
        ([package_code],)
    ]


def test_a_row_is_overwritten_and_what_was_counted_of_it_is_taken_back(desk: Desk) -> None:
    state = participant_state(PAID)
    first, second, third = Changes(), Changes(), Changes()
    all_rows(7, state, RULES, first)
    evolved(state, DONE)
    all_rows(7, state, RULES, second)
    all_rows(7, State(), RULES, third)
    write(desk, first)
    once = desk.read_models()["rollup"]
    write(desk, second)
    write(desk, second)
    twice = desk.read_models()["rollup"]
    assert twice != once
    assert desk.rows("SELECT completion FROM projections.purchased_class") == [(2,)]
    with transaction(desk.session) as work:
        status.remove_others(work, PARTNER_ID, [7], third)
    assert desk.read_models()["purchased_class"] == desk.read_models()["rollup"] == []


@pytest.mark.parametrize("since", [-62_135_596_799_999_999, 0, day(3) + 1, 253_402_300_799_999_999])
def test_the_package_sales_end_is_exact(open_desk: Callable[[], Desk], since: int) -> None:
    desk = open_desk()
    with transaction(desk.session) as work:
        set_package_sales_end(work, since)
    assert desk.rows(
        "SELECT DISTINCT (extract(epoch FROM package_sales_end) * 1000000)::bigint, revision "
        "FROM control.catalogue_head"
    ) == [(since, 1)]
