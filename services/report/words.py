"""Numbers, shares and times as people read them."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

import msgspec

WIB: Final = timezone(timedelta(hours=7), "WIB")
"""Waktu Indonesia Barat, the time of the programme's office."""

ABSENT: Final = "–"


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


def day_and_time(text: str, *, seconds: bool = False) -> str:
    """A time of an answer in Jakarta."""
    at = local(text)
    clock = f"{at:%H:%M:%S}" if seconds else f"{at:%H:%M}"
    return f"{at.day} {at:%B} {at.year:04}, {clock} {at:%Z}"


def moment(text: str) -> str:
    """A time of an answer in Jakarta, to the minute, for tables that say so."""
    at = local(text)
    shown = at.replace(tzinfo=None).isoformat(" ", "minutes")
    return shown if at.tzinfo is WIB else f"{shown} {at:%Z}"


def number(value: int) -> str:
    """A count with thousands apart."""
    return f"{value:,}"


def rupiah(value: int) -> str:
    """An amount of money, whole rupiah."""
    return f"Rp {value:,}"


def decimal(value: float | None, places: int = 2) -> str:
    """A measure with a few decimals; a dash for none."""
    return ABSENT if value is None else f"{value:,.{places}f}"


def percent(of: float) -> str:
    """A share from 0 to 1 in percent."""
    return f"{of:.1%}"


def share(part: int, whole: int) -> str:
    """A share in percent; a dash of nothing."""
    return percent(part / whole) if whole else ABSENT


def words(name: str) -> str:
    """A state, flag or field as words."""
    return name.replace("_", " ")
