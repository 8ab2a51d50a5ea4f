"""Shares of reports, and times on the terminal."""

from services.language.instants import WIB, local
from services.language.language import ABSENT, Language


def moment(text: str) -> str:
    """A time of an answer in Jakarta, to the minute, for tables on the terminal that say so."""
    at = local(text)
    shown = at.replace(tzinfo=None).isoformat(" ", "minutes")
    return shown if at.tzinfo is WIB else f"{shown} {at:%Z}"


def share(part: int, whole: int, language: Language) -> str:
    """A share in percent; a dash of nothing."""
    return language.share(part, whole) or ABSENT
