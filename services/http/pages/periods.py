"""How to leaf through a series: a page shows so many periods, and a reader may want the latest or the ones before."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from domain.days import Period, date_of, day_of_date, first_day
from services.http.pages.asking import day_of
from services.http.parameters import FIRST_DAY

SHOWN: Final = 60
"""Five years of months, two months of days."""


def latest_from(by: Period, until: str) -> str:
    """The day, as 2020-12-01, from which on the last so many periods are; ``until``: a day or instant of the last."""
    *_, begins = _back(by, day_of_date(date.fromisoformat(day_of(until))), SHOWN)
    return _written(begins)


def before(by: Period, first: str) -> tuple[str, str] | None:
    """From which day and until which the so many periods are that lie before a day; None: none can be asked for."""
    until = day_of_date(date.fromisoformat(first)) - 1
    if until < FIRST_DAY:
        return None
    *_, begins = _back(by, until, SHOWN)
    return _written(begins), _written(until)


def behind(last: str, until: str) -> str | None:
    """The day behind a period's last one; None where nothing can have happened then, ``until`` a day or instant."""
    following = day_of_date(date.fromisoformat(last)) + 1
    is_later = following <= day_of_date(date.fromisoformat(day_of(until)))
    return _written(following) if is_later else None


def _back(by: Period, day: int, count: int) -> Iterator[int]:
    """The first days of so many periods, back from that of a day; none before what can be asked for."""
    for _ in range(count):
        begins = first_day(day, by)
        yield max(begins, FIRST_DAY)
        day = begins - 1
        if day < FIRST_DAY:
            return


def _written(day: int) -> str:
    return date_of(day).isoformat()
