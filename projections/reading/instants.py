"""Times between the integers of the domain and what drivers and JSON take."""

from datetime import UTC, datetime, timedelta
from typing import overload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@overload
def instant(microseconds: int) -> datetime: ...
@overload
def instant(microseconds: int | None) -> datetime | None: ...


def instant(microseconds: int | None) -> datetime | None:
    """The UTC time of microseconds since 1970; JSON shows it as RFC 3339 ending in Z."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def microseconds(time: datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    return (time - _EPOCH) // _MICROSECOND
