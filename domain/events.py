"""Stored facts: what partners reported, as the ledger keeps it for ever.

This is where a type of event begins: its name, its topic and its number are said here, what partners send for it in
services/cloudevents/event_types.py, the evidence that it leaves in participant.py.

Each fact has a short stable ``topic``; renaming a class here must not break history. Facts are encoded
as MessagePack arrays, so a field is only ever added at the end, with a default. The participant (or the
class or package, for catalogue facts) is not inside the fact: it is the stream the fact belongs to.
"""

from decimal import Decimal
from typing import ClassVar, Literal

from msgspec import Struct

from domain.vocabulary import DEFAULT_MASTERY_SCORE, DEFAULT_MOVE_ON, AssessmentKind, MoveOn

Number = int | float
"""A whole number is an int wherever it is stored: that takes a byte or two, a float nine."""

PARTICIPANT_STREAM = "p:"
CLASS_STREAM = "c:"
PACKAGE_STREAM = "k:"
DECLARATION_STREAM = "d:"
"""Of what a partner says of all its events: one stream, of no participant and no catalogue."""


class Fact(Struct, frozen=True, array_like=True, gc=False):
    """One reported fact.

    ``topic`` is its stable name in storage and ``number`` stands for it there; neither is ever given to another fact.
    ``name`` is that of its CloudEvents type, without the prefix that all have.
    """

    topic: ClassVar[str] = ""
    number: ClassVar[int] = 0
    name: ClassVar[str] = ""


class PurchasePaid(Fact, frozen=True):
    """``items`` pairs each listed class with its price in whole rupiah; None: the package names them."""

    topic: ClassVar[str] = "paid"
    number: ClassVar[int] = 1
    name: ClassVar[str] = "purchase.paid.v1"
    purchase_id: str
    package_code: str | None = None
    items: tuple[tuple[str, int | None], ...] | None = None
    amount: int | None = None


class PurchaseRefunded(Fact, frozen=True):
    """``class_codes`` None: the whole purchase."""

    topic: ClassVar[str] = "refunded"
    number: ClassVar[int] = 2
    name: ClassVar[str] = "purchase.refunded.v1"
    purchase_id: str
    class_codes: tuple[str, ...] | None = None
    reason: str | None = None


class ClassRedeemed(Fact, frozen=True):
    topic: ClassVar[str] = "redeemed"
    number: ClassVar[int] = 3
    name: ClassVar[str] = "class.redeemed.v1"
    class_code: str
    redeem_code: str | None = None
    purchase_id: str | None = None


class ClassStarted(Fact, frozen=True):
    """The participant opened the class, or was active in it."""

    topic: ClassVar[str] = "started"
    number: ClassVar[int] = 12
    name: ClassVar[str] = "class.started.v1"
    class_code: str
    purchase_id: str | None = None


class ClassAttended(Fact, frozen=True):
    """The participant was at a meeting of the class: ``session`` is its number."""

    topic: ClassVar[str] = "attended"
    number: ClassVar[int] = 13
    name: ClassVar[str] = "class.attended.v1"
    class_code: str
    session: int
    mode: Literal["online", "offline"] | None = None
    minutes: int | None = None
    purchase_id: str | None = None


class ClassProgressed(Fact, frozen=True):
    """``percent`` 0 to 100, or ``unit``: the name or number of a lesson that is done; at least one."""

    topic: ClassVar[str] = "progressed"
    number: ClassVar[int] = 4
    name: ClassVar[str] = "class.progressed.v1"
    class_code: str
    percent: Number | None = None
    unit: str | int | None = None
    purchase_id: str | None = None


class ClassCompleted(Fact, frozen=True):
    topic: ClassVar[str] = "completed"
    number: ClassVar[int] = 5
    name: ClassVar[str] = "class.completed.v1"
    class_code: str
    purchase_id: str | None = None


