"""One participant at one partner: the aggregate, with the evidence of each individual class.

The state keeps what was reported, never a judgement: marks in order of (happened, key), so that equal sets of facts
give equal states whatever the order of arrival. A withdrawn fact stays, and beside it since when it is withdrawn, so
that "as of" can still see it. Judging is domain/answer.py's work.

Each event costs the same however many there are: repeats and what a withdrawal aims at are found by the key.
"""

from bisect import insort
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec import Struct, field

from domain.events import (
    CertificateIssued,
    ClassAssessed,
    ClassAttended,
    ClassCompleted,
    ClassProgressed,
    ClassRedeemed,
    ClassReviewed,
    ClassStarted,
    EventVoided,
    Fact,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from domain.marks import (
    Attendance,
    Certificate,
    Mark,
    Paid,
    Progress,
    Refund,
    Result,
    Review,
    Withdrawn,
    first_standing,
    key_of,
    standing,
)


class ClassRecord(Struct, array_like=True):
    """The evidence of one class, each list in order of (happened, key); None: nothing of the kind.

    Most are None, and there are many records: each empty list would be made, kept and searched for garbage.
    """

    redeemed: list[Mark] | None = None
    progress: list[Progress] | None = None
    completed: list[Mark] | None = None
    results: list[Result] | None = None
    certificates: list[Certificate] | None = None
    reviews: list[Review] | None = None
    started: list[Mark] | None = None
    attended: list[Attendance] | None = None

    def lists(self) -> list[list[Any]]:
        """Every list of marks that there is."""
        return [marks for marks in self._fields() if marks]

    def standing(self, withdrawn: Withdrawn, as_of: int | None = None) -> "ClassRecord":
        """The record of what had happened and was not withdrawn (by ``as_of``, microseconds UTC, when given)."""
        return ClassRecord(
            *[
                None if marks is None else list(standing(marks, withdrawn, as_of)) or None
                for marks in self._fields()
            ]
        )

    def _fields(self) -> tuple[list[Any] | None, ...]:
        return (
            self.redeemed,
            self.progress,
            self.completed,
            self.results,
            self.certificates,
            self.reviews,
            self.started,
            self.attended,
        )


class PurchaseRecord(Struct, array_like=True):
    """What was reported of one purchase. A refund may arrive before, or without, its purchase."""

    purchase_id: str
    paid: list[Paid] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)

    def lists(self) -> tuple[list[Any], ...]:
        """Every list of marks in this record."""
        return (self.paid, self.refunds)


class Touched(Struct, frozen=True, gc=False):
    """The parts of the state that an event changed. ``completion``: a completion of the class."""

    class_codes: tuple[str, ...] = ()
    purchase_ids: tuple[str, ...] = ()
    completion: bool = False


UNTOUCHED = Touched()
"""What a withdrawal changes of whose target nothing is known (yet)."""

Named = list[tuple[Paid, str]]
"""Payments in order of time, each with the id of its purchase."""


class State(Struct):
    """Everything reported of one participant at one partner. Owned by one lane; `evolve` changes it in place.

    ``withdrawn``: key of a withdrawn event to its earliest withdrawal. What follows from the rest, for finding things:
    ``known``, the key of each event to what it touched; ``naming``, class code to the payments whose items name it;
    ``bundles``, package code to the payments of which the package says what they bought.
    """

    classes: dict[str, ClassRecord] = field(default_factory=dict)
    purchases: dict[str, PurchaseRecord] = field(default_factory=dict)
    withdrawn: dict[int, int] = field(default_factory=dict)
    known: dict[int, Touched] = field(default_factory=dict)
    naming: dict[str, Named] = field(default_factory=dict)
    bundles: dict[str, Named] = field(default_factory=dict)

    def is_completed(self, class_code: str) -> bool:
        """Whether a completion of the class stands."""
        record = self.classes.get(class_code)
        completed = None if record is None else record.completed
        return completed is not None and first_standing(completed, self.withdrawn) is not None


# Usually the same object for the same class: most events touch one of a few.
@lru_cache(maxsize=16_384)
def touched_class(class_code: str) -> Touched:
    """That an event changed this class."""
    return Touched((class_code,))


@lru_cache(maxsize=16_384)
def touched_completion(class_code: str) -> Touched:
    """That an event changed the completions of this class."""
    return Touched((class_code,), (), True)


def decide(state: State, event: PartnerEvent) -> list[PartnerEvent]:
    """The events to store: the event itself, or nothing when it is already part of the state."""
    return [] if key_of(event.event_id) in state.known else [event]


def accept(state: State, event: PartnerEvent) -> Touched | None:
    """`decide` and, unless the event is already part of the state, `evolve`; None when it is."""
    key = key_of(event.event_id)
    return None if key in state.known else evolve(state, event.happened, key, event.fact)


