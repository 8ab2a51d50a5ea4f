"""Part of the oracle: what `data` of each type must hold, by the contract alone (section 2).

Independent by design: nothing of `domain` or `projections`, and nothing of the generator.
"""

import re
from collections.abc import Callable
from typing import Any, Final

Check = Callable[[Any], bool]


def is_text(found: Any) -> bool:
    """A text without NUL and without half a surrogate pair."""
    return isinstance(found, str) and "\0" not in found and not re.search("[\ud800-\udfff]", found)


def is_name(found: Any) -> bool:
    """A text that is not empty: every identifier, title and reason."""
    return is_text(found) and found != ""


def is_whole(found: Any) -> bool:
    """A whole number; `true` is none."""
    return type(found) is int


def is_number(found: Any) -> bool:
    """A number, whole or not; `true` is none."""
    return type(found) in (int, float)


def is_list_of(check: Check) -> Check:
    """A list of 1 to 200, all of it passing the check."""
    return lambda found: (
        isinstance(found, list) and 1 <= len(found) <= 200 and all(map(check, found))
    )


def is_one_of(*words: str) -> Check:
    """One of the words, as a text."""
    return lambda found: isinstance(found, str) and found in words


def _is_rating(found: Any) -> bool:
    return is_whole(found) and 1 <= found <= 5


def _is_count(found: Any) -> bool:
    return is_whole(found) and 0 <= found < 2**31


def _is_paid(found: Any) -> bool:
    return is_whole(found) and 0 <= found <= 10**11


def _is_time(found: Any) -> bool:
    """An RFC 3339 time with an offset."""
    shape = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"
    return isinstance(found, str) and re.fullmatch(shape, found, re.ASCII) is not None


def _is_item(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and is_name(found.get("class_code"))
        and (found.get("price") is None or _is_paid(found["price"]))
    )


def _is_score(found: Any) -> bool:
    if not isinstance(found, dict):
        return False
    low, raw, high = found.get("min", 0), found.get("raw"), found.get("max", 100)
    return all(is_number(each) for each in (low, raw, high)) and low <= raw <= high and low < high


_PERSON: Final[dict[str, Check]] = {"participant_id": is_name}
_PERSON_IN_CLASS: Final[dict[str, Check]] = {**_PERSON, "class_code": is_name}

REQUIRED: Final[dict[str, dict[str, Check]]] = {
    "class.published": {"class_code": is_name, "title": is_name, "institution": is_name},
    "package.published": {
        "package_code": is_name,
        "title": is_name,
        "class_codes": is_list_of(is_name),
    },
    "purchase.paid": {**_PERSON, "purchase_id": is_name},
    "purchase.refunded": {**_PERSON, "purchase_id": is_name},
    "class.redeemed": _PERSON_IN_CLASS,
    "class.started": _PERSON_IN_CLASS,
    "class.attended": {
        **_PERSON_IN_CLASS,
        "session": lambda found: is_whole(found) and 1 <= found <= 998,
    },
    "class.progressed": _PERSON_IN_CLASS,
    "class.completed": _PERSON_IN_CLASS,
    "class.assessed": {
        **_PERSON_IN_CLASS,
        "kind": is_one_of("pre_test", "assignment", "post_test", "performance"),
    },
    "certificate.issued": {**_PERSON_IN_CLASS, "certificate_no": is_name},
    "class.reviewed": {**_PERSON_IN_CLASS, "rating": _is_rating},
    "event.voided": {**_PERSON, "target_id": is_name, "reason": is_name},
    "totals.declared": {"until": _is_time, "events": _is_count},
}

OPTIONAL: Final[dict[str, dict[str, Check]]] = {
    "class.published": {
        "units": is_whole,
        "move_on": is_one_of(
            "Completed", "Passed", "CompletedAndPassed", "CompletedOrPassed", "NotApplicable"
        ),
        "mastery_score": lambda found: is_number(found) and 0 <= found <= 1,
    },
    "purchase.paid": {
        "package_code": is_name,
        "items": is_list_of(_is_item),
        "amount": _is_paid,
    },
    "purchase.refunded": {"class_codes": is_list_of(is_name), "reason": is_text},
    "class.redeemed": {"redeem_code": is_name},
    "class.attended": {
        "mode": is_one_of("online", "offline"),
        "minutes": lambda found: is_whole(found) and found >= 0,
    },
    "class.progressed": {
        "percent": lambda found: is_number(found) and 0 <= found <= 100,
        "unit": lambda found: is_name(found) or is_whole(found),
    },
    "class.assessed": {
        "score": _is_score,
        "passed": lambda found: isinstance(found, bool),
        "attempt": is_whole,
    },
    "class.reviewed": {
        "instructor_rating": _is_rating,
        "facility_rating": _is_rating,
        "comment": lambda found: is_text(found) and len(found) <= 2_000,
    },
    "totals.declared": {
        "purchases": _is_count,
        "completions": _is_count,
        "amount": lambda found: is_whole(found) and found >= 0,
    },
}

# At least one of these has to be there.
ONE_OF: Final = {
    "purchase.paid": ("items", "package_code"),
    "class.progressed": ("percent", "unit"),
}

_IDENTIFIERS: Final = (
    "participant_id",
    "class_code",
    "package_code",
    "purchase_id",
    "redeem_code",
    "certificate_no",
    "target_id",
)


def holds_national_id(data: dict[str, Any]) -> bool:
    """Whether 16 digits stand where an identifier is expected."""
    return any(re.fullmatch(r"\d{16}", str(data.get(name))) for name in _IDENTIFIERS)


def is_valid(kind: str, data: dict[str, Any]) -> bool:
    """Whether `data` is what the contract says of this type; unknown fields do not matter."""
    required = REQUIRED[kind]
    optional = {"purchase_id": is_name, **OPTIONAL.get(kind, {})}
    return (
        all(check(data.get(name)) for name, check in required.items())
        and all(data.get(name) is None or check(data[name]) for name, check in optional.items())
        and (kind not in ONE_OF or any(data.get(name) is not None for name in ONE_OF[kind]))
    )