class ClassAssessed(Fact, frozen=True):
    """``raw`` within ``minimum`` and ``maximum``; None: a result without a score."""

    topic: ClassVar[str] = "assessed"
    number: ClassVar[int] = 6
    name: ClassVar[str] = "class.assessed.v1"
    class_code: str
    kind: AssessmentKind
    raw: Number | None = None
    minimum: Number = 0
    maximum: Number = 100
    passed: bool | None = None
    attempt: int | None = None
    purchase_id: str | None = None

    @property
    def scaled(self) -> float | None:
        """(raw − min) / (max − min), 0 to 1 (contract section 3), of the decimal numbers that were sent.

        So 3.4 from 1 to 4 is 0.8, and passes where 0.8 does: the difference of two binary fractions is a little less.
        """
        if self.raw is None:
            return None
        raw, low, high = self.raw, self.minimum, self.maximum
        if isinstance(raw, int) and isinstance(low, int) and isinstance(high, int):
            return (raw - low) / (high - low)
        exact = Decimal(str(low))
        return float((Decimal(str(raw)) - exact) / (Decimal(str(high)) - exact))


class CertificateIssued(Fact, frozen=True):
    topic: ClassVar[str] = "certificate"
    number: ClassVar[int] = 7
    name: ClassVar[str] = "certificate.issued.v1"
    class_code: str
    certificate_no: str
    purchase_id: str | None = None


class ClassReviewed(Fact, frozen=True):
    """Ratings 1 to 5."""

    topic: ClassVar[str] = "reviewed"
    number: ClassVar[int] = 8
    name: ClassVar[str] = "class.reviewed.v1"
    class_code: str
    rating: int
    instructor_rating: int | None = None
    facility_rating: int | None = None
    comment: str | None = None
    purchase_id: str | None = None


class EventVoided(Fact, frozen=True):
    """``target_id`` is the CloudEvents id that the partner withdraws."""

    topic: ClassVar[str] = "voided"
    number: ClassVar[int] = 9
    name: ClassVar[str] = "event.voided.v1"
    target_id: str
    reason: str


class ClassPublished(Fact, frozen=True):
    """``units`` counts lessons; ``mastery_score`` 0 to 1."""

    topic: ClassVar[str] = "class"
    number: ClassVar[int] = 10
    name: ClassVar[str] = "class.published.v1"
    class_code: str
    title: str
    institution: str
    units: int | None = None
    move_on: MoveOn = DEFAULT_MOVE_ON
    mastery_score: float = DEFAULT_MASTERY_SCORE


class PackagePublished(Fact, frozen=True):
    topic: ClassVar[str] = "package"
    number: ClassVar[int] = 11
    name: ClassVar[str] = "package.published.v1"
    package_code: str
    title: str
    class_codes: tuple[str, ...]


class TotalsDeclared(Fact, frozen=True):
    """A partner's own totals over its events before ``until`` (microseconds since 1970-01-01T00:00:00Z)."""

    topic: ClassVar[str] = "declared"
    number: ClassVar[int] = 14
    name: ClassVar[str] = "totals.declared.v1"
    until: int
    events: int
    purchases: int | None = None
    completions: int | None = None
    amount: int | None = None


ClassFact = (
    ClassRedeemed
    | ClassStarted
    | ClassAttended
    | ClassProgressed
    | ClassCompleted
    | ClassAssessed
    | CertificateIssued
    | ClassReviewed
)
"""What partners report about one participant in one class: the evidence."""

CatalogueFact = ClassPublished | PackagePublished

FACTS: dict[str, type[Fact]] = {
    fact.topic: fact
    for fact in (
        PurchasePaid,
        PurchaseRefunded,
        ClassRedeemed,
        ClassProgressed,
        ClassCompleted,
        ClassAssessed,
        CertificateIssued,
        ClassReviewed,
        EventVoided,
        ClassPublished,
        PackagePublished,
        ClassStarted,
        ClassAttended,
        TotalsDeclared,
    )
}
"""Topic in storage to the fact it names."""


class PartnerEvent(Struct, frozen=True, gc=False):
    """One valid event of a partner: a fact, the stream it belongs to and when it happened.

    ``stream`` is a prefix above plus the participant id, class code or package code.
    ``happened`` and ``recordedtime`` are microseconds since 1970-01-01T00:00:00Z.
    ``unknown_fields`` counts fields of ``data`` that the contract does not name; they are ignored.
    """

    partner: str
    event_id: str
    happened: int
    stream: str
    fact: Fact
    sequence: str | None = None
    recordedtime: int | None = None
    unknown_fields: int = 0
