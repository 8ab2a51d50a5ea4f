"""Query parameters: declared once, for reading them strictly and for describing them in OpenAPI."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from domain.days import PERIODS, day_of, day_of_date
from domain.errors import Reason
from domain.first_completion import FIRST_STATES
from domain.telling import tell
from domain.vocabulary import (
    ASSESSMENT_STATES,
    COMPLETION_STATES,
    FLAGS,
    PARTNER_IDS,
    PURCHASE_STATES,
)
from services.cloudevents import time as rfc3339
from services.http import cursors
from services.http.negotiation import CSV, PARQUET
from services.http.problems import Fault, unprocessable

MAX_LIMIT: Final = 1000
MAX_TEXT: Final = 256
FIRST_DAY: Final = day_of_date(date(1900, 1, 1))
LAST_DAY: Final = day_of_date(date(2999, 12, 31))
MOST_LEAST: Final = 1_000_000_000
MOST_FAULTS: Final = 10
"""So many faults are told of one request: an answer is not to be many times what was asked."""


class Parameter(Struct, frozen=True):
    """One query parameter. ``read`` raises ValueError with the end of the sentence "`name` …"."""

    name: str
    read: Callable[[str], Any]
    schema: Mapping[str, Any]
    description: str

    def document(self) -> dict[str, Any]:
        """The parameter in OpenAPI."""
        return {
            "name": self.name,
            "in": "query",
            "required": False,
            "description": self.description,
            "schema": dict(self.schema),
        }


def read_query(query_string: bytes, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Name to value of every parameter, None where it is absent.

    Raises 422 naming every parameter that is unknown, repeated or malformed.
    """
    values: dict[str, Any] = {parameter.name: None for parameter in parameters}
    if not query_string:
        return values
    known = {parameter.name: parameter for parameter in parameters}
    faults: list[Fault] = []
    seen: set[str] = set()
    for name, text in sent_in(query_string):
        if len(faults) >= MOST_FAULTS:
            break
        if name not in known:
            names = ", ".join(known) or "none"
            faults.append(
                Fault(
                    printable(name),
                    tell("is not a parameter here; there are: %(words)s", words=names),
                )
            )
        elif name in seen:
            faults.append(Fault(name, tell("is given more than once")))
        else:
            seen.add(name)
            try:
                values[name] = known[name].read(text)
            except ValueError as error:
                faults.append(Fault(name, str(error)))
    if faults:
        raise unprocessable(*faults)
    return values


def sent_in(query_string: bytes) -> list[tuple[str, str]]:
    """Names and values as they were sent, blank ones too. Raises 422 for what is no UTF-8."""
    try:
        text = query_string.decode()
        return parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict")
    except UnicodeDecodeError:
        raise unprocessable(Fault("query", tell("is not UTF-8, percent-encoded"))) from None


def printable(name: str) -> str:
    """A text from outside, short and without control characters."""
    return "".join(character for character in name[:64] if character.isprintable())


def text(value: str) -> str:
    """An identifier or a name."""
    if not value:
        raise ValueError(tell("is empty"))
    if len(value) > MAX_TEXT:
        raise ValueError(tell("is longer than %(most)s characters", most=MAX_TEXT))
    if "\0" in value:
        raise ValueError(tell("holds a NUL character"))
    return value


def time(value: str) -> int:
    """Microseconds UTC of an RFC 3339 time; a plus sign that arrived as a blank is understood."""
    value = _BLANK_OFFSET.sub(r"+\1", value)
    instant = rfc3339.microseconds(value)
    if instant is None:
        raise ValueError(rfc3339.fault(value))
    return instant


_BLANK_OFFSET = re.compile(r" (\d\d:\d\d)$")


def _day_or_time(value: str) -> date | int:
    """A date, or microseconds UTC."""
    if not _DATE.fullmatch(value):
        return time(value)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(tell("is no date")) from None


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _shown_day(day: int) -> int:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(tell("is not within the years 1900 to 2999"))
    return day


def from_day(value: str) -> int:
    """The day in Jakarta that is named, or that a time is in."""
    found = _day_or_time(value)
    return _shown_day(day_of(found) if isinstance(found, int) else day_of_date(found))


def to_day(value: str) -> int:
    """The day in Jakarta that is named, or the last one that begins before a time."""
    found = _day_or_time(value)
    return _shown_day(day_of(found - 1) if isinstance(found, int) else day_of_date(found))


def flag(value: str) -> bool:
    """The boolean that true or false says."""
    if value not in {"true", "false"}:
        raise ValueError(tell("is neither true nor false"))
    return value == "true"


def whole(value: str) -> int:
    """A page size."""
    if not re.fullmatch(r"[0-9]{1,4}", value) or not 1 <= int(value) <= MAX_LIMIT:
        raise ValueError(tell("is not a whole number from 1 to %(most)s", most=MAX_LIMIT))
    return int(value)


def at_least(value: str) -> int:
    """A number of something from which on it is listed."""
    if not re.fullmatch(r"[0-9]{1,10}", value) or int(value) > MOST_LEAST:
        raise ValueError(tell("is not a whole number from 0 to %(most)s", most=MOST_LEAST))
    return int(value)


