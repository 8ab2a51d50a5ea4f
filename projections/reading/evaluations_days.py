"""What is counted as of the end of a day, read from the sums over time.

The number of rows that are read follows from how many days lie behind each other and from how many values metrics can
have, not from how many classes were purchased. A session is in one snapshot.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from domain.counting import Metric, Tally
from domain.days import end_of, midnight_beside
from domain.evaluation import by_metric
from projections.days.changed import (
    BLOCK_OF,
    EVERYWHERE,
    PURCHASED,
    Kind,
    Sum,
    exact_code,
    range_of,
)
from projections.days.tallies import (
    NOTHING,
    add_between,
    add_days,
    add_encoded,
    add_to,
    count_keys,
    keys_of,
    no_tally,
    unpacked,
)
from projections.days.tallies import Tally as Packed
from projections.reading.catalogue import Known
from projections.reading.evaluations_sums import FEW, MANY, Finer, Scope, Span
from projections.reading.evaluations_within import EVERYTHING, Concerning, Near, nearest
from projections.reading.session import Session
from projections.storage.sql import load

SQL: Final = load("projections.reading", "evaluations_days.sql")

KEPT: Final = frozenset({int(Metric.SCORE_HUNDREDTH), int(Metric.TAKEN_HOURS)})
"""Finer metrics that partners and institutions have among their counts."""

MOST_BEHIND: Final = 5_000
"""Sums that are behind by more events than these are not used."""


async def day_answering(session: Session, partner_ids: Sequence[int], as_of: int) -> int | None:
    """The day as of whose end everything is as it is ``as_of``; None: that is not so, or the sums may not answer.

    That is the day that just ends, or just ended, unless something happened in the second around that midnight.
    """
    day = midnight_beside(as_of)
    if day is None or not await usable(session, partner_ids):
        return None
    if as_of == end_of(day):
        return day
    (happened,) = await session.fetchrow(SQL["midnights"], list(partner_ids), day)
    return None if happened else day


async def answering(
    session: Session,
    known: Known,
    partner_ids: Sequence[int],
    as_of: int,
    concerning: Concerning = EVERYTHING,
) -> Near | None:
    """The end of a day from which what is counted ``as_of`` follows; None: only the rows themselves can say."""
    day = await day_answering(session, partner_ids, as_of)
    if day is not None:
        return Near(day)
    if not await usable(session, partner_ids):
        return None
    return await nearest(session, known, partner_ids, as_of, concerning)


async def usable(session: Session, partner_ids: Sequence[int]) -> bool:
    """Whether the sums over time may answer: they are not far behind, and by the catalogue that rows are judged by."""
    (is_usable,) = await session.fetchrow(SQL["usable"], list(partner_ids), MOST_BEHIND)
    return bool(is_usable)


class OfScopes:
    """Sums of classes, of packages and of classes within packages, until a day."""

    finer = FEW

    def __init__(self, session: Session, scopes: Sequence[Scope], day: int) -> None:
        self._session = session
        self._scopes = scopes
        self._day = day

    async def counts(self, hours: Sequence[float]) -> list[Tally]:
        """Per scope everything coarse, and its silent purchases from the first of some hours on."""
        tallies = await added(self._session, Kind.SCOPE, self._scopes, self._day)
        return [counted(tally, hours[0]) for tally in tallies]

    async def details(self, spans: Sequence[Span]) -> list[dict[float, int]]:
        """Per span its values."""
        return await exact(self._session, self._scopes, self._day, spans)


class OfPartner:
    """Sums of a whole partner, until a day: one scope."""

    finer: Finer = MANY

    def __init__(self, session: Session, partner_id: int, day: int) -> None:
        self._session = session
        self._partner_id = partner_id
        self._day = day
        self._tally: Tally = Counter()

    async def counts(self, hours: Sequence[float]) -> list[Tally]:
        """Everything coarse, and its silent purchases from the first of some hours on."""
        kinds = (Kind.PARTNER_PLAIN, Kind.PARTNER_FURTHER)
        sums = [Sum(kind, self._partner_id, "", "") for kind in kinds]
        for tally in await until(self._session, sums, self._day):
            self._tally.update(counted(tally, hours[0]))
        return [self._tally]

    async def details(self, spans: Sequence[Span]) -> list[dict[float, int]]:
        """Per span its values."""
        exact = [span for span in spans if span.metric not in KEPT]
        scopes = [
            (self._partner_id, "", exact_code(*range_of(span.metric, span.low))) for span in exact
        ]
        found = await added(self._session, Kind.PARTNER_EXACT, scopes, self._day) if exact else []
        tallies = {
            span: within(counted(tally), span) for span, tally in zip(exact, found, strict=True)
        }
        return [
            within(self._tally, span) if span.metric in KEPT else tallies[span] for span in spans
        ]


class OfInstitution:
    """Sums of one institution at some partners, until a day: one scope."""

    finer: Finer = MANY

    def __init__(
        self,
        session: Session,
        institution: str,
        partner_ids: Sequence[int],
        taught: Sequence[tuple[int, str]],
        day: int,
    ) -> None:
        """``taught``: the classes that it taught then, partner id and class code each."""
        self._session = session
        self._sums = [
            Sum(kind, partner_id, "", institution)
            for partner_id in partner_ids
            for kind in (Kind.INSTITUTION_PLAIN, Kind.INSTITUTION_FURTHER)
        ]
        self._taught = [(partner_id, "", class_code) for partner_id, class_code in taught]
        self._day = day
        self._tally: Tally = Counter()

    async def counts(self, hours: Sequence[float]) -> list[Tally]:
        """Everything coarse, and its silent purchases from the first of some hours on."""
        for tally in await until(self._session, self._sums, self._day):
            self._tally.update(counted(tally, hours[0]))
        return [self._tally]

    async def details(self, spans: Sequence[Span]) -> list[dict[float, int]]:
        """Per span its values."""
        deeper = [span for span in spans if span.metric not in KEPT]
        found: dict[Span, dict[float, int]] = {}
        if deeper:
            taught, day = self._taught, self._day
            values = await exact(self._session, taught, day, deeper, together=True)
            found = dict(zip(deeper, values, strict=True))
        return [found[span] if span in found else within(self._tally, span) for span in spans]


async def headlines(session: Session, sums: Sequence[Sum], near: Near) -> list[Tally]:
    """Per sum of a plain kind what lists show of it."""
    tallies = await until(session, sums, near.day)
    for of, tally in zip(sums, tallies, strict=True):
        add_to(tally, near.of(of))
    return [counted(tally) for tally in tallies]


async def silences(session: Session, partner_id: int, near: Near) -> dict[str, tuple[int, int]]:
    """Class code to how many were purchased and how many never reported."""
    of = Sum(Kind.SILENCE, partner_id, "", "")
    (tally,) = await until(session, [of], near.day)
    add_to(tally, near.of(of))
    found: dict[str, tuple[int, int]] = {}
    for key, n in tally.items():
        prefix, code = str(key)[0], str(key)[1:]
        purchased, never = found.get(code, (0, 0))
        found[code] = (purchased + n, never) if prefix == PURCHASED else (purchased, never + n)
    return found


def sum_of_partner(partner_id: int) -> Sum:
    """What lists show of everything that a partner sold."""
    return Sum(Kind.PARTNER_PLAIN, partner_id, "", "")


def sum_of_institution(institution: str, partner_id: int = EVERYWHERE) -> Sum:
    """What lists show of what an institution teaches at a partner, or at all of them."""
    return Sum(Kind.INSTITUTION_PLAIN, partner_id, "", institution)


async def waiting(session: Session, partner_ids: Sequence[int]) -> tuple[int, Any]:
    """How many events and changes the sums over time do not follow yet, and since when (a time, or None).

    They are counted for every answer as of a time, also where it turns out to be judged from the rows.
    """
    row = await session.fetchrow(SQL["waiting"], list(partner_ids))
    return row["changes"], row["since"]


async def until(session: Session, sums: Sequence[Sum], day: int) -> list[Packed]:
    """Per sum of a cumulative kind everything until a day."""
    return await until_each(session, sums, [day] * len(sums))


async def until_each(session: Session, sums: Sequence[Sum], days: Sequence[int]) -> list[Packed]:
    """Per sum of a cumulative kind everything until a day of its own."""
    tallies = [no_tally() for _ in sums]
    blocks = [day >> BLOCK_OF[Kind(of.kind)] for of, day in zip(sums, days, strict=True)]
    rows = await session.fetch(SQL["until"], *_columns(sums, 4), blocks)
    for scope, block, before, changed in rows:
        place = scope - 1
        add_encoded(tallies[place], before)
        add_days(tallies[place], changed, days[place] if block == blocks[place] else None)
    return tallies


async def added(session: Session, kind: Kind, scopes: Iterable[Scope], day: int) -> list[Packed]:
    """Per scope everything of a kind that is not cumulative until a day."""
    wanted = list(scopes)
    tallies = [no_tally() for _ in wanted]
    for place, days, until_day in await _rows_until(session, kind, wanted, day):
        add_days(tallies[place], days, until_day)
    return tallies


async def exact(
    session: Session,
    scopes: Sequence[Scope],
    day: int,
    spans: Sequence[Span],
    *,
    together: bool = False,
) -> list[dict[float, int]]:
    """Per span the exact values of its scope until a day, or of all scopes ``together``."""
    found: list[dict[float, int]] = [{} for _ in spans]
    of = list(zip(found, spans, strict=True))
    named = range(len(scopes)) if together else sorted({span.scope for span in spans})
    wanted = [scopes[number] for number in named]
    for place, days, until_day in await _rows_until(session, Kind.SCOPE_EXACT, wanted, day):
        ranges = (
            (values, span.metric, span.low, span.below)
            for values, span in of
            if together or span.scope == named[place]
        )
        add_between(ranges, days, until_day)
    return found


async def _rows_until(
    session: Session, kind: Kind, scopes: Sequence[Scope], day: int
) -> list[tuple[int, bytes, int | None]]:
    """The number of a scope, days, and up to which of them (None: all): the rows of a kind that is not cumulative."""
    last = day >> BLOCK_OF[kind]
    rows = await session.fetch(SQL["added"], int(kind), *_columns(scopes, 3), last)
    return [(scope - 1, days, day if block == last else None) for scope, block, days in rows]


async def of_metrics(
    session: Session, scopes: Iterable[Scope], day: int, metrics: Iterable[int]
) -> list[Tally]:
    """Per class or package some plain metrics until a day: of each in one row."""
    wanted = list(scopes)
    tallies: list[Tally] = [Counter() for _ in wanted]
    keys = keys_of(metrics)
    last = day >> BLOCK_OF[Kind.SCOPE]
    kinds, blocks = [int(Kind.SCOPE)] * len(wanted), [last] * len(wanted)
    rows = await session.fetch(SQL["until"], kinds, *_columns(wanted, 3), blocks)
    for scope, block, before, changed in rows:
        until_day = day if block == last else None
        count_keys(tallies[scope - 1], before or NOTHING, changed, until_day, keys)
    return tallies


def counted(tally: Packed, first_hour: float | None = None) -> Tally:
    """A tally by metric and value; of silent purchases those from an hour on, all unless given."""
    found: Tally = Counter()
    for key, n in tally.items():
        if n:
            metric, value = unpacked(key)
            if first_hour is None or metric != Metric.SILENT_HOUR or value >= first_hour:
                found[metric, value] = n
    return found


def within(tally: Mapping[tuple[int, float], int], span: Span) -> dict[float, int]:
    """The values of a tally that are in a span."""
    values = by_metric(tally).get(span.metric, {})
    return {value: n for value, n in values.items() if span.low <= value < span.below}


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [[row[column] for row in rows] for column in range(width)]
