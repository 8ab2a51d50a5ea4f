"""RFC 3339 times as integers: microseconds since 1970-01-01T00:00:00Z.

An offset is required. Lower-case ``t`` and ``z`` are read, ``-00:00`` is UTC (RFC 3339 sections 4.3 and
5.6), digits beyond the microsecond are cut off. A leap second is read as the second that follows it, and
only where one can be: at 23:59:60 UTC on 30 June or 31 December (RFC 3339 appendix D).
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from domain.telling import tell

_SECOND: Final = 1_000_000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = _EPOCH.toordinal()

EARLIEST: Final = (date.min.toordinal() - _FIRST_DAY) * _DAY
"""0001-01-01T00:00:00Z."""
LATEST: Final = (date.max.toordinal() + 1 - _FIRST_DAY) * _DAY - 1
"""9999-12-31T23:59:59.999999Z."""

NO_TIMESTAMP: Final = -1
"""As Kafka says it of a record that has none."""

_AHEAD_MS: Final = 24 * 3_600_000


def latest(sent_ms: int) -> int:
    """The last instant at which what a record reports can have happened: 24 hours after it was sent.

    Of Kafka's timestamp, milliseconds since 1970; so much ahead may a partner's clock or time zone be.
    """
    return (sent_ms + _AHEAD_MS) * 1000


_FORM = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)

_AFTER_SECONDS: Final = frozenset(
    {"Z", *(mark + digit for mark in ".+-" for digit in "0123456789")}
)
_SIGNS: Final = frozenset("+-")


def microseconds(text: str) -> int | None:
    """Microseconds since 1970 of an RFC 3339 time, or None where ``fault`` says what is wrong with it."""
    # Python reads times quickly, and more forms of them: those of ISO 8601, and the hour 24 from 3.13 on.
    if not (
        text[4:17:3] == "--T::"
        and text[19:21] in _AFTER_SECONDS
        and text[11:13] != "24"
        and (
            text[-1] == "Z"
            or (text[-6] in _SIGNS and text[-3] == ":" and text[-2] < "6" and len(text) >= 25)
        )
    ):
        return _read(text)
    try:
        since = datetime.fromisoformat(text) - _EPOCH
    except ValueError:
        return _read(text)
    instant = (since.days * 86_400 + since.seconds) * _SECOND + since.microseconds
    return instant if EARLIEST <= instant <= LATEST else None


def fault(text: str) -> str:  # noqa: PLR0911 - each rule returns its own sentence
    """What is wrong with a text that ``microseconds`` did not read, to follow "`time` "."""
    if _NAIVE.fullmatch(text):
        return tell("has no offset: add Z or an offset such as +07:00")
    form = _FORM.fullmatch(text)
    if form is None:
        return tell("is not an RFC 3339 time such as 2020-06-30T09:15:00+07:00")
    if _day(form[1], form[2], form[3]) is None:
        return tell("names a day that the calendar does not have")
    if form[4] > "23" or form[5] > "59" or form[6] > "60":
        return tell("names an hour, minute or second that the clock does not have")
    if _offset(form[8]) is None:
        return tell("has an offset that is not within -23:59 and +23:59")
    before = _read(text[:17] + "59" + text[19:])
    if form[6] == "60" and before is not None and before + _SECOND <= LATEST:
        return tell("has second 60, which is only at 23:59:60 UTC on 30 June or 31 December")
    return tell("is outside the years 0001 to 9999 in UTC")


def _read(text: str) -> int | None:
    """The same as ``microseconds``, by the grammar: also in lower case, in the year 0000 and of leap seconds."""
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    day = _day(form[1], form[2], form[3])
    offset = _offset(form[8])
    hour, minute, second = int(form[4]), int(form[5]), int(form[6])
    if day is None or offset is None or hour > 23 or minute > 59 or second > 60:
        return None
    whole = day + hour * _HOUR + minute * _MINUTE + second * _SECOND - offset
    if second == 60 and not _follows_leap_second(whole):
        return None
    instant = whole + int((form[7] or "")[:6].ljust(6, "0"))
    return instant if EARLIEST <= instant <= LATEST else None


def _offset(zone: str) -> int | None:
    """Microseconds east of UTC; None where there is no such offset."""
    if zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:])
    if hours > 23 or minutes > 59:
        return None
    return (1 if zone[0] == "+" else -1) * (hours * _HOUR + minutes * _MINUTE)


def _day(year: str, month: str, day: str) -> int | None:
    """Microseconds from 1970 to the day's midnight; None where the calendar has no such day."""
    # The Gregorian calendar repeats every 400 years: year 0000, which date refuses, is like 0400.
    number = int(year)
    try:
        ordinal = date(number or 400, int(month), int(day)).toordinal()
    except ValueError:
        return None
    return (ordinal - _FIRST_DAY - (0 if number else 146_097)) * _DAY


def _follows_leap_second(whole: int) -> bool:
    if whole % _DAY or not EARLIEST <= whole <= LATEST:
        return False
    midnight = date(1970, 1, 1) + timedelta(days=whole // _DAY)
    return midnight.day == 1 and midnight.month in {1, 7}
