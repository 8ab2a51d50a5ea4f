"""A participant's state as a value that can be stored, and the state made of it again.

It has every mark and nothing that follows from the marks. It may be thrown away: the events say the same.
"""

from msgspec import Struct

from domain.participant import (
    OF_CLASS,
    UNTOUCHED,
    ClassRecord,
    PurchaseRecord,
    State,
    Touched,
    file_payment,
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
        sorted(key for key, touched in state.known.items() if touched is UNTOUCHED),
    )


def state_of_snapshot(snapshot: Snapshot) -> State:
    """The state that the snapshot was made of; it takes the snapshot's lists."""
    state = State(snapshot.classes, {}, snapshot.withdrawn)
    known = state.known
    for class_code, record in snapshot.classes.items():
        for marks_of, _, touched_of in OF_CLASS.values():
            touched = touched_of(class_code)
            for mark in marks_of(record):
                known[mark.key] = touched
    for purchase in snapshot.purchases:
        state.purchases[purchase.purchase_id] = purchase
        touched = Touched((), (purchase.purchase_id,))
        for marks in purchase.lists():
            for mark in marks:
                known[mark.key] = touched
        for paid in purchase.paid:
            file_payment(state, purchase.purchase_id, paid)
    for key in snapshot.withdrawals:
        known[key] = UNTOUCHED
    return state
