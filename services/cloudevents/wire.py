"""What partners send, as types: the ``data`` shapes (contract section 2).

The JSON Schemas of docs/schemas and the sentences of refusals are made from these types, so every
``description`` completes the sentence "`field` must be …". Absent and ``null`` mean the same for a field
that is not required. Fields not named here are ignored and counted. What one field alone cannot say (a
score within its bounds, a purchase that names its classes) is checked in services.cloudevents.facts.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from domain.vocabulary import (
    DEFAULT_MASTERY_SCORE,
    DEFAULT_MOVE_ON,
    MAX_CLASSES,
    AssessmentKind,
    MoveOn,
)

MAX_ID_LENGTH: Final = 128
MAX_WHOLE: Final = 2**63 - 1
MAX_COUNT: Final = 2**31 - 1
MAX_SCORE: Final = 1_000_000_000
DEFAULT_MINIMUM: Final = 0
DEFAULT_MAXIMUM: Final = 100

_VISIBLE: Final = r"[^\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+"
NAME_PATTERN: Final = f"^{_VISIBLE}$"
"""No control character and none that is not seen: of no width, or for the direction of writing."""
LINE_PATTERN: Final = (
    r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+$"
)
"""One line, without characters that change the direction of writing."""
IDENTIFIER_PATTERN: Final = rf"^(?![\W_]*(?:\d[\W_]*){{16}}$){_VISIBLE}$"
"""As a name, and no national id (16 digits, alone or grouped by signs), in ECMA 262 syntax.

For JSON Schemas only: the decoder looks for both itself (services.cloudevents.identifiers), with sentences of
its own.
"""

Identifier = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_ID_LENGTH,
        description="a text of 1 to 128 characters",
        extra={"kind": "identifier"},
        extra_json_schema={"pattern": IDENTIFIER_PATTERN},
    ),
]
CertificateNumber = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="a text of 1 to 256 characters",
        extra={"kind": "identifier"},
        extra_json_schema={"pattern": IDENTIFIER_PATTERN},
    ),
]
ClassCodes = Annotated[
    tuple[Identifier, ...],
    Meta(min_length=1, max_length=MAX_CLASSES, description="a list of 1 to 200 class codes"),
]
Title = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=1000,
        description="a text of 1 to 1,000 characters",
        extra={"kind": "line"},
        extra_json_schema={"pattern": LINE_PATTERN},
    ),
]
Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="a text of 1 to 256 characters",
        extra={"kind": "name"},
        extra_json_schema={"pattern": NAME_PATTERN},
    ),
]
Reason = Annotated[
    str, Meta(min_length=1, max_length=2000, description="a text of 1 to 2,000 characters")
]
Comment = Annotated[str, Meta(max_length=2000, description="a text of at most 2,000 characters")]
Rupiah = Annotated[
    int,
    Meta(ge=0, le=MAX_WHOLE, description="an amount in whole rupiah, 0 or more, without quotes"),
]
Count = Annotated[
    int,
    Meta(ge=0, le=MAX_COUNT, description="a whole number from 0 to 2,147,483,647, without quotes"),
]
Rating = Annotated[int, Meta(ge=1, le=5, description="a whole number from 1 to 5, without quotes")]
Percent = Annotated[float, Meta(ge=0, le=100, description="a number from 0 to 100, without quotes")]
MasteryScore = Annotated[
    float,
    Meta(
        ge=0,
        le=1,
        description="a number from 0 to 1, without quotes",
        extra_json_schema={"default": DEFAULT_MASTERY_SCORE},
    ),
]
Score = Annotated[
    float,
    Meta(
        ge=-MAX_SCORE,
        le=MAX_SCORE,
        description="a number from -1,000,000,000 to 1,000,000,000, without quotes",
    ),
]
Minimum = Annotated[Score, Meta(extra_json_schema={"default": DEFAULT_MINIMUM})]
Maximum = Annotated[Score, Meta(extra_json_schema={"default": DEFAULT_MAXIMUM})]
Flag = Annotated[bool, Meta(description="true or false, without quotes")]
Unit = (
    Annotated[
        str,
        Meta(
            min_length=1,
            max_length=256,
            description="the name of the lesson (a text of 1 to 256 characters)"
            " or its number (a whole number of 64 bits)",
            extra={"kind": "line"},
            extra_json_schema={"pattern": LINE_PATTERN},
        ),
    ]
    | Annotated[int, Meta(ge=-MAX_WHOLE - 1, le=MAX_WHOLE)]
)
Kind = Annotated[
    AssessmentKind,
    Meta(description="one of pre_test, assignment, post_test, performance"),
]
MoveOnRule = Annotated[
    MoveOn,
    Meta(
        description="one of Completed, Passed, CompletedAndPassed, CompletedOrPassed,"
        " NotApplicable",
        extra_json_schema={"default": DEFAULT_MOVE_ON},
    ),
]


class Data(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The ``data`` of an event."""


