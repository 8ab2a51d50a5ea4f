"""The words of the contract (section 1) as values: partners, assessment kinds, move-on rules, defaults."""

import re
import tomllib
from importlib.resources import files
from typing import Any, Final, Literal, NamedTuple, cast

CODE: Final = re.compile("[a-z0-9]+(-[a-z0-9]+)*")


class Partner(NamedTuple):
    """A platform that sells classes. ``number`` stands for it in storage and is never given to another one."""

    number: int
    code: str
    name: str


def read_partners(text: str) -> tuple[Partner, ...]:
    """The partners that a text in TOML lists.

    Raises ValueError for a number, code or name that is none or is given twice.
    """
    partners = tuple(Partner(**block) for block in tomllib.loads(text)["partner"])
    for partner in partners:
        number, code, name = cast("tuple[Any, Any, Any]", partner)
        if type(number) is not int or not 0 < number < 1 << 15:
            raise ValueError(f"partner {code!r}: the number is 1 to 32767, not {number!r}")
        if not isinstance(code, str) or CODE.fullmatch(code) is None:
            raise ValueError(
                f"partner {number}: {code!r} is no code of small letters, digits and -"
            )
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"partner {code!r}: a name is shown to people")
    for column in zip(*partners, strict=True):
        if len(set(column)) < len(partners):
            raise ValueError(f"partners share a number, code or name: {column}")
    return partners


PARTNER_TABLE: Final = read_partners(files("domain").joinpath("partners.toml").read_text("utf-8"))
"""Every partner: a new one is a block in partners.toml, with the next number."""

PARTNERS: Final[dict[str, str]] = {partner.code: partner.name for partner in PARTNER_TABLE}
"""Partner code to display name."""

PARTNER_IDS: Final[dict[str, int]] = {partner.code: partner.number for partner in PARTNER_TABLE}
"""Partner code to its number."""

PARTNER_CODES: Final[dict[int, str]] = {number: code for code, number in PARTNER_IDS.items()}

TOPIC_PREFIX: Final = "tuntas.partner."
REJECTION_TOPIC_PREFIX: Final = "tuntas.rejections."
ANSWER_TOPIC_PREFIX: Final = "tuntas.answers."
TYPE_PREFIX: Final = "id.tuntas."

AssessmentKind = Literal["pre_test", "assignment", "post_test", "performance"]
ASSESSING_KINDS: Final[frozenset[str]] = frozenset({"post_test", "performance"})
"""The kinds that assess the class; the other two are recorded only (contract section 1)."""

MoveOn = Literal["Completed", "Passed", "CompletedAndPassed", "CompletedOrPassed", "NotApplicable"]
DEFAULT_MOVE_ON: Final[MoveOn] = "CompletedAndPassed"
DEFAULT_MASTERY_SCORE: Final = 0.6

DEFAULT_PACKAGE_SALES_END: Final = "2020-06-30T00:00:00+07:00"
"""Circular of 30 June 2020, in force from that day, Western Indonesian Time; a setting."""

PURCHASE_FLAGS: Final = ("purchase_id_used_twice",)
"""What does not fit together about a purchase: its partner used one id for purchases of several participants."""

MAX_CLASSES: Final = 200
"""So many classes one purchase, one refund or one package names (contract section 2)."""

PurchaseState = Literal["active", "refunded", "none"]
CompletionState = Literal["completed", "in_progress", "never_reported"]
AssessmentState = Literal["passed", "failed", "assessed", "not_assessed"]

PURCHASE_STATES: Final[tuple[PurchaseState, ...]] = ("none", "active", "refunded")
COMPLETION_STATES: Final[tuple[CompletionState, ...]] = (
    "never_reported",
    "in_progress",
    "completed",
)
ASSESSMENT_STATES: Final[tuple[AssessmentState, ...]] = (
    "not_assessed",
    "assessed",
    "failed",
    "passed",
)
"""States in the order of the numbers that stand for them in storage."""

FLAGS: Final[tuple[str, ...]] = (
    "package_after_sales_end",
    "certificate_without_completion",
    "completed_without_assessment",
    "evidence_before_purchase",
    "evidence_after_refund",
    "purchased_twice",
)
"""Flags in the order of their bits in storage (first = bit 0)."""
