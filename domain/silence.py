"""How old the silences are: purchased classes on which the partner never reported a word (contract section 3)."""

from collections.abc import Iterable

from domain.counting import HOUR_SECONDS, SECOND

AGES: tuple[tuple[str, int], ...] = (
    ("under_24_hours", 0),
    ("24_to_48_hours", 24),
    ("2_to_7_days", 48),
    ("7_to_30_days", 7 * 24),
    ("30_to_90_days", 30 * 24),
    ("90_days_or_more", 90 * 24),
)
"""How old a silence is: name and least age in hours. Institution and partner have a day each to report."""

OLDEST, OLDEST_HOURS = AGES[-1]


def first_hours(as_of: int) -> list[int]:
    """The earliest hours of purchase of each age but the oldest, in ascending order."""
    now = hour_of(as_of)
    return [now - least + 1 for _, least in reversed(AGES) if least]


def hour_of(time: int) -> int:
    """The hour (since 1970 UTC) that a time in microseconds UTC lies in."""
    return time // (HOUR_SECONDS * SECOND)


def silence(
    never_reported: int, silent_hours: Iterable[tuple[float, int]], as_of: int
) -> dict[str, int]:
    """Never-reported purchased classes by age at ``as_of`` (microseconds UTC).

    ``silent_hours``: hour of the purchase and how many; those of the oldest age may be left out, for they are the
    rest of all ``never_reported``, and those of one age may be counted under any hour of it. Ages are in whole hours,
    from the hour of the purchase.
    """
    now = hour_of(as_of)
    ages = dict.fromkeys([name for name, _ in AGES], 0)
    younger = 0
    for hour, times in silent_hours:
        age = now - hour
        if age < OLDEST_HOURS:
            ages[next(name for name, least in reversed(AGES) if age >= least or not least)] += times
            younger += times
    ages[OLDEST] = never_reported - younger
    return ages
