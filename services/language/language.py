"""One language as pages, reports and tables speak it."""

from datetime import date, datetime
from functools import cache, lru_cache
from typing import Final

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_compact_decimal, format_decimal, format_percent

from services.language.catalogue import LOCALES, SOURCE, translations
from services.language.instants import WIB, local
from services.language.words import WORDS

NAMES: Final = {"id": "Bahasa Indonesia", SOURCE: "English"}
"""What each calls itself."""

ABSENT: Final = "–"
NO_BREAK: Final = "\N{NO-BREAK SPACE}"
WHOLE_BELOW: Final = 10_000_000
"""Smaller amounts are short as they are."""


class Language:
    """Texts, numbers, amounts and times in one language. Times are shown in Jakarta's zone (WIB)."""

    def __init__(self, code: str) -> None:
        """``code``: one of ``LOCALES``. Raises KeyError for another."""
        self.code = code
        self.locale: Final = Locale.parse(LOCALES[code])
        self._texts = translations(code)
        # A page says the same numbers and days many times.
        self.day: Final = lru_cache(4_096)(self._day)
        self.date: Final = lru_cache(4_096)(self._date)
        self.integer: Final = lru_cache(4_096)(self._integer)
        self.percent: Final = lru_cache(4_096)(self._percent)

    def gettext(self, text: str) -> str:
        """A text that was written in English."""
        return self._texts.gettext(text)

    def say(self, text: str, **values: object) -> str:
        """A text that was written in English, with its placeholders filled."""
        said = self.gettext(text)
        return said % values if values else said

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The form of a text that goes with a count."""
        return self._texts.ngettext(one, many, count)

    def words(self, name: str) -> str:
        """A state, flag or field of the contract as people say it; another name without its underscores."""
        text = WORDS.get(name)
        return name.replace("_", " ") if text is None else self.gettext(text)

    def number(self, value: float | None, places: int = 2) -> str:
        """A count with thousands apart, a measure with at most some decimals, a dash for none."""
        if value is None:
            return ABSENT
        if isinstance(value, int):
            return self.integer(value)
        pattern = "#,##0." + "0" * places if places else "#,##0"
        return str(format_decimal(value, pattern, self.locale))

    def rupiah(self, value: int | None) -> str:
        """An amount of money, whole rupiah: `Rp 1.250.000`."""
        if value is None:
            return ABSENT
        sign = "-" if value < 0 else ""
        return f"{sign}Rp{NO_BREAK}{self.integer(abs(value))}"

    def short_rupiah(self, value: int) -> str:
        """An amount to look at, not to reckon with: `Rp 125,93 miliar`; whole below ten million."""
        if abs(value) < WHOLE_BELOW:
            return self.rupiah(value)
        told = format_compact_decimal(
            abs(value), format_type="long", locale=self.locale, fraction_digits=2
        )
        sign = "-" if value < 0 else ""
        return f"{sign}Rp{NO_BREAK}{told}"

    def share(self, part: int, whole: int) -> str:
        """A share in percent; empty of nothing."""
        return self.percent(part / whole) if whole else ""

    def long_day(self, of: date) -> str:
        """A day in full: `31 Desember 2020`."""
        return str(format_date(of, "d MMMM y", self.locale))

    def month(self, text: str) -> str:
        """The month of a day that is written `2020-12-31`: `Desember 2020`."""
        return str(format_date(date.fromisoformat(text), "MMMM y", self.locale))

    def short_month(self, text: str) -> str:
        """As ``month``, in short: `Des 2020`."""
        return str(format_date(date.fromisoformat(text), "MMM y", self.locale))

    def clock(self, of: datetime, *, seconds: bool = False) -> str:
        """A time of day to the minute, or to the second: `23.59` or `23:59`."""
        return str(format_time(of, "medium" if seconds else "short", locale=self.locale))

    def long_moment(self, text: str, *, seconds: bool = False) -> str:
        """A time of an answer in Jakarta, in full and with its zone: `31 Desember 2020, 23.59 WIB`."""
        at = local(text)
        return (
            f"{self.long_day(at)}, {self.clock(at.replace(tzinfo=None), seconds=seconds)} {at:%Z}"
        )

    def moment(self, text: str) -> str:
        """A time of an answer in Jakarta, to the minute."""
        at = local(text)
        zone = "" if at.tzinfo is WIB else f" {at:%Z}"
        return f"{self._short(at)} {self.clock(at.replace(tzinfo=None))}{zone}"

    def _day(self, text: str) -> str:
        """The day of a time of an answer in Jakarta: `31 Des 2020`."""
        return self._short(local(text))

    def _percent(self, of: float, places: int = 1) -> str:
        """A share from 0 to 1 in percent."""
        pattern = "#,##0." + "0" * places + "%" if places else "#,##0%"
        return str(format_percent(of, pattern, self.locale))

    def _date(self, text: str) -> str:
        """A day that is written `2020-12-31`, in full."""
        return self.long_day(date.fromisoformat(text))

    def _short(self, of: date) -> str:
        return str(format_date(of, "d MMM y", self.locale))

    def _integer(self, value: int) -> str:
        return str(format_decimal(value, "#,##0", self.locale))


@cache
def language(code: str) -> Language:
    """A language of ``LOCALES``, by its code; made once a process. Raises KeyError for another."""
    return Language(code)


def preferred_language(accept_language: str | None) -> str:
    """The code of the language that an Accept-Language header likes best; English where it likes none of ours.

    RFC 9110, section 12.5.4; a range such as `id-ID` means its language.
    """
    best, quality = SOURCE, 0.0
    for part in (accept_language or "").split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        code = name.partition("-")[0]
        liked = _quality(parameters)
        if code in LOCALES and liked > quality:
            best, quality = code, liked
    return best


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
