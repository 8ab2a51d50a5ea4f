"""The rows of a whole record are those that its events change one by one."""

from hypothesis import given

from domain.events import PartnerEvent
from domain.history import state_of
from projections.record import Changes, Record, Rules
from projections.whole_record import add_rows
from tests.domain import told
from tests.domain.story import PARTICIPANT, SALES_END, catalogue_state
from tests.projections.shelf import Shelf, fold


def whole(events: list[PartnerEvent], rules: Rules) -> Changes:
    into = Changes()
    history = [(one.happened, one.event_id.encode(), one.fact) for one in events]
    add_rows(PARTICIPANT, state_of(history), rules, into)
    return into


@given(told.of_participant(), told.of_catalogue())
def test_they_are_what_the_events_change_one_by_one(
    events: list[PartnerEvent], published: list[PartnerEvent]
) -> None:
    rules = Rules(catalogue_state(*published), SALES_END)
    in_turn, at_once = Shelf(), Shelf()
    record = Record(PARTICIPANT)
    for event in events:
        in_turn.put(fold(record, [event], rules))
    at_once.put(whole(events, rules))
    assert at_once.content() == in_turn.content()
