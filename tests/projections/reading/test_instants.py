"""Times between integers and datetimes."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.reading.instants import instant, microseconds

EARLIEST = -62_135_596_800_000_000
LATEST = 253_402_300_799_999_999


@given(st.integers(EARLIEST, LATEST))
def test_there_and_back(time: int) -> None:
    assert microseconds(instant(time)) == time


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (EARLIEST, "0001-01-01T00:00:00Z"),
        (LATEST, "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_json_shows_utc(time: int, text: str) -> None:
    assert msgspec.to_builtins(instant(time)) == text


def test_an_absent_time_stays_absent() -> None:
    assert instant(None) is None


def test_other_offsets_are_understood() -> None:
    jakarta = timezone(timedelta(hours=7))
    assert microseconds(datetime(2020, 6, 30, tzinfo=jakarta)) == microseconds(
        datetime(2020, 6, 29, 17, tzinfo=UTC)
    )
