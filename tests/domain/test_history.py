"""A state made of a whole history at once is the state that the events made one by one."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import ClassPublished, Fact, PartnerEvent
from domain.history import state_of
from tests.domain import told
from tests.domain.story import participant_state


def history(events: list[PartnerEvent]) -> list[tuple[int, bytes, Fact]]:
    return [(one.happened, one.event_id.encode(), one.fact) for one in events]


@given(told.of_participant(), st.integers(0, 2**32))
def test_it_is_what_the_events_come_to_one_by_one(events: list[PartnerEvent], seed: int) -> None:
    told_in_turn = participant_state(*events)
    random.Random(seed).shuffle(events)
    assert state_of(history(events)) == told_in_turn


def test_a_publication_is_not_a_participants() -> None:
    with pytest.raises(KeyError, match="ClassPublished"):
        state_of([(1, b"e", ClassPublished("C-1", "t", "i"))])
