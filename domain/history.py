"""A participant's whole history at once: the state that `evolve` makes of the same events one by one.

Who has all events before them need not look for the place of each: marks are appended, and each list is sorted once.
"""

from collections.abc import Iterable
from hashlib import blake2b
from struct import Struct as Packing
from typing import Any

from msgspec.structs import replace

from domain.events import (
    CertificateIssued,
    ClassAssessed,
    ClassCompleted,
    ClassProgressed,
    ClassRedeemed,
    ClassReviewed,
    EventVoided,
    Fact,
    PurchasePaid,
    PurchaseRefunded,
)
from domain.participant import (
    Certificate,
    ClassRecord,
    Mark,
    Paid,
    Progress,
    PurchaseRecord,
    Refund,
    Result,
    Review,
    State,
    Void,
    key_of,
)

_number = Packing(">Q").unpack


def state_of(events: Iterable[tuple[int, bytes, Fact]]) -> State:
    """The state after some events in any order, each once: when (microseconds UTC), event id in UTF-8, fact.

    Raises TypeError for a fact that is not a participant's.
    """
    # The loop runs for each event of the ledger; it is written out, most frequent facts first.
    state = State()
    classes = state.classes
    fact: Any
    for happened, event_id, fact in events:
        (key,) = _number(blake2b(event_id, digest_size=8).digest())  # as key_of
        kind = type(fact)
        if kind in _OTHERS:
            _add_other(state, happened, key, fact)
            continue
        class_code = fact.class_code
        record = classes.get(class_code)
        if record is None:
            record = classes[class_code] = ClassRecord()
        if kind is ClassProgressed:
            record.progress.append(Progress(happened, key, None, fact.percent, fact.unit))
        elif kind is ClassAssessed:
            result = Result(happened, key, None, fact.kind, fact.scaled, fact.passed)
            record.results.append(result)
        elif kind is ClassRedeemed:
            record.redeemed.append(Mark(happened, key))
        elif kind is ClassCompleted:
            record.completed.append(Mark(happened, key))
        elif kind is CertificateIssued:
            record.certificates.append(Certificate(happened, key, None, fact.certificate_no))
        elif kind is ClassReviewed:
            ratings = (fact.rating, fact.instructor_rating, fact.facility_rating)
            record.reviews.append(Review(happened, key, None, *ratings))
        else:
            raise TypeError(f"not a participant's fact: {kind.__name__}")
    _sort(state)
    if state.voids:
        _withdraw(state)
    return state


_OTHERS = frozenset({PurchasePaid, PurchaseRefunded, EventVoided})
"""What is not reported of one class."""


def _add_other(state: State, happened: int, key: int, fact: Any) -> None:
    if isinstance(fact, EventVoided):
        state.voids.append(Void(happened, key, None, key_of(fact.target_id)))
        return
    purchase = state.purchases.get(fact.purchase_id)
    if purchase is None:
        purchase = state.purchases[fact.purchase_id] = PurchaseRecord(fact.purchase_id)
    if isinstance(fact, PurchaseRefunded):
        purchase.refunds.append(Refund(happened, key, None, fact.class_codes))
    else:
        items = fact.items
        codes = None if items is None else tuple([code for code, _price in items])
        purchase.paid.append(Paid(happened, key, None, fact.package_code, codes))


def _sort(state: State) -> None:
    for record in state.classes.values():
        for marks in record.lists():
            if len(marks) > 1:
                marks.sort()
    for purchase in state.purchases.values():
        if len(purchase.paid) > 1:
            purchase.paid.sort()
        if len(purchase.refunds) > 1:
            purchase.refunds.sort()
    if len(state.voids) > 1:
        state.voids.sort()


def _withdraw(state: State) -> None:
    """Marks what is withdrawn, each since the earliest withdrawal; voids themselves cannot be."""
    since: dict[int, int] = {}
    for void in state.voids:
        since.setdefault(void.target_key, void.happened)
    records: list[Any] = [*state.classes.values(), *state.purchases.values()]
    for record in records:
        for marks in record.lists():
            for index, mark in enumerate(marks):
                if mark.key in since:
                    marks[index] = replace(mark, voided_at=since[mark.key])
