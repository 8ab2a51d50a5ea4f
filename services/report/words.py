"""Numbers, shares and times as people read them."""

from typing import Final

from services.language.instants import WIB, local

ABSENT: Final = "–"


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
