"""One participant at one partner: the aggregate, with the evidence of each individual class.

The state keeps what was reported, never a judgement: facts in order of (happened, key), so that equal sets of
facts give equal states whatever the order of arrival. A withdrawn fact stays, marked with when it was
withdrawn, so that "as of" can still see it. Judging is domain/answer.py's work.
"""

from bisect import insort
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from msgspec import Struct, field
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
    percent: float | None = None
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


class Touched(NamedTuple):
    """The parts of the state that an event changed."""

    class_codes: Sequence[str] = ()
    purchase_ids: Sequence[str] = ()


UNTOUCHED = Touched()


def key_of(event_id: str) -> int:
    """The 64-bit number that stands for an event id within one participant's evidence."""
    return int.from_bytes(blake2b(event_id.encode(), digest_size=8).digest(), "big")


def decide(state: State, event: PartnerEvent) -> list[PartnerEvent]:
    """The events to store: the event itself, or nothing when it is already part of the state."""
    return [] if _holds(state, key_of(event.event_id), event.fact) else [event]


def evolve(state: State, event: PartnerEvent) -> Touched:
    """Changes ``state`` by one event and returns what it touched; never refuses."""
    return _APPLY[type(event.fact)](state, event.happened, key_of(event.event_id), event.fact)


def _holds(state: State, key: int, fact: Fact) -> bool:
    if isinstance(fact, EventVoided):
        lists: Sequence[Sequence[Mark]] = (state.voids,)
    elif isinstance(fact, PurchasePaid | PurchaseRefunded):
        purchase = state.purchases.get(fact.purchase_id)
        lists = purchase.lists() if purchase else ()
    else:
        record = state.classes.get(fact.class_code)  # type: ignore[attr-defined]
        lists = record.lists() if record else ()
    return any(mark.key == key for marks in lists for mark in marks)


def _voided_at(state: State, key: int) -> int | None:
    return min((void.happened for void in state.voids if void.target_key == key), default=None)


def _class(state: State, class_code: str) -> ClassRecord:
    record = state.classes.get(class_code)
    if record is None:
        record = state.classes[class_code] = ClassRecord()
    return record


def _purchase(state: State, purchase_id: str) -> PurchaseRecord:
    record = state.purchases.get(purchase_id)
    if record is None:
        record = state.purchases[purchase_id] = PurchaseRecord(purchase_id)
    return record


def _paid(state: State, happened: int, key: int, fact: PurchasePaid) -> Touched:
    codes = None if fact.items is None else tuple(code for code, _price in fact.items)
    mark = Paid(happened, key, _voided_at(state, key), fact.package_code, codes)
    insort(_purchase(state, fact.purchase_id).paid, mark)
    return Touched((), (fact.purchase_id,))


def _refunded(state: State, happened: int, key: int, fact: PurchaseRefunded) -> Touched:
    mark = Refund(happened, key, _voided_at(state, key), fact.class_codes)
    insort(_purchase(state, fact.purchase_id).refunds, mark)
    return Touched((), (fact.purchase_id,))


def _redeemed(state: State, happened: int, key: int, fact: ClassRedeemed) -> Touched:
    insort(_class(state, fact.class_code).redeemed, Mark(happened, key, _voided_at(state, key)))
    return Touched((fact.class_code,))


def _progressed(state: State, happened: int, key: int, fact: ClassProgressed) -> Touched:
    mark = Progress(happened, key, _voided_at(state, key), fact.percent, fact.unit)
    insort(_class(state, fact.class_code).progress, mark)
    return Touched((fact.class_code,))


def _completed(state: State, happened: int, key: int, fact: ClassCompleted) -> Touched:
    insort(_class(state, fact.class_code).completed, Mark(happened, key, _voided_at(state, key)))
    return Touched((fact.class_code,))


def _assessed(state: State, happened: int, key: int, fact: ClassAssessed) -> Touched:
    mark = Result(happened, key, _voided_at(state, key), fact.kind, fact.scaled, fact.passed)
    insort(_class(state, fact.class_code).results, mark)
    return Touched((fact.class_code,))


def _certificate(state: State, happened: int, key: int, fact: CertificateIssued) -> Touched:
    mark = Certificate(happened, key, _voided_at(state, key), fact.certificate_no)
    insort(_class(state, fact.class_code).certificates, mark)
    return Touched((fact.class_code,))


def _reviewed(state: State, happened: int, key: int, fact: ClassReviewed) -> Touched:
    ratings = (fact.rating, fact.instructor_rating, fact.facility_rating)
    mark = Review(happened, key, _voided_at(state, key), *ratings)
    insort(_class(state, fact.class_code).reviews, mark)
    return Touched((fact.class_code,))


def _voided(state: State, happened: int, key: int, fact: EventVoided) -> Touched:
    target_key = key_of(fact.target_id)
    insort(state.voids, Void(happened, key, None, target_key))
    since = _voided_at(state, target_key)
    for class_code, record in state.classes.items():
        if _withdraw(record.lists(), target_key, since):
            return Touched((class_code,))
    for purchase_id, purchase in state.purchases.items():
        if _withdraw(purchase.lists(), target_key, since):
            return Touched((), (purchase_id,))
    return UNTOUCHED


def _withdraw(lists: Sequence[list[Any]], target_key: int, since: int | None) -> bool:
    for marks in lists:
        for index, mark in enumerate(marks):
            if mark.key == target_key:
                marks[index] = replace(mark, voided_at=since)
                return True
    return False


_APPLY: dict[type[Fact], Callable[[State, int, int, Any], Touched]] = {
    PurchasePaid: _paid,
    PurchaseRefunded: _refunded,
    ClassRedeemed: _redeemed,
    ClassProgressed: _progressed,
    ClassCompleted: _completed,
    ClassAssessed: _assessed,
    CertificateIssued: _certificate,
    ClassReviewed: _reviewed,
    EventVoided: _voided,
}