class ClassPublishedData(Data, frozen=True, kw_only=True):
    """A class that you sell. Of several publications the latest ``time`` stands."""

    class_code: Identifier
    title: Title
    institution: Annotated[Name, Meta(title="the training provider")]
    units: Annotated[Count, Meta(title="how many lessons it has")] | None = None
    move_on: Annotated[MoveOnRule, Meta(title="when it is satisfied")] | None = None
    mastery_score: Annotated[MasteryScore, Meta(title="the scaled score that passes")] | None = None


class PackagePublishedData(Data, frozen=True, kw_only=True):
    """A bundle of classes sold as one.

    What a code holds is fixed: other classes under the same code are refused as ``package_conflict``. A class that is
    listed twice counts once.
    """

    package_code: Identifier
    title: Title
    class_codes: ClassCodes


class Item(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One class of a purchase, with its price."""

    class_code: Identifier
    price: Rupiah | None = None


Items = Annotated[
    tuple[Annotated[Item, Meta(description="an object with class_code")], ...],
    Meta(
        min_length=1,
        max_length=MAX_CLASSES,
        description="a list of 1 to 200 objects with class_code",
    ),
]


class PurchasePaidData(Data, frozen=True, kw_only=True):
    """One paid order.

    Without ``items`` a ``package_code`` is required, and the package names the classes; it may arrive later. The
    same ``purchase_id`` under a new ``id`` adds classes that are not listed yet, so that a purchase of more than
    200 classes can be sent; the earliest ``time`` stands. For another participant it is accepted as that person's
    own purchase, and both are flagged: ``purchase_id_used_twice``. A class that is listed twice counts once, with
    its first price.
    """

    purchase_id: Annotated[Identifier, Meta(title="unique among your purchases")]
    participant_id: Annotated[Identifier, Meta(title="the programme's pseudonym of the person")]
    package_code: Identifier | None = None
    items: Items | None = None
    amount: Rupiah | None = None


class PurchaseRefundedData(Data, frozen=True, kw_only=True):
    """The purchase, or some of its classes, was paid back. Without ``class_codes`` it is the whole purchase."""

    purchase_id: Identifier
    participant_id: Identifier
    class_codes: ClassCodes | None = None
    reason: Comment | None = None


class ClassRedeemedData(Data, frozen=True, kw_only=True):
    """The participant used the redeem code of a class."""

    participant_id: Identifier
    class_code: Identifier
    redeem_code: Identifier | None = None
    purchase_id: Identifier | None = None


class ClassProgressedData(Data, frozen=True, kw_only=True):
    """How far the participant is: at least one of ``percent`` and ``unit``, a lesson that is done.

    Lessons are told apart by name or number: ``7`` and ``"7"`` are two.
    """

    participant_id: Identifier
    class_code: Identifier
    percent: Percent | None = None
    unit: Unit | None = None
    purchase_id: Identifier | None = None


class ClassCompletedData(Data, frozen=True, kw_only=True):
    """The participant completed the class. Progress of 100 percent or a certificate alone is not completion."""

    participant_id: Identifier
    class_code: Identifier
    purchase_id: Identifier | None = None


class ScoreData(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """``min`` is below ``max``, and ``raw`` is neither below ``min`` nor above ``max``."""

    raw: Score
    min: Annotated[Minimum, Meta(title="0 where absent")] | None = None
    max: Annotated[Maximum, Meta(title="100 where absent")] | None = None


class ClassAssessedData(Data, frozen=True, kw_only=True):
    """The participant's result.

    ``post_test`` and ``performance`` assess the class, the other kinds are recorded. Without ``passed`` the class's
    mastery score decides.
    """

    participant_id: Identifier
    class_code: Identifier
    kind: Kind
    score: Annotated[ScoreData, Meta(description="an object with raw")] | None = None
    passed: Flag | None = None
    attempt: Count | None = None
    purchase_id: Identifier | None = None


class CertificateIssuedData(Data, frozen=True, kw_only=True):
    """The institution issued a certificate of completion."""

    participant_id: Identifier
    class_code: Identifier
    certificate_no: CertificateNumber
    purchase_id: Identifier | None = None


class ClassReviewedData(Data, frozen=True, kw_only=True):
    """The participant's judgement of the class."""

    participant_id: Identifier
    class_code: Identifier
    rating: Rating
    instructor_rating: Rating | None = None
    facility_rating: Rating | None = None
    comment: Comment | None = None
    purchase_id: Identifier | None = None


class EventVoidedData(Data, frozen=True, kw_only=True):
    """You withdraw an event of your own about the same participant.

    It may arrive before its target. Voiding a void has no effect.
    """

    participant_id: Identifier
    target_id: Annotated[Identifier, Meta(title="the ``id`` of that event")]
    reason: Reason
