"""Days in Jakarta, by their numbers since 1970, and the weeks and months that they are in."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias

DAY: Final = 86_400_000_000
JAKARTA: Final = 7 * 3_600_000_000
"""Western Indonesian Time is seven hours ahead of UTC, all year."""
SECOND: Final = 1_000_000

Period: TypeAlias = Literal["day", "week", "month"]
PERIODS: Final[tuple[Period, ...]] = ("day", "week", "month")


def day_of(time: int) -> int:
    """The day (since 1970, in Jakarta) of a time in microseconds UTC."""
    return (time + JAKARTA) // DAY


def end_of(day: int) -> int:
    """The last microsecond (UTC) of a day in Jakarta."""
    return (day + 1) * DAY - JAKARTA - 1


def midnight_beside(time: int) -> int | None:
    """The day at whose end there is a midnight less than a second from a time; None: there is none."""
    into = (time + JAKARTA) % DAY
    if into >= DAY - SECOND:
        return day_of(time)
    return day_of(time) - 1 if into < SECOND else None


def begin_of(day: int) -> int:
    """The first microsecond (UTC) of a day in Jakarta."""
    return day * DAY - JAKARTA


def date_of(day: int) -> date:
    """The date of a day."""
    return _EPOCH + timedelta(days=day)


def day_of_date(of: date) -> int:
    """The day of a date."""
    return (of - _EPOCH).days


def first_day(day: int, period: Period) -> int:
    """The first day of the day's week (a Monday) or month, or the day itself."""
    if period == "week":
        return day - date_of(day).weekday()
    if period == "month":
        return day - date_of(day).day + 1
    return day


def next_first_day(first: int, period: Period) -> int:
    """The first day of the period behind the one that begins with a day."""
    if period == "month":
        begun = date_of(first)
        return first + monthrange(begun.year, begun.month)[1]
    return first + (7 if period == "week" else 1)


_EPOCH: Final = date(1970, 1, 1)

FIRST_DAY: Final = day_of_date(date.min)
LAST_DAY: Final = day_of_date(date.max)
"""The ends of the calendar. A time of the last seven hours of 9999 (UTC) is in Jakarta on a day behind it."""
