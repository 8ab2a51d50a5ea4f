"""What a page was asked, and what a route is asked for it.

Forms have days where the API wants instants, and send fields that were left empty.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from projections.reading.paths import part
from services.http.parameters import sent_in
from services.http.routing import Route
from services.language.instants import WIB, local

UNTIL = {"as_of", "known_at"}
"""Parameters whose day is meant with its last moment."""

BEHIND = {"purchased_to", "until"}
"""Parameters whose day is meant with the moment behind it; of the others it is the first."""

BEGINNING: Final = "0001-01-01T00:00:00Z"
_TYPED: Final = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")

END: Final = "9999-12-31T23:59:59.999999Z"


def given(query_string: bytes) -> dict[str, str]:
    """What a form or link gave, without empty fields; of several values the last. Raises 422 for what is no UTF-8."""
    return {name: value.strip() for name, value in sent_in(query_string) if value.strip()}


def days_written_out(of: Mapping[str, str], route: Route) -> dict[str, str]:
    """The same with days that were typed as 31/12/2020 written 2020-12-31, as links and the API have them."""
    times = _times(route)
    return {name: _written_out(text) if name in times else text for name, text in of.items()}


def instants(of: Mapping[str, str], route: Route) -> dict[str, str]:
    """The same with days as the API's instants, in the time of Jakarta."""
    times = _times(route)
    return {name: _instant(name, text) if name in times else text for name, text in of.items()}


def day_of(text: str) -> str:
    """The day of a day or an instant, as 2020-12-31; empty for anything else."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    try:
        return local(text.replace(" ", "+")).date().isoformat()
    except msgspec.ValidationError:
        return ""


def typed_day(text: str) -> str:
    """The day of a day or an instant, as it is typed: 31/12/2020; empty for anything else."""
    day = day_of(text)
    return "/".join(reversed(day.split("-")))


def _times(route: Route) -> set[str]:
    return {each.name for each in route.parameters if each.schema.get("format") == "date-time"}


def _written_out(text: str) -> str:
    typed = _TYPED.fullmatch(text)
    if typed is None:
        return text
    day, month, year = (int(part) for part in typed.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return text


def page_path(path: str, as_of: str | None = None) -> str:
    """The page of a route's path, at the same time that this page is about."""
    page, _, query = path.removeprefix("/v1").partition("?")
    asked = dict(parse_qsl(query, encoding="utf-8"))
    if as_of is not None:
        asked.setdefault("as_of", as_of)
    return page + (f"?{urlencode(asked)}" if asked else "")


def place(*parts: str) -> str:
    """A path of its parts."""
    return "/" + "/".join(part(each) for each in parts)


def changed(query: Mapping[str, str], changes: Mapping[str, str | None]) -> str:
    """A query string with some parameters changed, or left out (None)."""
    kept = {name: value for name, value in {**query, **changes}.items() if value is not None}
    return f"?{urlencode(kept)}" if kept else ""


def _instant(name: str, text: str) -> str:
    try:
        of = date.fromisoformat(text)
    except ValueError:
        return text
    moment = datetime.combine(of, time.max if name in UNTIL else time.min)
    try:
        if name in BEHIND:
            moment += timedelta(days=1)
        return (moment - WIB.utcoffset(None)).isoformat() + "Z"
    except OverflowError:
        # The first and the last day begin and end with the calendar.
        return END if of.year == date.max.year else BEGINNING
