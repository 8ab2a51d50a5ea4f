"""How often things are counted, as bytes: what the rows of projections.day_block hold.

A tally is a list in which each key has its number behind it, in order of the keys. What days of a block changed is a
list of days with a tally each. Equal contents are equal bytes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Raw

from domain import counting
from domain.counting import Metric
from domain.vocabulary import ASSESSMENT_STATES, COMPLETION_STATES

Key: TypeAlias = int | float | str
"""A metric with one of its whole values as one number; a fraction: a score itself; a text: a class."""

Tally: TypeAlias = defaultdict[Key, int]

_METRICS: Final = 64
"""More than the numbers of metrics go."""
_SCORE: Final = int(Metric.SCORE)

PLAIN: Final = frozenset(range(20)) | frozenset(range(30, 50))
"""Metrics that lists and series show: counts, ratings, packages and money."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[int | float | str]).decode
_decode_counts: Final = msgspec.msgpack.Decoder(list[int]).decode
_decode_counts_of_days: Final = msgspec.msgpack.Decoder(list[tuple[int, list[int]]]).decode
_decode_exact_days: Final = msgspec.msgpack.Decoder(list[tuple[int, list[int | float]]]).decode
_decode_days: Final = msgspec.msgpack.Decoder(list[tuple[int, Raw]]).decode

NOTHING: Final = _encode([])
"""An empty tally as bytes."""


def packed(metric: int, value: float) -> int | float:
    """A metric with one of its values as a key."""
    return float(value) if metric == _SCORE else (int(value) + 1) * _METRICS + metric


def unpacked(key: Key) -> tuple[int, float]:
    """The metric and the value that `packed` made the key of."""
    if isinstance(key, int):
        return key % _METRICS, float(key // _METRICS - 1)
    return _SCORE, float(key)


def metric_of(key: Key) -> int:
    """The metric of a key that `packed` made."""
    return key % _METRICS if isinstance(key, int) else _SCORE


def no_tally() -> Tally:
    """An empty tally."""
    return defaultdict(int)


def is_plain(metric: int) -> bool:
    """Whether lists and series show the metric."""
    return metric in PLAIN


def add_to(tally: Tally, of: Mapping[Key, int], times: int = 1) -> None:
    """Adds another tally so many times."""
    for key, n in of.items():
        tally[key] += n * times


def encoded(tally: Mapping[Key, int]) -> bytes | None:
    """The tally as bytes; None: nothing is counted."""
    flat: list[Key] = []
    for key in sorted(tally):
        if n := tally[key]:
            flat += (key, n)
    return _encode(flat) if flat else None


def add_encoded(tally: dict[Key, int], content: bytes | memoryview | Raw | None) -> None:
    """Adds a tally that is given as bytes."""
    if content is not None:
        for key, n in items(content):
            tally[key] = tally.get(key, 0) + n


def days_in(content: bytes | memoryview | None) -> list[tuple[int, Raw]]:
    """The days that a row holds, each with its tally as bytes, in order."""
    return [] if content is None else _decode_days(content)


def with_days(
    content: bytes | memoryview | None, changes: Mapping[int, Mapping[Key, int]]
) -> bytes | None:
    """What a row holds with the changes of some days; None: nothing is left of it."""
    held = dict(days_in(content))
    for day, change in changes.items():
        before = held.get(day)
        if before is None:
            new = encoded(change)
        else:
            tally = no_tally()
            add_encoded(tally, before)
            add_to(tally, change)
            new = encoded(tally)
        if new is None:
            held.pop(day, None)
        else:
            held[day] = Raw(new)
    return _encode(sorted(held.items(), key=lambda day: day[0])) if held else None


def add_days(tally: Tally, content: bytes | memoryview | None, until: int | None = None) -> None:
    """Adds all days of a row, or those until one of them."""
    for day, of_day in days_in(content):
        if until is not None and day > until:
            break
        add_encoded(tally, of_day)


def keys_of(metrics: Iterable[int]) -> Mapping[int, tuple[int, float]]:
    """Every key that some plain metrics can have, with the metric and the value."""
    return {
        int(packed(metric, value)): (metric, float(value))
        for metric in metrics
        for value in range(_values_of(metric))
    }


def _values_of(metric: int) -> int:
    """How many values a plain metric can have: stars, states, or none but 0."""
    if metric == Metric.RATING:
        return 6
    return max(len(COMPLETION_STATES), len(ASSESSMENT_STATES)) if metric >= Metric.PAID else 1


def count_keys(
    counts: counting.Tally,
    before: bytes,
    days: bytes,
    until: int | None,
    keys: Mapping[int, tuple[int, float]],
) -> None:
    """Counts some keys of a row without exact values: all that was before it, and its days until one of them."""
    last = max(keys)
    _count_keys(counts, _decode_counts(before), keys, last)
    for day, of_day in _decode_counts_of_days(days):
        if until is not None and day > until:
            return
        _count_keys(counts, of_day, keys, last)


def _count_keys(
    counts: counting.Tally, flat: Iterable[int], keys: Mapping[int, tuple[int, float]], last: int
) -> None:
    keys_and_numbers = iter(flat)
    for key, n in zip(keys_and_numbers, keys_and_numbers, strict=True):
        if key in keys:
            counts[keys[key]] += n
        elif key > last:
            return


def add_between(
    of: Iterable[tuple[dict[float, int], int, float, float]], days: bytes, until: int | None
) -> None:
    """Adds exact values of a row's days, or of those until one of them, to each of some counts by value.

    Each is given with its metric, and the value from which on, and the one below which, values are wanted.
    """
    wanted = [
        (values, metric, packed(metric, low), packed(metric, below))
        for values, metric, low, below in of
    ]
    for day, flat in _decode_exact_days(days):
        if until is not None and day > until:
            return
        keys_and_numbers = iter(flat)
        for key, n in zip(keys_and_numbers, keys_and_numbers, strict=True):
            for values, metric, first, behind in wanted:
                if first <= key < behind and metric_of(key) == metric:
                    value = unpacked(key)[1]
                    values[value] = values.get(value, 0) + int(n)


def summed(tallies: Iterable[Mapping[Key, int]]) -> Tally:
    """Some tallies together."""
    total = no_tally()
    for tally in tallies:
        add_to(total, tally)
    return total


def items(content: bytes | memoryview | Raw) -> Iterator[tuple[Key, int]]:
    """The keys and numbers of a tally as bytes."""
    flat = _decode(content)
    numbers: list[Any] = flat[1::2]
    return zip(flat[::2], numbers, strict=True)
