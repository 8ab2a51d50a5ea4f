"""A participant's whole history at once, as a rebuild and a look back have it before them."""

from collections.abc import Iterable

from domain.events import Fact
from domain.marks import key_of_bytes
from domain.participant import State, evolve

ReportedFact = tuple[int, bytes, Fact]
"""One event: when (microseconds UTC), event id in UTF-8, fact."""


def state_of(events: Iterable[ReportedFact]) -> State:
    """The state after some events in any order, each once."""
    state = State()
    for happened, event_id, fact in events:
        evolve(state, happened, key_of_bytes(event_id), fact)
    return state
