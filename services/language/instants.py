"""Times of answers as moments in Jakarta."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

import msgspec

WIB: Final = timezone(timedelta(hours=7), "WIB")
"""Waktu Indonesia Barat, the time of the programme's office."""


def instant(text: str) -> datetime:
    """The UTC time that an answer's text says."""
    return msgspec.convert(text, datetime).astimezone(UTC)


def local(text: str) -> datetime:
    """A time of an answer in Jakarta; in UTC in the last hours of year 9999, of which Jakarta's calendar has no day."""
    at = instant(text)
    try:
        return at.astimezone(WIB)
    except OverflowError:
        return at
