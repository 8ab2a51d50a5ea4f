"""The CloudEvents envelope of each type, in structured mode: one typed JSON object a record."""

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct

from domain.vocabulary import PARTNERS, TYPE_PREFIX
from services.cloudevents import wire
from services.cloudevents.wire import MAX_ID_LENGTH, Identifier

Source = Annotated[
    str,
    Meta(
        description="/partners/ and your partner code",
        extra_json_schema={"enum": [f"/partners/{partner}" for partner in PARTNERS]},
    ),
]
Time = Annotated[
    str,
    Meta(
        description="when it happened: RFC 3339 with an offset, as in 2020-06-30T09:15:00+07:00",
        extra_json_schema={"format": "date-time"},
    ),
]
RecordedTime = Annotated[
    str,
    Meta(
        description="when you recorded it: RFC 3339 with an offset",
        extra_json_schema={"format": "date-time"},
    ),
]
Sequence = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_ID_LENGTH,
        description="a text of 1 to 128 characters that rises from event to event, to find gaps",
    ),
]
ContentType = Annotated[str, Meta(description="application/json")]


class Envelope(Struct, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """The attributes of an event beside its ``type``, which selects the subclass."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Source
    time: Time
    subject: Identifier | None = None
    sequence: Sequence | None = None
    recordedtime: RecordedTime | None = None
    datacontenttype: ContentType | None = None


class ClassPublished(Envelope, frozen=True, kw_only=True, tag=TYPE_PREFIX + "class.published.v1"):
    data: wire.ClassPublishedData


class PackagePublished(
    Envelope, frozen=True, kw_only=True, tag=TYPE_PREFIX + "package.published.v1"
):
    data: wire.PackagePublishedData


class PurchasePaid(Envelope, frozen=True, kw_only=True, tag=TYPE_PREFIX + "purchase.paid.v1"):
    data: wire.PurchasePaidData


class PurchaseRefunded(
    Envelope, frozen=True, kw_only=True, tag=TYPE_PREFIX + "purchase.refunded.v1"
):
    data: wire.PurchaseRefundedData


class ClassRedeemed(Envelope, frozen=True, kw_only=True, tag=TYPE_PREFIX + "class.redeemed.v1"):
    data: wire.ClassRedeemedData


class ClassProgressed(Envelope, frozen=True, kw_only=True, tag=TYPE_PREFIX + "class.progressed.v1"):
    data: wire.ClassProgressedData


class ClassCompleted(Envelope, frozen=True, kw_only=True, tag=TYPE_PREFIX + "class.completed.v1"):
    data: wire.ClassCompletedData


class ClassAssessed(Envelope, frozen=True, kw_only=True, tag=TYPE_PREFIX + "class.assessed.v1"):
    data: wire.ClassAssessedData


class CertificateIssued(
    Envelope, frozen=True, kw_only=True, tag=TYPE_PREFIX + "certificate.issued.v1"
):
    data: wire.CertificateIssuedData


class ClassReviewed(Envelope, frozen=True, kw_only=True, tag=TYPE_PREFIX + "class.reviewed.v1"):
    data: wire.ClassReviewedData


class EventVoided(Envelope, frozen=True, kw_only=True, tag=TYPE_PREFIX + "event.voided.v1"):
    data: wire.EventVoidedData


AnyEnvelope = (
    ClassPublished
    | PackagePublished
    | PurchasePaid
    | PurchaseRefunded
    | ClassRedeemed
    | ClassProgressed
    | ClassCompleted
    | ClassAssessed
    | CertificateIssued
    | ClassReviewed
    | EventVoided
)

ENVELOPES: Final[tuple[type[Envelope], ...]] = get_args(AnyEnvelope)
