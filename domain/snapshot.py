"""A participant's state as a value that can be stored, and the state made of it again.

It has every mark and nothing that follows from the marks. It may be thrown away: the events say the same.
"""

from msgspec import Struct

from domain.participant import (
    UNTOUCHED,
    ClassRecord,
    PurchaseRecord,
    State,
    Touched,
    file_payment,
    touched_class,
    touched_completion,
)


class Snapshot(Struct, array_like=True):
    """Everything reported of one participant. ``withdrawals``: the keys of the withdrawals themselves, in order."""

    classes: dict[str, ClassRecord]
    purchases: list[PurchaseRecord]
    withdrawn: dict[int, int]
    withdrawals: list[int]


def snapshot_of(state: State) -> Snapshot:
    """The snapshot of a state; it shares the state's lists."""
    return Snapshot(
        state.classes,
        list(state.purchases.values()),
        state.withdrawn,
        sorted(key for key, touched in state.known.items() if touched is UNTOUCHED)
        if state.withdrawn
        else [],
    )


def state_of_snapshot(snapshot: Snapshot, *, to_read: bool = False) -> State:
    """The state that the snapshot was made of; it takes the snapshot's lists.

    ``to_read``: nothing will be added to it, so which events it has is left out.
    """
    state = State(snapshot.classes, {}, snapshot.withdrawn)
    for purchase in snapshot.purchases:
        state.purchases[purchase.purchase_id] = purchase
        for paid in purchase.paid:
            file_payment(state, purchase.purchase_id, paid)
    if not to_read:
        _note_known(state, snapshot)
    return state


def _note_known(state: State, snapshot: Snapshot) -> None:
    """Notes which events the state has, and what each of them touched."""
    known = state.known
    for class_code, record in snapshot.classes.items():
        of_class = touched_class(class_code)
        for marks in record.lists():
            for mark in marks:
                known[mark.key] = of_class
        if record.completed:
            completion = touched_completion(class_code)
            for mark in record.completed:
                known[mark.key] = completion
    for purchase in snapshot.purchases:
        touched = Touched((), (purchase.purchase_id,))
        for marks in purchase.lists():
            for mark in marks:
                known[mark.key] = touched
    for key in snapshot.withdrawals:
        known[key] = UNTOUCHED
