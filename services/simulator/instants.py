"""Instants of the season: microseconds since 1970-01-01T00:00:00Z, and how partners write them."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(year: int, month: int, day: int, hour: int = 0) -> int:
    """Microseconds of an hour of Western Indonesian Time (UTC+7), the time most partners live by."""
    moment = datetime(year, month, day, hour, tzinfo=UTC) - timedelta(hours=7)
    return (moment - _EPOCH) // timedelta(microseconds=1)


# The decision against packages: in force from its signature on 30 June 2020 (contract, section 1).
PACKAGE_SALES_END: Final = instant(2020, 6, 30)


def rfc3339(happened: int, offset_hours: int, fraction_digits: int) -> str:
    """RFC 3339 text of an instant with an offset of 0 to 14 hours (0 is written as Z).

    `fraction_digits` is 0, 3 or 6; digits beyond it are cut off.
    """
    days, rest = divmod(happened + offset_hours * HOUR, DAY)
    seconds, micros = divmod(rest, SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    fraction = f".{micros:06d}"[: fraction_digits + 1] if fraction_digits else ""
    offset = f"+{offset_hours:02d}:00" if offset_hours else "Z"
    return f"{_date(days)}T{hour:02d}:{minute:02d}:{second:02d}{fraction}{offset}"


@lru_cache(maxsize=2048)
def _date(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()
