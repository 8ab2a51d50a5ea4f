"""Numbers, rupiah and days as CLDR has them, and which language a browser asks for."""

from datetime import date

import pytest

from services.language.catalogue import LOCALES
from services.language.language import NAMES, language, preferred_language

INDONESIAN, ENGLISH = language("id"), language("en")


def test_rupiah_are_whole_and_written_as_indonesians_do() -> None:
    assert INDONESIAN.rupiah(1_250_000) == "Rp\N{NO-BREAK SPACE}1.250.000"
    assert ENGLISH.rupiah(1_250_000) == "Rp\N{NO-BREAK SPACE}1,250,000"
    assert INDONESIAN.rupiah(-5) == "-Rp\N{NO-BREAK SPACE}5"
    assert INDONESIAN.rupiah(9_007_199_254_740_993) == "Rp\N{NO-BREAK SPACE}9.007.199.254.740.993"
    assert INDONESIAN.rupiah(None) == "–"


def test_days_are_said_in_full_and_in_short() -> None:
    assert INDONESIAN.long_day(date(2020, 12, 31)) == "31 Desember 2020"
    assert ENGLISH.long_day(date(2020, 12, 31)) == "31 December 2020"
    assert INDONESIAN.day("2020-08-31T17:00:00Z") == "1 Sep 2020"
    assert INDONESIAN.moment("2020-12-31T16:59:59Z") == "31 Des 2020 23.59"
    assert ENGLISH.moment("2020-12-31T16:59:59Z") == "31 Dec 2020 23:59"
    assert ENGLISH.moment("9999-12-31T23:59:59Z") == "31 Dec 9999 23:59 UTC"


def test_numbers_and_shares() -> None:
    assert INDONESIAN.number(1_234_567) == "1.234.567"
    assert INDONESIAN.number(1234.5) == "1.234,50"
    assert ENGLISH.number(1234.5) == "1,234.50"
    assert ENGLISH.number(None) == "–"
    assert INDONESIAN.share(1, 3) == "33,3%"
    assert INDONESIAN.share(1, 0) == ""
    assert ENGLISH.percent(0.125, 0) == "12%"


def test_words_of_the_contract() -> None:
    assert INDONESIAN.words("never_reported") == "tidak pernah dilaporkan"
    assert ENGLISH.words("never_reported") == "never reported"
    assert ENGLISH.words("not_known_here") == "not known here"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("id-ID,id;q=0.9,en-US;q=0.8", "id"),
        ("en-US,en;q=0.9,id;q=0.8", "en"),
        ("ja,id;q=0.1", "id"),
        ("id;q=0,en;q=0.1", "en"),
        ("ID", "id"),
        ("ja", "en"),
        ("*", "en"),
        ("", "en"),
        ("id;q=x", "en"),
        (None, "en"),
    ],
)
def test_the_browser_says_which_language(header: str | None, code: str) -> None:
    assert preferred_language(header) == code


def test_every_language_has_a_name() -> None:
    assert set(NAMES) == set(LOCALES)
