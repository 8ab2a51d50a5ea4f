"""Of participants of whom some classes are wanted, these are what they are among all of them."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.catalogue import State as Catalogue
from domain.class_evidence import Slices
from domain.events import PartnerEvent
from domain.snapshot import snapshot_of
from projections.aggregates import state_to_read
from tests.domain import told
from tests.domain.story import participant_state

NO_CATALOGUE = Catalogue()


@given(told.of_participant(), st.booleans(), st.data())
def test_the_classes_that_are_wanted_have_the_evidence_that_they_have_among_all(
    events: list[PartnerEvent], whole: bool, data: Any
) -> None:
    state = participant_state(*events)
    snapshot = msgspec.msgpack.encode(snapshot_of(state))
    codes = sorted({*state.classes, *state.naming, "C-never"})
    wanted = data.draw(st.lists(st.sampled_from(codes), unique=True, min_size=1))
    all_of_it = Slices(state_to_read(snapshot, whole), NO_CATALOGUE, whole=True)
    some_of_it = Slices(state_to_read(snapshot, whole, wanted), NO_CATALOGUE, whole=True)
    for code in wanted:
        assert some_of_it.of(code) == all_of_it.of(code)
