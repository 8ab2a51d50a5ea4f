"""One participant at one partner: the aggregate, with the evidence of each individual class.

The state keeps what was reported, never a judgement: facts in order of (happened, key), so that equal sets of
facts give equal states whatever the order of arrival. A withdrawn fact stays, marked with when it was
withdrawn, so that "as of" can still see it. Judging is domain/answer.py's work.
"""

from bisect import insort
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace
from xxhash import xxh64_intdigest

from domain.events import (
    CertificateIssued,
    ClassAssessed,
    ClassCompleted,
    ClassProgressed,
    ClassRedeemed,
    ClassReviewed,
    EventVoided,
    Fact,
    Number,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)


class Mark(Struct, frozen=True, array_like=True, order=True, gc=False):
    """That something happened: when (microseconds UTC), which event said so, since when it is withdrawn.

    ``voided_at`` None: it stands.
    """

    happened: int
    key: int
    voided_at: int | None = None


class Progress(Mark, frozen=True, array_like=True, order=True, gc=False):
    percent: Number | None = None
    unit: str | int | None = None


class Result(Mark, frozen=True, array_like=True, order=True, gc=False):
    """``scaled`` 0 to 1, None without a score; ``passed`` is the partner's own verdict, None without."""

    kind: str = ""
    scaled: float | None = None
    passed: bool | None = None


class Certificate(Mark, frozen=True, array_like=True, order=True, gc=False):
    certificate_no: str = ""


class Review(Mark, frozen=True, array_like=True, order=True, gc=False):
    rating: int = 0
    instructor_rating: int | None = None
    facility_rating: int | None = None


class Paid(Mark, frozen=True, array_like=True, order=True, gc=False):
    """``class_codes`` None: the package's composition names the classes."""

    package_code: str | None = None
    class_codes: tuple[str, ...] | None = None


class Refund(Mark, frozen=True, array_like=True, order=True, gc=False):
    """``class_codes`` None: the whole purchase."""

    class_codes: tuple[str, ...] | None = None


class Void(Mark, frozen=True, array_like=True, order=True, gc=False):
    """``target_key`` is the key of the event that is withdrawn."""

    target_key: int = 0


class ClassRecord(Struct, array_like=True):
    """The evidence of one class, each list in order of (happened, key)."""

    redeemed: list[Mark] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    completed: list[Mark] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)

    def lists(self) -> tuple[list[Any], ...]:
        """Every list of marks in this record."""
        return (
            self.redeemed,
            self.progress,
            self.completed,
            self.results,
            self.certificates,
            self.reviews,
        )


class PurchaseRecord(Struct, array_like=True):
    """What was reported of one purchase. A refund may arrive before, or without, its purchase."""

    purchase_id: str
    paid: list[Paid] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)

    def lists(self) -> tuple[list[Any], ...]:
        """Every list of marks in this record."""
        return (self.paid, self.refunds)


class State(Struct):
    """Everything reported of one participant at one partner.

    Owned by one lane; `evolve` changes it in place.
    """

    classes: dict[str, ClassRecord] = field(default_factory=dict)
    purchases: dict[str, PurchaseRecord] = field(default_factory=dict)
    voids: list[Void] = field(default_factory=list)


class Touched(Struct, frozen=True, gc=False):
    """The parts of the state that an event changed."""

    class_codes: tuple[str, ...] = ()
    purchase_ids: tuple[str, ...] = ()


UNTOUCHED = Touched()


@lru_cache(maxsize=16_384)
def touched_class(class_code: str) -> Touched:
    """That an event changed this class. Usually the same object for the same class: most events touch one of a few."""
    return Touched((class_code,))


key_of_bytes = xxh64_intdigest
"""The 64-bit number that stands for an event id, given in UTF-8, within one participant's evidence."""


def key_of(event_id: str) -> int:
    """The same of an id as text."""
    return key_of_bytes(event_id.encode())


def decide(state: State, event: PartnerEvent) -> list[PartnerEvent]:
    """The events to store: the event itself, or nothing when it is already part of the state."""
    key = key_of(event.event_id)
    for mark in _marks_beside(state, event.fact):
        if mark.key == key:
            return []
    return [event]


def evolve(state: State, event: PartnerEvent) -> Touched:
    """Changes ``state`` by one event and returns what it touched; never refuses."""
    fact: Any = event.fact
    kind = type(fact)
    happened = event.happened
    key = key_of(event.event_id)
    if kind is EventVoided:
        return _void(state, Void(happened, key, None, key_of(fact.target_id)))
    voided_at = _voided_at(state, key) if state.voids else None
    if kind in OF_CLASS:
        marks_of, mark_of = OF_CLASS[kind]
        class_code = fact.class_code
        record = state.classes.get(class_code)
        if record is None:
            record = state.classes[class_code] = ClassRecord()
        insort(marks_of(record), mark_of(happened, key, voided_at, fact))
        return touched_class(class_code)
    marks_of, mark_of = OF_PURCHASE[kind]
    purchase_id = fact.purchase_id
    purchase = state.purchases.get(purchase_id)
    if purchase is None:
        purchase = state.purchases[purchase_id] = PurchaseRecord(purchase_id)
    insort(marks_of(purchase), mark_of(happened, key, voided_at, fact))
    return Touched((), (purchase_id,))


