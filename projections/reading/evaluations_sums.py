"""What is counted of classes, packages, institutions and partners, read from the sums that are kept.

The number of rows that are read follows from how many values the metrics can have, not from how many classes were
purchased. Medians are found level by level. A session is in one snapshot.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from domain.counting import Metric, Tally
from domain.evaluation import Medians, by_metric
from domain.median import (
    hours_of_day,
    hundredths_of_tenth,
    mean_of,
    middle_ranks,
    nth,
    scores_of_hundredth,
    scores_of_tenth,
    seconds_of_day,
    seconds_of_hour,
)
from domain.silence import first_hours
from projections.reading.session import Session
from projections.storage.sql import load

SQL: Final = load("projections.reading", "evaluations.sql")

Scope: TypeAlias = tuple[int, str, str]
"""Partner id, package code, class code; either code is '' for all."""


class Span(NamedTuple):
    """Some values of a fine metric: of which scope (by number, from 0), from a value and below another one."""

    scope: int
    metric: int
    low: float
    below: float


Finer: TypeAlias = Mapping[int, tuple[Metric, Callable[[float], tuple[float, float]]]]
"""A metric to the next finer one, and to the values of that one that one of its values stands for."""

FEW: Final[Finer] = {
    Metric.SCORE_TENTH: (Metric.SCORE, scores_of_tenth),
    Metric.TAKEN_DAYS: (Metric.TAKEN_SECONDS, seconds_of_day),
}
"""The way to exact values in classes and packages."""

MANY: Final[Finer] = {
    Metric.SCORE_TENTH: (Metric.SCORE_HUNDREDTH, hundredths_of_tenth),
    Metric.SCORE_HUNDREDTH: (Metric.SCORE, scores_of_hundredth),
    Metric.TAKEN_DAYS: (Metric.TAKEN_HOURS, hours_of_day),
    Metric.TAKEN_HOURS: (Metric.TAKEN_SECONDS, seconds_of_hour),
}
"""The way in institutions and whole partners."""


class Kept(Protocol):
    """Sums of some scopes."""

    finer: Finer

    async def counts(self, hours: Sequence[float]) -> list[Tally]:
        """Per scope everything coarse, and how many silent purchases there are between hours, under one of each."""

    async def details(self, spans: Sequence[Span]) -> list[dict[float, int]]:
        """Per span its values."""


class OfScopes:
    """The sums of classes, of packages and of classes within packages, or of a whole partner."""

    def __init__(self, session: Session, scopes: Sequence[Scope], finer: Finer = FEW) -> None:
        """``finer`` is the way that these scopes have: MANY for whole partners."""
        self._session = session
        self._scopes = scopes
        self.finer = finer

    async def counts(self, hours: Sequence[float]) -> list[Tally]:
        columns = _columns(self._scopes, 3)
        rows = await self._session.fetch(SQL["counts"], *columns, hours)
        return _tallies(rows, len(self._scopes))

    async def details(self, spans: Sequence[Span]) -> list[dict[float, int]]:
        wanted = [(*self._scopes[span.scope], *span[1:]) for span in spans]
        rows = await self._session.fetch(SQL["details"], *_columns(wanted, 6))
        return _values(rows, len(spans))


class OfInstitution:
    """The sums of one institution at some partners: one scope."""

    finer = MANY

    def __init__(self, session: Session, institution: str, partner_ids: Sequence[int]) -> None:
        self._session = session
        self._of = (institution, list(partner_ids))

    async def counts(self, hours: Sequence[float]) -> list[Tally]:
        rows = await self._session.fetch(SQL["institution_counts"], *self._of, hours)
        return _tallies(rows, 1)

    async def details(self, spans: Sequence[Span]) -> list[dict[float, int]]:
        columns = _columns([span[1:] for span in spans], 3)
        rows = await self._session.fetch(SQL["institution_details"], *self._of, *columns)
        return _values(rows, len(spans))


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [[row[column] for row in rows] for column in range(width)]


def _tallies(rows: Sequence[Any], scopes: int) -> list[Tally]:
    tallies: list[Tally] = [Counter() for _ in range(scopes)]
    for scope, metric, value, n in rows:
        tallies[scope - 1][metric, value] = n
    return tallies


def _values(rows: Sequence[Any], spans: int) -> list[dict[float, int]]:
    values: list[dict[float, int]] = [{} for _ in range(spans)]
    for place, value, n in rows:
        values[place - 1][value] = n
    return values


async def counted(kept: Kept, as_of: int) -> list[tuple[Tally, Medians]]:
    """Per scope its tally, with what `domain.silence` needs at ``as_of``, and its medians."""
    tallies = await kept.counts([float(hour) for hour in first_hours(as_of)])
    return list(zip(tallies, await _medians(kept, tallies), strict=True))


class Sought(NamedTuple):
    """The element at a rank of a span's values; ``coarse`` is the metric that the search began with."""

    coarse: int
    span: Span
    rank: int


async def _medians(kept: Kept, tallies: Sequence[Tally]) -> list[Medians]:
    middles: dict[tuple[int, int], list[float]] = defaultdict(list)
    sought: list[Sought] = []

    def finer(scope: int, metric: int, value: float) -> Span:
        next_metric, values_of = kept.finer[metric]
        return Span(scope, next_metric, *values_of(value))

    for scope, tally in enumerate(tallies):
        of = by_metric(tally)
        for coarse in (Metric.SCORE_TENTH, Metric.TAKEN_DAYS):
            values = of.get(coarse, {})
            for rank in middle_ranks(sum(values.values())):
                found = nth(values, rank)
                sought.append(Sought(coarse, finer(scope, coarse, found.value), found.rank))
    while sought:
        spans = sorted({of.span for of in sought})
        values_of = dict(zip(spans, await kept.details(spans), strict=True))
        deeper: list[Sought] = []
        for of_metric, span, rank in sought:
            found = nth(values_of[span], rank)
            if span.metric in kept.finer:
                next_span = finer(span.scope, span.metric, found.value)
                deeper.append(Sought(of_metric, next_span, found.rank))
            else:
                middles[span.scope, of_metric].append(found.value)
        sought = deeper
    return [
        Medians(
            mean_of(middles[scope, Metric.SCORE_TENTH]),
            mean_of(middles[scope, Metric.TAKEN_DAYS]),
        )
        for scope in range(len(tallies))
    ]
