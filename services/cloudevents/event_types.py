"""Every type of event that partners send: one table, from which the rest is made.

The decoder and its counts of quotes, the sentences of refusals, `tuntas check`, the JSON Schemas and the guide's
sections all come from here. A new type is a fact (domain/events.py: name, topic and number), the evidence that it
leaves (domain/participant.py), the shape of its ``data`` (wire.py) and a row of this table.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from domain import events
from domain.events import Fact
from domain.vocabulary import TYPE_PREFIX
from services.cloudevents import facts, wire
from services.cloudevents.facts import Built, as_told
from services.cloudevents.shape import Fields, fields_of, reader
from services.cloudevents.wire import Data


class Example(Struct, frozen=True):
    """An event of the type as the guide shows it."""

    id: str
    time: str
    data: Mapping[str, Any]
    sequence: str | None = None


class EventType(Struct, frozen=True):
    """One type of event: the fact that is stored, the shape of ``data``, what makes the one of the other."""

    fact: type[Fact]
    data: type[Data]
    build: Callable[[Any], Built | str]
    example: Example

    @property
    def name(self) -> str:
        """The CloudEvents ``type``."""
        return TYPE_PREFIX + self.fact.name


_CLASS: Final = {"participant_id": "PRK-000000042", "class_code": "C-0107"}

EVENT_TYPES: Final = (
    EventType(
        events.ClassPublished,
        wire.ClassPublishedData,
        facts.class_published,
        Example(
            "pm-cat-107",
            "2020-04-11T08:00:00+07:00",
            {
                "class_code": "C-0107",
                "title": "Bahasa Inggris untuk Pengemudi",
                "institution": "Lembaga Contoh",
                "units": 12,
                "move_on": "CompletedAndPassed",
                "mastery_score": 0.6,
            },
        ),
    ),
    EventType(
        events.PackagePublished,
        wire.PackagePublishedData,
        facts.package_published,
        Example(
            "pm-pkg-1",
            "2020-04-11T08:00:00+07:00",
            {
                "package_code": "K-OJOL",
                "title": "Paket Pengemudi Ojek Daring",
                "class_codes": ["C-0106", "C-0107", "C-0108"],
            },
        ),
    ),
    EventType(
        events.PurchasePaid,
        wire.PurchasePaidData,
        facts.purchase_paid,
        Example(
            "pm-2020-000040",
            "2020-06-29T19:40:12+07:00",
            {
                "purchase_id": "INV-0001",
                "participant_id": "PRK-000000042",
                "items": [{"class_code": "C-0107", "price": 350000}],
                "amount": 350000,
            },
        ),
    ),
    EventType(
        events.PurchaseRefunded,
        wire.PurchaseRefundedData,
        facts.purchase_refunded,
        Example(
            "pm-2020-000050",
            "2020-07-02T10:00:00+07:00",
            {
                "purchase_id": "INV-0001",
                "participant_id": "PRK-000000042",
                "class_codes": ["C-0107"],
                "reason": "the class was cancelled",
            },
        ),
    ),
    EventType(
        events.ClassRedeemed,
        wire.ClassRedeemedData,
        as_told(events.ClassRedeemed),
        Example(
            "pm-2020-000041",
            "2020-06-29T20:02:00+07:00",
            {**_CLASS, "redeem_code": "R-7731", "purchase_id": "INV-0001"},
        ),
    ),
    EventType(
        events.ClassProgressed,
        wire.ClassProgressedData,
        facts.class_progressed,
        Example(
            "pm-2020-000042-7", "2020-06-29T21:30:00+07:00", {**_CLASS, "percent": 58.3, "unit": 7}
        ),
    ),
    EventType(
        events.ClassCompleted,
        wire.ClassCompletedData,
        as_told(events.ClassCompleted),
        Example(
            "pm-2020-000043",
            "2020-06-30T09:15:00+07:00",
            {**_CLASS, "purchase_id": "INV-0001"},
            sequence="43",
        ),
    ),
    EventType(
        events.ClassAssessed,
        wire.ClassAssessedData,
        facts.class_assessed,
        Example(
            "pm-2020-000044",
            "2020-06-30T09:40:00+07:00",
            {
                **_CLASS,
                "kind": "post_test",
                "score": {"raw": 41, "min": 0, "max": 50},
                "passed": True,
                "attempt": 1,
            },
        ),
    ),
    EventType(
        events.CertificateIssued,
        wire.CertificateIssuedData,
        as_told(events.CertificateIssued),
        Example(
            "pm-2020-000045",
            "2020-06-30T10:00:00+07:00",
            {**_CLASS, "certificate_no": "CERT/2020/0042"},
        ),
    ),
    EventType(
        events.ClassReviewed,
        wire.ClassReviewedData,
        as_told(events.ClassReviewed),
        Example(
            "pm-2020-000046",
            "2020-06-30T10:05:00+07:00",
            {**_CLASS, "rating": 4, "instructor_rating": 5, "comment": "jelas dan berguna"},
        ),
    ),
    EventType(
        events.EventVoided,
        wire.EventVoidedData,
        as_told(events.EventVoided),
        Example(
            "pm-2020-000047",
            "2020-07-01T08:00:00+07:00",
            {
                "participant_id": "PRK-000000042",
                "target_id": "pm-2020-000045",
                "reason": "issued to the wrong person",
            },
        ),
    ),
)
"""In the order in which the guide tells of them."""


class Reader(Struct, frozen=True):
    """How the ``data`` of a type is read: what makes the fact, and which of its texts have rules of their own.

    ``identifiers_of`` lists those that are no national id and hold nothing unseen; ``lines_of``, where there are any,
    those that are one line.
    """

    build: Callable[[Any], Built | str]
    identifiers_of: Callable[[Any], Sequence[str | None]]
    lines_of: Callable[[Any], Sequence[Any]] | None


def _reader(kind: EventType) -> Reader:
    lines_of = reader(kind.data, frozenset({"name", "line"}))
    has_lines = any(field.kind in {"name", "line"} for field in fields_of(kind.data).values())
    return Reader(
        kind.build,
        reader(kind.data, frozenset({"identifier"})),
        lines_of if has_lines else None,
    )


DATA: Final[Mapping[str, type[Data]]] = {kind.name: kind.data for kind in EVENT_TYPES}
"""CloudEvents ``type`` to the shape of its ``data``."""

READERS: Final[Mapping[type[Data], Reader]] = {kind.data: _reader(kind) for kind in EVENT_TYPES}
"""The shape of ``data`` to how it is read."""

FIELDS: Final[Mapping[str, Fields]] = {kind.name: fields_of(kind.data) for kind in EVENT_TYPES}
"""CloudEvents ``type`` to the fields of its ``data``."""