def accept(state: State, event: PartnerEvent) -> Touched | None:
    """`decide` and, unless the event is already part of the state, `evolve`; None when it is."""
    fact: Any = event.fact
    of_class = OF_CLASS.get(type(fact))
    if of_class is None or state.voids:
        return evolve(state, event) if decide(state, event) else None
    # Nearly all events come this way, so it is written out: a progress report, say, when nothing is withdrawn.
    marks_of, mark_of = of_class
    class_code = fact.class_code
    key = key_of(event.event_id)
    happened = event.happened
    record = state.classes.get(class_code)
    if record is None:
        record = state.classes[class_code] = ClassRecord()
    marks = marks_of(record)
    for mark in marks:
        if mark.key == key:
            return None
    new = mark_of(happened, key, None, fact)
    if not marks or marks[-1].happened < happened:
        marks.append(new)
    else:
        insort(marks, new)
    return touched_class(class_code)


def _marks_beside(state: State, fact: Any) -> Sequence[Mark]:
    """The marks among which the fact has its own, once it is part of the state."""
    kind = type(fact)
    if kind in OF_CLASS:
        record = state.classes.get(fact.class_code)
        return () if record is None else OF_CLASS[kind].marks(record)
    if kind is EventVoided:
        return state.voids
    purchase = state.purchases.get(fact.purchase_id)
    return () if purchase is None else OF_PURCHASE[kind].marks(purchase)


def _voided_at(state: State, key: int) -> int | None:
    return min((void.happened for void in state.voids if void.target_key == key), default=None)


def _void(state: State, void: Void) -> Touched:
    insort(state.voids, void)
    since = _voided_at(state, void.target_key)
    for class_code, record in state.classes.items():
        if _withdraw(record.lists(), void.target_key, since):
            return touched_class(class_code)
    for purchase_id, purchase in state.purchases.items():
        if _withdraw(purchase.lists(), void.target_key, since):
            return Touched((), (purchase_id,))
    return UNTOUCHED


def _withdraw(lists: Sequence[list[Any]], target_key: int, since: int | None) -> bool:
    for marks in lists:
        for index, mark in enumerate(marks):
            if mark.key == target_key:
                marks[index] = replace(mark, voided_at=since)
                return True
    return False


def _plain(happened: int, key: int, voided_at: int | None, _fact: Fact) -> Mark:
    return Mark(happened, key, voided_at)


def _progress(happened: int, key: int, voided_at: int | None, fact: ClassProgressed) -> Mark:
    return Progress(happened, key, voided_at, fact.percent, fact.unit)


def _result(happened: int, key: int, voided_at: int | None, fact: ClassAssessed) -> Mark:
    return Result(happened, key, voided_at, fact.kind, fact.scaled, fact.passed)


def _certificate(happened: int, key: int, voided_at: int | None, fact: CertificateIssued) -> Mark:
    return Certificate(happened, key, voided_at, fact.certificate_no)


def _review(happened: int, key: int, voided_at: int | None, fact: ClassReviewed) -> Mark:
    ratings = (fact.rating, fact.instructor_rating, fact.facility_rating)
    return Review(happened, key, voided_at, *ratings)


def _paid(happened: int, key: int, voided_at: int | None, fact: PurchasePaid) -> Mark:
    codes = None if fact.items is None else tuple([code for code, _price in fact.items])
    return Paid(happened, key, voided_at, fact.package_code, codes)


def _refund(happened: int, key: int, voided_at: int | None, fact: PurchaseRefunded) -> Mark:
    return Refund(happened, key, voided_at, fact.class_codes)


class _Kind(NamedTuple):
    """In which list of its record a fact leaves a mark, and which mark: of happened, key, voided_at and the fact."""

    marks: Callable[[Any], list[Any]]
    mark: Callable[[int, int, int | None, Any], Mark]


OF_CLASS: dict[type[Fact], _Kind] = {
    ClassRedeemed: _Kind(attrgetter("redeemed"), _plain),
    ClassProgressed: _Kind(attrgetter("progress"), _progress),
    ClassCompleted: _Kind(attrgetter("completed"), _plain),
    ClassAssessed: _Kind(attrgetter("results"), _result),
    CertificateIssued: _Kind(attrgetter("certificates"), _certificate),
    ClassReviewed: _Kind(attrgetter("reviews"), _review),
}
OF_PURCHASE: dict[type[Fact], _Kind] = {
    PurchasePaid: _Kind(attrgetter("paid"), _paid),
    PurchaseRefunded: _Kind(attrgetter("refunds"), _refund),
}
"""Which mark each fact about a class, or about a purchase, leaves; withdrawals are apart."""
