import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cloudevents import time
from services.cloudevents.time import microseconds

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GRAMMAR = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:[0-6]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


def exact(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)


@settings(deadline=None)
@given(
    st.datetimes(),
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
    st.sampled_from([0, 1, 2, 3, 4, 5, 6, 9]),
    st.sampled_from("Tt"),
)
def test_it_agrees_with_datetime(local: datetime, offset: int, digits: int, t: str) -> None:
    unit = 10 ** max(6 - digits, 0)
    local = local.replace(microsecond=local.microsecond // unit * unit)
    fraction = f".{local.microsecond:06}999"[: digits + 1] if digits else ""
    sign = "-" if offset < 0 else "+"
    text = f"{local:%H:%M:%S}{fraction}{sign}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    written = f"{local.date().isoformat()}{t}{text}"
    zone = timezone(timedelta(minutes=offset))
    within = time.EARLIEST <= exact(local.replace(tzinfo=UTC)) - offset * 60_000_000 <= time.LATEST
    assert microseconds(written) == (exact(local.replace(tzinfo=zone)) if within else None)


@settings(deadline=None)
@given(
    st.from_regex(
        r"\A2020-06-30[Tt](09|23|24):(15|59|60):(00|59|60)([.,][0-9]{0,8})?([Zz]|[+-][0-9:]{0,8}){0,2}\Z"
    )
)
def test_what_is_read_is_of_the_grammar(text: str) -> None:
    assert microseconds(text) is None or GRAMMAR.fullmatch(text)


@settings(deadline=None)
@given(st.text(alphabet="0123456789-:.TtZz+ ", max_size=40))
def test_any_text_is_read_or_has_a_fault(text: str) -> None:
    assert (microseconds(text) is None) or text[10:11] in {"T", "t"}
    assert time.fault(text)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01T07:00:00+07:00", 0),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2020-06-30T00:00:00-00:00", 1_593_475_200_000_000),
        ("2020-06-30T00:00:00.1Z", 1_593_475_200_100_000),
        ("2020-06-30T00:00:00.12+00:00", 1_593_475_200_120_000),
        ("2020-06-30T00:00:00.123Z", 1_593_475_200_123_000),
        ("2020-06-30T00:00:00.1234567Z", 1_593_475_200_123_456),
        ("2020-06-30T00:00:00.9999999999Z", 1_593_475_200_999_999),
        ("2020-06-30T00:00:00." + "0" * 5000 + "+00:00", 1_593_475_200_000_000),
        ("2020-02-29T12:00:00+23:59", 1_582_891_260_000_000),
        ("0001-01-01T00:00:00Z", time.EARLIEST),
        ("0000-12-31T23:00:00-01:00", time.EARLIEST),
        ("9999-12-31T23:59:59.999999Z", time.LATEST),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
        ("2016-12-31T23:59:60.75Z", 1_483_228_800_750_000),
        ("2015-07-01T06:59:60+07:00", 1_435_708_800_000_000),
    ],
)
def test_times_that_are_read(text: str, instant: int) -> None:
    assert microseconds(text) == instant


NO_FORM = "is not an RFC 3339 time such as 2020-06-30T09:15:00+07:00"
NO_OFFSET = "has no offset: add Z or an offset such as +07:00"
NO_DAY = "names a day that the calendar does not have"
NO_CLOCK = "names an hour, minute or second that the clock does not have"
NO_ZONE = "has an offset that is not within -23:59 and +23:59"
NO_LEAP = "has second 60, which is only at 23:59:60 UTC on 30 June or 31 December"
NO_YEAR = "is outside the years 0001 to 9999 in UTC"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", NO_FORM),
        ("2020-06-30", NO_FORM),
        ("2020-06-30T09:15Z", NO_FORM),
        ("2020-06-30 09:15:00Z", NO_FORM),
        ("20200630T091500Z", NO_FORM),
        ("2020-W27-2T09:15:00Z", NO_FORM),
        ("2020-182T09:15:00Z", NO_FORM),
        ("2020-06-30T09:15:00,5Z", NO_FORM),
        ("2020-06-30T09:15:00.Z", NO_FORM),
        ("2020-06-30T09:15:00.+07:00", NO_FORM),
        ("2020-06-30T09:15:00.5.5Z", NO_FORM),
        ("2020-06-30T09:15:00.-5Z", NO_FORM),
        ("2020-06-30T09:15:00.\u0661Z", NO_FORM),
        ("2020-06-30T09:15:00.\u00b2Z", NO_FORM),
        ("2020-06-30T09:15:00+0700", NO_FORM),
        ("2020-06-30T09:15:00+07", NO_FORM),
        ("2020-06-30T09:15:00+07:00:00", NO_FORM),
        ("2020-06-30T09:15:00 +07:00", NO_FORM),
        ("2020-06-30T09:15:00\u221207:00", NO_FORM),
        ("2020-06-30T09:15:00WIB", NO_FORM),
        ("2020-06-30T09:15:00Z ", NO_FORM),
        ("2020-06-30T09:15:00Z\n", NO_FORM),
        (" 2020-06-30T09:15:00Z", NO_FORM),
        ("\uff12020-06-30T09:15:00Z", NO_FORM),
        ("12020-06-30T09:15:00Z", NO_FORM),
        ("+2020-06-30T09:15:00Z", NO_FORM),
        ("-001-06-30T09:15:00Z", NO_FORM),
        ("2020-6-30T09:15:00Z", NO_FORM),
        ("1593483300", NO_FORM),
        ("2020-06-30T09:15:00", NO_OFFSET),
        ("2020-06-30t09:15:00.5", NO_OFFSET),
        ("2020-06-30 09:15:00", NO_OFFSET),
        ("2020-06-30T09:15", NO_OFFSET),
        ("2020-06-31T09:15:00Z", NO_DAY),
        ("2019-02-29T09:15:00Z", NO_DAY),
        ("1900-02-29T09:15:00Z", NO_DAY),
        ("2020-13-01T09:15:00Z", NO_DAY),
        ("2020-00-01T09:15:00Z", NO_DAY),
        ("2020-01-00T09:15:00Z", NO_DAY),
        ("2020-06-30T24:00:00Z", NO_CLOCK),
        ("2020-06-30T09:60:00Z", NO_CLOCK),
        ("2020-06-30T09:15:61Z", NO_CLOCK),
        ("2020-06-30T09:15:00+24:00", NO_ZONE),
        ("2020-06-30T09:15:00+07:60", NO_ZONE),
        ("2020-06-30T09:15:60Z", NO_LEAP),
        ("2020-07-01T09:15:60Z", NO_LEAP),
        ("2020-06-30T23:59:60+07:00", NO_LEAP),
        ("2020-03-31T23:59:60Z", NO_LEAP),
        ("0001-01-01T00:00:00+00:01", NO_YEAR),
        ("0000-12-31T23:59:59Z", NO_YEAR),
        ("0000-02-29T00:00:00Z", NO_YEAR),
        ("9999-12-31T23:59:59-00:01", NO_YEAR),
        ("9999-12-31T23:59:60Z", NO_YEAR),
    ],
)
def test_times_that_are_not_read(text: str, fault: str) -> None:
    assert microseconds(text) is None
    assert time.fault(text) == fault
