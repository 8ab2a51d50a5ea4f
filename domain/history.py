"""A participant's whole history at once: the state that `evolve` makes of the same events one by one.

Who has all events before them need not look for the place of each: marks are appended, and each list is sorted once.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from domain.events import EventVoided, Fact
from domain.participant import (
    OF_CLASS,
    OF_PURCHASE,
    ClassRecord,
    PurchaseRecord,
    State,
    Void,
    key_of,
    key_of_bytes,
)


def state_of(events: Iterable[tuple[int, bytes, Fact]]) -> State:
    """The state after some events in any order, each once: when (microseconds UTC), event id in UTF-8, fact.

    Raises TypeError for a fact that is not a participant's.
    """
    state = State()
    classes, purchases = state.classes, state.purchases
    fact: Any
    for happened, event_id, fact in events:  # of the whole ledger, in a rebuild
        key = key_of_bytes(event_id)
        kind = type(fact)
        if kind in OF_CLASS:
            marks_of, mark_of = OF_CLASS[kind]
            record = classes.get(fact.class_code)
            if record is None:
                record = classes[fact.class_code] = ClassRecord()
            marks_of(record).append(mark_of(happened, key, None, fact))
        elif kind in OF_PURCHASE:
            marks_of, mark_of = OF_PURCHASE[kind]
            purchase = purchases.get(fact.purchase_id)
            if purchase is None:
                purchase = purchases[fact.purchase_id] = PurchaseRecord(fact.purchase_id)
            marks_of(purchase).append(mark_of(happened, key, None, fact))
        elif kind is EventVoided:
            state.voids.append(Void(happened, key, None, key_of(fact.target_id)))
        else:
            raise TypeError(f"not a participant's fact: {kind.__name__}")
    _sort(state)
    if state.voids:
        _withdraw(state)
    return state


def _sort(state: State) -> None:
    for marks in _lists(state):
        if len(marks) > 1:
            marks.sort()
    state.voids.sort()


def _withdraw(state: State) -> None:
    """Marks what is withdrawn, each since the earliest withdrawal; voids themselves cannot be."""
    since: dict[int, int] = {}
    for void in state.voids:
        since.setdefault(void.target_key, void.happened)
    for marks in _lists(state):
        for index, mark in enumerate(marks):
            if mark.key in since:
                marks[index] = replace(mark, voided_at=since[mark.key])


def _lists(state: State) -> Iterator[list[Any]]:
    """Every list of marks of a class or a purchase."""
    for record in state.classes.values():
        yield from record.lists()
    for purchase in state.purchases.values():
        yield from purchase.lists()