def zone(value: str) -> ZoneInfo:
    """A time zone of the IANA database."""
    try:
        return ZoneInfo(text(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(tell("is no time zone, such as Asia/Jakarta")) from None


def check_zone(query: Mapping[str, Any], media: str) -> None:
    """Raises 422 for a time zone where times are UTC whatever is asked for."""
    if query.get("time_zone") is not None and media not in {CSV, PARQUET}:
        raise unprocessable(
            Fault("time_zone", tell("is for CSV and Parquet; times in JSON are UTC"))
        )


def one_of(words: Sequence[str]) -> Callable[[str], str]:
    """A function that reads one of some words."""

    def read(value: str) -> str:
        if value not in words:
            raise ValueError(tell("is none of %(words)s", words=", ".join(words)))
        return value

    return read


def _text(name: str, description: str) -> Parameter:
    schema = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
    return Parameter(name, text, schema, description)


def _time(name: str, description: str) -> Parameter:
    return Parameter(name, time, {"type": "string", "format": "date-time"}, description)


def _flag(name: str, description: str) -> Parameter:
    return Parameter(name, flag, {"type": "boolean"}, description)


def _word(name: str, words: Sequence[str], description: str) -> Parameter:
    return Parameter(name, one_of(words), {"type": "string", "enum": list(words)}, description)


def ordered(words: Sequence[str], description: str) -> Parameter:
    """The parameter that orders a list by one of some words, each with `-` in front for the other way round."""
    return _word("order", [way + word for word in words for way in ("", "-")], description)


PARTNER = _word("partner", list(PARTNER_IDS), "Only what this partner sold or sent.")
CLASS_CODE = _text("class_code", "Only this class.")
INSTITUTION = _text("institution", "Only classes that this institution teaches.")
PACKAGE_CODE = _text("package_code", "Only what was bought as part of this package.")
PURCHASE = _word(
    "purchase",
    PURCHASE_STATES,
    "Only classes in this state of purchase. `none`: evidence without a purchase, otherwise left out.",
)
COMPLETION = _word("completion", COMPLETION_STATES, "Only classes in this state of completion.")
ASSESSMENT = _word("assessment", ASSESSMENT_STATES, "Only classes in this state of assessment.")
FLAG = _word("flag", FLAGS, "Only classes with this flag.")
PURCHASED_FROM = _time("purchased_from", "Only classes first purchased at this time or later.")
PURCHASED_TO = _time("purchased_to", "Only classes first purchased before this time.")
TITLE = _text("title", "Only classes with this in their title, in capitals or not.")
PACKAGE_TITLE = _text("title", "Only packages with this in their title, in capitals or not.")
STALLED_SINCE = _time(
    "stalled_since",
    "Only active classes that are neither completed nor failed, and of which the partner reported nothing at this time"
    " or later.",
)
FIRST_STATE = _word("state", FIRST_STATES, "Only persons in this state.")
SINCE_FROM = _time(
    "from",
    "Only persons who are ready since this time or later, or completed the class then of which something is missing.",
)
SINCE_TO = _time("to", "The same, before this time.")
PURCHASED_LEAST = Parameter(
    "purchased_least",
    at_least,
    {"type": "integer", "minimum": 0, "maximum": MOST_LEAST},
    "Only classes that were purchased so often at least.",
)
CLASS_ORDER = ordered(
    ("purchased_at", "last_reported_at"),
    "In the order of this time, the earliest first, classes without it before all others; with `-` in front the other"
    " way round. Default: by partner, class and participant.",
)
COMPLETE = _flag(
    "complete",
    "true: only complete packages; false: only incomplete ones. Unresolved ones are neither.",
)
AFTER_SALES_END = _flag(
    "after_sales_end", "Only packages sold after selling them ended, or before."
)
UNRESOLVED = _flag(
    "unresolved",
    "Only purchases whose classes are not known: they name none, and their package is not published."
    " Or the others.",
)
PARTICIPANT_ID = _text("participant_id", "Only this participant.")
REFUNDED = _flag("refunded", "Only purchases of which the whole was refunded, or was not.")
AMOUNT_DIFFERS = _flag(
    "amount_differs",
    "Only purchases whose stated prices do not add up to the amount, or the others.",
)
REASON = _word(
    "reason", [str(reason) for reason in Reason], "Only records rejected for this reason."
)
SINCE = _time("since", "Only records rejected at this time or later.")
UNTIL = _time("until", "Only records rejected before this time.")
EVENT_ID = _text("event_id", "Only records under this event id.")
RESOLVED = _flag("resolved", "Only records whose event id was accepted later on, or not.")
AS_OF = _time(
    "as_of", "What had happened by then; an offset is required. Default: all that is known."
)
KNOWN_AT = _time("known_at", "What had been recorded by then; an offset is required. Default: now.")
BY = _word("by", PERIODS, "Days, weeks (from Monday) or months in Jakarta (UTC+7). Default: month.")
_DAY_OR_TIME: Final = {
    "type": "string",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "examples": ["2020-12-31", "2020-12-31T17:00:00Z"],
}
FROM = Parameter(
    "from",
    from_day,
    _DAY_OR_TIME,
    "Begins with the period of this day in Jakarta, or of this time. Default: the first in which anything happened,"
    " or where that is more than 4,000 periods ago, fewer.",
)
TO = Parameter(
    "to",
    to_day,
    _DAY_OR_TIME,
    "Ends with the period of this day in Jakarta, or of the instant before this time. Default: now, or `as_of`.",
)
TIME_ZONE = Parameter(
    "time_zone",
    zone,
    {"type": "string", "pattern": "^[A-Z][A-Za-z0-9_+/-]{1,48}$", "examples": ["Asia/Jakarta"]},
    "The zone that times in CSV and Parquet are written in; the same instants. Default: UTC.",
)
LIMIT = Parameter(
    "limit",
    whole,
    {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
    "How many items a page has at most: 100 unless given. Exports have all unless given.",
)
CURSOR = Parameter(
    "cursor",
    cursors.text,
    {"type": "string", "minLength": 1, "maxLength": cursors.MOST_CHARACTERS},
    "`next_cursor` of the page before, with the same filters.",
)


def now() -> int:
    """The time of reading, in microseconds UTC."""
    return round(datetime.now(UTC).timestamp() * 1_000_000)