def evolve(state: State, happened: int, key: int, fact: Fact) -> Touched:
    """Changes ``state`` by one event that it does not hold yet, and returns what that touched; never refuses.

    The event: when it happened (microseconds UTC), the key of its id, what it says. Raises KeyError for a fact that
    is not a participant's.
    """
    data: Any = fact
    kind = type(fact)
    of_class = OF_CLASS.get(kind)
    if of_class is not None:
        name, mark_of, touched_of = of_class
        class_code = data.class_code
        record = state.classes.get(class_code)
        if record is None:
            record = state.classes[class_code] = ClassRecord()
        mark = mark_of(happened, key, fact)
        marks = getattr(record, name)
        if marks is None:
            setattr(record, name, [mark])
        else:
            _add(marks, mark)
        touched = touched_of(class_code)
    elif kind is EventVoided:
        state.known[key] = UNTOUCHED
        return _withdraw(state, happened, key_of(data.target_id))
    else:
        add = OF_PURCHASE[kind]
        purchase_id = data.purchase_id
        purchase = state.purchases.get(purchase_id)
        if purchase is None:
            purchase = state.purchases[purchase_id] = PurchaseRecord(purchase_id)
        add(state, purchase, happened, key, fact)
        touched = Touched((), (purchase_id,))
    state.known[key] = touched
    return touched


def _add(marks: list[Any], mark: Mark) -> None:
    if not marks or marks[-1].happened < mark.happened:
        marks.append(mark)
    else:
        insort(marks, mark)


def _withdraw(state: State, happened: int, target_key: int) -> Touched:
    since = state.withdrawn.get(target_key)
    if since is None or happened < since:
        state.withdrawn[target_key] = happened
    return state.known.get(target_key, UNTOUCHED)


def _pay(
    state: State, purchase: PurchaseRecord, happened: int, key: int, fact: PurchasePaid
) -> None:
    codes: tuple[str, ...] | None = None
    prices: tuple[int | None, ...] | None = None
    if fact.items is not None:
        listed: dict[str, int | None] = {}
        for code, price in fact.items:
            listed.setdefault(code, price)
        codes, stated = tuple(listed), tuple(listed.values())
        prices = None if stated.count(None) == len(stated) else stated
    paid = Paid(happened, key, fact.package_code, codes, fact.amount, prices)
    _add(purchase.paid, paid)
    file_payment(state, purchase.purchase_id, paid)


def file_payment(state: State, purchase_id: str, paid: Paid) -> None:
    """Notes where a payment is to be looked for: under the classes that it names, or under its package."""
    if paid.class_codes is not None:
        for code in paid.class_codes:
            insort(state.naming.setdefault(code, []), (paid, purchase_id))
    elif paid.package_code is not None:
        insort(state.bundles.setdefault(paid.package_code, []), (paid, purchase_id))


def _refund(
    _state: State, purchase: PurchaseRecord, happened: int, key: int, fact: PurchaseRefunded
) -> None:
    _add(purchase.refunds, Refund(happened, key, fact.class_codes))


def _plain(happened: int, key: int, _fact: Fact) -> Mark:
    return Mark(happened, key)


def _attendance(happened: int, key: int, fact: ClassAttended) -> Mark:
    return Attendance(happened, key, fact.session, fact.minutes)


def _progress(happened: int, key: int, fact: ClassProgressed) -> Mark:
    return Progress(happened, key, fact.percent, fact.unit)


def _result(happened: int, key: int, fact: ClassAssessed) -> Mark:
    return Result(happened, key, fact.kind, fact.scaled, fact.passed)


def _certificate(happened: int, key: int, fact: CertificateIssued) -> Mark:
    return Certificate(happened, key, fact.certificate_no)


def _review(happened: int, key: int, fact: ClassReviewed) -> Mark:
    return Review(happened, key, fact.rating, fact.instructor_rating, fact.facility_rating)


class _Kind(NamedTuple):
    """In which list of its record a fact leaves a mark, which mark (of happened, key and fact), and what it touches."""

    marks: str
    mark: Callable[[int, int, Any], Mark]
    touched: Callable[[str], Touched] = touched_class


OF_CLASS: dict[type[Fact], _Kind] = {
    ClassRedeemed: _Kind("redeemed", _plain),
    ClassProgressed: _Kind("progress", _progress),
    ClassCompleted: _Kind("completed", _plain, touched_completion),
    ClassAssessed: _Kind("results", _result),
    CertificateIssued: _Kind("certificates", _certificate),
    ClassReviewed: _Kind("reviews", _review),
    ClassStarted: _Kind("started", _plain),
    ClassAttended: _Kind("attended", _attendance),
}
"""Which mark each fact about a class leaves."""

OF_PURCHASE: dict[type[Fact], Callable[[State, PurchaseRecord, int, int, Any], None]] = {
    PurchasePaid: _pay,
    PurchaseRefunded: _refund,
}
"""What each fact about a purchase adds to its record: of state, record, happened, key and fact."""
