"""The types about a participant in a class, and the withdrawal of any: shapes of ``data``, facts, examples."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from domain.events import (
    PARTICIPANT_STREAM,
    CertificateIssued,
    ClassAssessed,
    ClassAttended,
    ClassCompleted,
    ClassProgressed,
    ClassRedeemed,
    ClassReviewed,
    ClassStarted,
    EventVoided,
    Number,
)
from domain.telling import tell
from services.cloudevents.event_type import Built, EventType, Example, as_sent
from services.cloudevents.wire import (
    DEFAULT_MAXIMUM,
    DEFAULT_MINIMUM,
    CertificateNumber,
    Comment,
    Count,
    Data,
    Flag,
    Identifier,
    Kind,
    Maximum,
    Minimum,
    Percent,
    Rating,
    Reason,
    Score,
    Unit,
)

_CLASS: Final = {"participant_id": "PRK-000000042", "class_code": "C-0107"}


class ClassRedeemedData(Data, frozen=True, kw_only=True):
    """The participant used the redeem code of a class."""

    participant_id: Identifier
    class_code: Identifier
    redeem_code: Identifier | None = None
    purchase_id: Identifier | None = None


class ClassStartedData(Data, frozen=True, kw_only=True):
    """The participant opened the class or was active in it."""

    participant_id: Identifier
    class_code: Identifier
    purchase_id: Identifier | None = None


Session = Annotated[
    int,
    Meta(
        title="the number of the meeting",
        ge=1,
        le=998,
        description=tell("a whole number from 1 to 998, without quotes"),
    ),
]
Mode = Annotated[Literal["online", "offline"], Meta(description=tell("online or offline"))]


class ClassAttendedData(Data, frozen=True, kw_only=True):
    """The participant was at a meeting of the class. That is evidence, never a completion."""

    participant_id: Identifier
    class_code: Identifier
    session: Session
    mode: Mode | None = None
    minutes: Annotated[Count, Meta(title="how long")] | None = None
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


def class_progressed(data: ClassProgressedData) -> Built | str:
    """The progress, or which of percent and unit is wanted."""
    strings = 4 if data.purchase_id is None else 6
    percent: Number | None = data.percent
    if percent is not None:
        strings += 1
        percent = _number(percent)
    unit = data.unit
    if unit is None:
        if percent is None:
            return tell(
                "`data.percent` is missing: give it, or `data.unit` for a lesson that is done."
            )
    elif isinstance(unit, str):
        strings += 2
    else:
        strings += 1
    fact = ClassProgressed(data.class_code, percent, unit, data.purchase_id)
    return PARTICIPANT_STREAM + data.participant_id, fact, strings


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
    score: Annotated[ScoreData, Meta(description=tell("an object with raw"))] | None = None
    passed: Flag | None = None
    attempt: Count | None = None
    purchase_id: Identifier | None = None


def class_assessed(data: ClassAssessedData) -> Built | str:
    """The result with its score, or how the score leaves its bounds."""
    strings = 6 if data.purchase_id is None else 8
    if data.passed is not None:
        strings += 1
    if data.attempt is not None:
        strings += 1
    raw: Number | None = None
    minimum: Number = DEFAULT_MINIMUM
    maximum: Number = DEFAULT_MAXIMUM
    score = data.score
    if score is not None:
        strings += 2
        raw = _number(score.raw)
        if score.min is not None:
            strings += 1
            minimum = _number(score.min)
        if score.max is not None:
            strings += 1
            maximum = _number(score.max)
        if minimum >= maximum:
            return tell(
                "`data.score.min` must be below `data.score.max` (0 and 100 where not given)."
            )
        if not minimum <= raw <= maximum:
            return tell(
                "`data.score.raw` must lie from `data.score.min` to `data.score.max`"
                " (0 and 100 where not given)."
            )
    fact = ClassAssessed(
        data.class_code,
        data.kind,
        raw,
        minimum,
        maximum,
        data.passed,
        data.attempt,
        data.purchase_id,
    )
    return PARTICIPANT_STREAM + data.participant_id, fact, strings


def _number(value: float) -> Number:
    """The number as facts hold it: an int where it is whole (0 for -0.0)."""
    whole = int(value)
    return whole if whole == value else value


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
    """You withdraw an event of your own: one about the same participant, a publication, or a declaration of totals.

    It may arrive before its target. Voiding a void has no effect. Where a publication is withdrawn, the record's key is
    the ``class_code`` or ``package_code``, and so may be ``participant_id``: whose it is plays no part, as
    ``target_id`` alone says what is withdrawn; of a declaration likewise, with any key.
    """

    participant_id: Identifier
    target_id: Annotated[Identifier, Meta(title="the ``id`` of that event")]
    reason: Reason


CLASS_TYPES: Final = (
    EventType(
        ClassRedeemed,
        ClassRedeemedData,
        as_sent(ClassRedeemed),
        Example(
            "pm-2020-000041",
            "2020-06-29T20:02:00+07:00",
            {**_CLASS, "redeem_code": "R-7731", "purchase_id": "INV-0001"},
        ),
    ),
    EventType(
        ClassStarted,
        ClassStartedData,
        as_sent(ClassStarted),
        Example("pm-2020-000051", "2020-06-29T20:10:00+07:00", _CLASS),
    ),
    EventType(
        ClassAttended,
        ClassAttendedData,
        as_sent(ClassAttended),
        Example(
            "pm-2020-000052",
            "2020-06-30T08:00:00+07:00",
            {**_CLASS, "session": 1, "mode": "online", "minutes": 90},
        ),
    ),
    EventType(
        ClassProgressed,
        ClassProgressedData,
        class_progressed,
        Example(
            "pm-2020-000042-7", "2020-06-29T21:30:00+07:00", {**_CLASS, "percent": 58.3, "unit": 7}
        ),
    ),
    EventType(
        ClassCompleted,
        ClassCompletedData,
        as_sent(ClassCompleted),
        Example(
            "pm-2020-000043",
            "2020-06-30T09:15:00+07:00",
            {**_CLASS, "purchase_id": "INV-0001"},
            sequence="43",
        ),
    ),
    EventType(
        ClassAssessed,
        ClassAssessedData,
        class_assessed,
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
        CertificateIssued,
        CertificateIssuedData,
        as_sent(CertificateIssued),
        Example(
            "pm-2020-000045",
            "2020-06-30T10:00:00+07:00",
            {**_CLASS, "certificate_no": "CERT/2020/0042"},
        ),
    ),
    EventType(
        ClassReviewed,
        ClassReviewedData,
        as_sent(ClassReviewed),
        Example(
            "pm-2020-000046",
            "2020-06-30T10:05:00+07:00",
            {**_CLASS, "rating": 4, "instructor_rating": 5, "comment": "jelas dan berguna"},
        ),
    ),
    EventType(
        EventVoided,
        EventVoidedData,
        as_sent(EventVoided),
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
