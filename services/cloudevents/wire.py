"""What the fields of ``data`` may hold, as types (contract section 2).

The JSON Schemas of docs/schemas, the guide and the sentences of refusals are made from these types, so every
``description`` completes the sentence "`field` must be …". Absent and ``null`` mean the same for a field that is not
required. Fields that no shape names are ignored and counted.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from domain.telling import tell
from domain.vocabulary import (
    DEFAULT_MASTERY_SCORE,
    DEFAULT_MOVE_ON,
    MAX_CLASSES,
    AssessmentKind,
    MoveOn,
)

MAX_ID_LENGTH: Final = 128
MAX_WHOLE: Final = 2**63 - 1
MAX_PAID: Final = 100_000_000_000
"""Rupiah of one payment: so few that no sum over payments reaches 64 bits, where adding up would stop for all."""
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
        description=tell("a text of 1 to 128 characters"),
        extra={"kind": "identifier"},
        extra_json_schema={"pattern": IDENTIFIER_PATTERN},
    ),
]
CertificateNumber = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description=tell("a text of 1 to 256 characters"),
        extra={"kind": "identifier"},
        extra_json_schema={"pattern": IDENTIFIER_PATTERN},
    ),
]
ClassCodes = Annotated[
    tuple[Identifier, ...],
    Meta(min_length=1, max_length=MAX_CLASSES, description=tell("a list of 1 to 200 class codes")),
]
Title = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=1000,
        description=tell("a text of 1 to 1,000 characters"),
        extra={"kind": "line"},
        extra_json_schema={"pattern": LINE_PATTERN},
    ),
]
Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description=tell("a text of 1 to 256 characters"),
        extra={"kind": "name"},
        extra_json_schema={"pattern": NAME_PATTERN},
    ),
]
Reason = Annotated[
    str, Meta(min_length=1, max_length=2000, description=tell("a text of 1 to 2,000 characters"))
]
Comment = Annotated[
    str, Meta(max_length=2000, description=tell("a text of at most 2,000 characters"))
]
Rupiah = Annotated[
    int,
    Meta(
        ge=0, le=MAX_WHOLE, description=tell("an amount in whole rupiah, 0 or more, without quotes")
    ),
]
Paid = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_PAID,
        description=tell("an amount in whole rupiah from 0 to 100,000,000,000, without quotes"),
    ),
]
Count = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_COUNT,
        description=tell("a whole number from 0 to 2,147,483,647, without quotes"),
    ),
]
Rating = Annotated[
    int, Meta(ge=1, le=5, description=tell("a whole number from 1 to 5, without quotes"))
]
Percent = Annotated[
    float, Meta(ge=0, le=100, description=tell("a number from 0 to 100, without quotes"))
]
MasteryScore = Annotated[
    float,
    Meta(
        ge=0,
        le=1,
        description=tell("a number from 0 to 1, without quotes"),
        extra_json_schema={"default": DEFAULT_MASTERY_SCORE},
    ),
]
Score = Annotated[
    float,
    Meta(
        ge=-MAX_SCORE,
        le=MAX_SCORE,
        description=tell("a number from -1,000,000,000 to 1,000,000,000, without quotes"),
    ),
]
Minimum = Annotated[Score, Meta(extra_json_schema={"default": DEFAULT_MINIMUM})]
Maximum = Annotated[Score, Meta(extra_json_schema={"default": DEFAULT_MAXIMUM})]
Flag = Annotated[bool, Meta(description=tell("true or false, without quotes"))]
Unit = (
    Annotated[
        str,
        Meta(
            min_length=1,
            max_length=256,
            description=tell(
                "the name of the lesson (a text of 1 to 256 characters)"
                " or its number (a whole number of 64 bits)"
            ),
            extra={"kind": "line"},
            extra_json_schema={"pattern": LINE_PATTERN},
        ),
    ]
    | Annotated[int, Meta(ge=-MAX_WHOLE - 1, le=MAX_WHOLE)]
)
Kind = Annotated[
    AssessmentKind,
    Meta(description=tell("one of pre_test, assignment, post_test, performance")),
]
MoveOnRule = Annotated[
    MoveOn,
    Meta(
        description=tell(
            "one of Completed, Passed, CompletedAndPassed, CompletedOrPassed, NotApplicable"
        ),
        extra_json_schema={"default": DEFAULT_MOVE_ON},
    ),
]


class Data(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The ``data`` of an event."""
