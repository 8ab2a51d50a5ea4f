"""Evaluations over time: what each day, week or month in Jakarta added, and what stood at its end.

The counts at the end of a period are those of the evaluation as of that instant; what happened in it is by how much
they grew. They are added up day by day, from the sums over time, or, where these are behind, from what every
participant in question did. A session is in one snapshot, which ``known`` is not older than.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from math import inf
from typing import Final, TypeAlias

from msgspec import Struct

from domain.counting import Tally
from domain.days import LAST_DAY, Period, date_of, day_of, end_of, first_day, next_first_day
from projections.reading import evaluations_as_of as judged
from projections.reading import evaluations_near as near
from projections.reading import series_steps as steps
from projections.reading.catalogue import Known
from projections.reading.evaluations_sums import Kept
from projections.reading.series_shown import SeriesPeriod, shown
from projections.reading.series_steps import Steps
from projections.reading.session import Session

MOST_PERIODS: Final = 4_000
"""So many periods a series has at most: ten years of days."""


class TooManyPeriods(Exception):
    """A series of so many periods is not answered."""


class Wanted(Struct, frozen=True):
    """Which periods, all until ``as_of`` (microseconds UTC) or ``now``.

    ``first`` and ``last`` are days in Jakarta that they are about; None: since anything happened, and until now. Only
    those that begin behind a day (as 2020-12-31) are told, and ``most`` of these, None: all.
    """

    by: Period
    first: int | None
    last: int | None
    as_of: int | None
    now: int
    behind: str = ""
    most: int | None = None

    def periods(self, begun: int | None) -> list[tuple[int, int]]:
        """The first and last day of each period; ``begun``: the day since which anything happened, None: nothing did.

        Raises TooManyPeriods.
        """
        since = begun if self.first is None else self.first
        if since is None:
            return []
        upto = day_of(self.now if self.as_of is None else self.as_of)
        if self.last is not None:
            upto = min(upto, self.last) if self.as_of is not None else self.last
        upto = min(upto, LAST_DAY)
        most = MOST_PERIODS * _LEAST_DAYS[self.by]
        if upto - since > most:
            if self.first is not None:
                raise TooManyPeriods
            # One event with a time of long ago must not hide what is asked for.
            since = upto - most
        if since > upto:
            return []
        found: list[tuple[int, int]] = []
        begin = first_day(since, self.by)
        while begin <= upto:
            following = next_first_day(begin, self.by)
            found.append((begin, min(following - 1, LAST_DAY)))
            begin = following
        return [each for each in found if date_of(each[0]).isoformat() > self.behind][: self.most]

    def end_of(self, period: tuple[int, int]) -> int:
        """The instant at which the counts of a period stand."""
        end = end_of(period[1])
        return end if self.as_of is None else min(end, self.as_of)


_LEAST_DAYS: Final = {"day": 1, "week": 7, "month": 28}

Judged: TypeAlias = Callable[[int], Awaitable[Tally]]
"""What is counted as of an instant within a day."""


async def of_class(
    session: Session, known: Known, partner_id: int, class_code: str, wanted: Wanted
) -> list[SeriesPeriod] | None:
    """One class; None where nothing is known of it."""
    source = await steps.of_class(session, known, partner_id, class_code)
    published = known.of(partner_id).catalogue.terms(class_code, wanted.as_of).title is not None

    async def judge(as_of: int) -> Tally:
        kept = await near.of_class(session, known, partner_id, class_code, as_of)
        if kept is not None:
            return await _counts(kept)
        return (await judged.of_class(session, known, partner_id, class_code, as_of)).tally

    return await _series(source, wanted, judge, exists=published)


async def of_package(
    session: Session, known: Known, partner_id: int, package_code: str, wanted: Wanted
) -> list[SeriesPeriod] | None:
    """One package: its purchases, and its classes within them together; None where nothing is known of it."""
    source = await steps.of_package(session, known, partner_id, package_code)
    composition = known.of(partner_id).catalogue.composition(package_code, wanted.as_of)

    async def judge(as_of: int) -> Tally:
        codes = known.of(partner_id).catalogue.composition(package_code, as_of)
        if codes is not None:
            classes = list(dict.fromkeys(codes))
            kept = await near.of_package(session, known, partner_id, package_code, classes, as_of)
            if kept is not None:
                return await _counts(kept)
        found = await judged.of_package(session, known, partner_id, package_code, as_of)
        tally = found.purchases.copy()
        for counting in found.classes.values():
            tally.update(counting.tally)
        return tally

    exists = composition is not None
    return await _series(source, wanted, judge, exists=exists, packages=True)


async def of_institution(
    session: Session, known: Known, partner_ids: Sequence[int], institution: str, wanted: Wanted
) -> list[SeriesPeriod] | None:
    """One institution, of what some partners sell; None where it never taught anything.

    One whose classes all moved away has its past, and what they took along when they left.
    """
    if not any(of in partner_ids for of, _ in known.institutions().get(institution, ())):
        return None
    exists = bool(known.classes_of_institution(institution, partner_ids, wanted.as_of))
    source = await steps.of_institution(session, known, partner_ids, institution)

    async def judge(as_of: int) -> Tally:
        taught = known.classes_of_institution(institution, partner_ids, as_of)
        kept = await near.of_institution(session, known, partner_ids, institution, taught, as_of)
        if kept is not None:
            return await _counts(kept)
        return (await judged.of_institution(session, known, taught, as_of)).tally

    return await _series(source, wanted, judge, exists=exists)


async def of_partner(
    session: Session, known: Known, partner_id: int, wanted: Wanted
) -> list[SeriesPeriod] | None:
    """One partner: everything that it sold."""
    source = await steps.of_partner(session, known, partner_id)

    async def judge(as_of: int) -> Tally:
        found = await near.of_partner(session, known, partner_id, as_of)
        if found is not None:
            return await _counts(found[0])
        return (await judged.of_partner(session, known, partner_id, as_of))[0].tally

    return await _series(source, wanted, judge, exists=True, packages=True)


async def _counts(kept: Kept) -> Tally:
    """What all scopes of some sums count together; nothing that only silences and medians need."""
    together: Tally = Counter()
    for tally in await kept.counts([inf]):
        together.update(tally)
    return together


async def _series(
    source: Steps, wanted: Wanted, judge: Judged, *, exists: bool, packages: bool = False
) -> list[SeriesPeriod] | None:
    """The periods in order; None where nothing ever happened to what does not exist."""
    begun = source.begun(wanted.as_of)
    if begun is None and not exists:
        return None
    periods = wanted.periods(begun)
    if not periods:
        return []
    ends = [wanted.end_of(period) for period in periods]
    days = [periods[0][0] - 1, *(day_of(end) for end in ends)]
    tallies = source.at(days)
    if ends[-1] != end_of(days[-1]):
        tallies[-1] = await judge(ends[-1])
    return [
        shown(wanted.by, period, end, of, packages=packages)
        for period, end, of in zip(periods, ends, pairwise(tallies), strict=True)
    ]
