"""What is counted as of an instant within a day: the end of the nearer day, and whoever has an event in between.

Who that is the ledger says: the sums over time keep in which of its blocks there are events of a day
(projections.day_place). These people are judged as of both instants; by the difference the sums of that day's end are
moved. A session is in one snapshot, which ``known`` is not older than.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from domain.counting import Tally
from domain.days import FIRST_DAY, LAST_DAY, begin_of, day_of, end_of
from domain.participant import State
from domain.steps import View, moves
from projections.days.changed import Changed, Kind, Sum, Sums
from projections.days.tallies import Tally as Packed
from projections.days.tallies import add_to, no_tally, unpacked
from projections.reading.catalogue import Known
from projections.reading.evaluations_sums import Finer, Kept, Span
from projections.reading.evidence import AT_ONCE, classes_of, people
from projections.reading.instants import instant
from projections.reading.session import Session
from projections.status.record import Rules
from projections.storage.sql import load

SQL: Final = load("projections.reading", "evaluations_within.sql")


class Concerning(Struct, frozen=True):
    """What a question is about: classes by partner, or a package; None: everything that some partners sold."""

    classes: Mapping[int, Sequence[str]] | None = None
    package_code: str | None = None


EVERYTHING: Final = Concerning()


class Near(Struct, frozen=True):
    """The end of a day, and by what an instant near it has more, sum by sum."""

    day: int
    moved: Sums = field(default_factory=dict)

    def of(self, wanted: Sum) -> Packed:
        """By what an instant has more of a sum."""
        days = self.moved.get(wanted)
        return no_tally() if days is None else days.get(self.day, no_tally())


async def nearest(
    session: Session,
    known: Known,
    partner_ids: Sequence[int],
    as_of: int,
    concerning: Concerning = EVERYTHING,
) -> Near | None:
    """The nearer end of a day, with what lies between it and ``as_of``; None: only the rows themselves can say.

    That is where a publication lies between, or where rows, which say whom a class concerns, do not follow one yet.
    """
    today = day_of(as_of)
    is_before_noon = as_of - begin_of(today) < end_of(today) - as_of
    day = today - 1 if is_before_noon else today
    # The midnight before the first day, and that after the last, are in no calendar.
    day = min(max(day, FIRST_DAY), LAST_DAY)
    end = end_of(day)
    first, last = min(end, as_of), max(end, as_of)
    between = (instant(first), instant(last))
    (published,) = await session.fetchrow(SQL["published"], list(partner_ids), *between)
    if published:
        return None
    moved: Sums = {}
    for partner_id in partner_ids:
        rules = known.of(partner_id)
        changed = Changed(partner_id, rules.catalogue)
        who = await _whom(session, partner_id, today, between, concerning)
        for start in range(0, len(who), AT_ONCE):
            some = await people(session, partner_id, rules, who[start : start + AT_ONCE])
            for state in some.states.values():
                _add_moves(changed, state, rules, (end, as_of), day)
        for of, days in changed.sums().items():
            into = moved.setdefault(of, {})  # type: ignore[arg-type]
            for on, tally in days.items():
                add_to(into.setdefault(on, no_tally()), tally)
    return Near(day, moved)


async def _whom(
    session: Session,
    partner_id: int,
    day: int,
    between: tuple[object, object],
    concerning: Concerning,
) -> list[int]:
    stated = (partner_id, day, *between)
    if concerning.classes is not None:
        classes = list(concerning.classes.get(partner_id, ()))
        rows = await session.fetch(SQL["people_of_classes"], *stated, classes)
    elif concerning.package_code is not None:
        rows = await session.fetch(SQL["people_of_package"], *stated, concerning.package_code)
    else:
        rows = await session.fetch(SQL["people"], *stated)
    return [person for (person,) in rows]


def _add_moves(
    changed: Changed, state: State, rules: Rules, instants: tuple[int, int], day: int
) -> None:
    codes = classes_of(state, rules)
    view = View(state, rules.catalogue, rules.package_sales_end)
    changed.add(moves(view, codes, state.purchases, instants, day))


class Moved:
    """Sums that are moved: per scope by some more, or less."""

    def __init__(self, kept: Kept, moved: Iterable[Packed]) -> None:
        self.finer: Finer = kept.finer
        self._kept = kept
        self._moved = [_counted(tally) for tally in moved]

    async def counts(self, hours: Sequence[float]) -> list[Tally]:
        """Per scope everything coarse."""
        found: list[Tally] = []
        for tally, moved in zip(await self._kept.counts(hours), self._moved, strict=True):
            together = tally.copy()
            for key, n in moved.items():
                together[key] += n
            found.append(Counter({key: n for key, n in together.items() if n}))
        return found

    async def details(self, spans: Sequence[Span]) -> list[dict[float, int]]:
        """Per span its values."""
        found: list[dict[float, int]] = []
        for span, values in zip(spans, await self._kept.details(spans), strict=True):
            together = Counter(values)
            for (metric, value), n in self._moved[span.scope].items():
                if metric == span.metric and span.low <= value < span.below:
                    together[value] += n
            found.append({value: n for value, n in together.items() if n})
        return found


def of_scope(near: Near, partner_id: int, package_code: str, class_code: str) -> Packed:
    """By what a class, alone or within a package, or a package has more."""
    of = (partner_id, package_code, class_code)
    return _together(near.of(Sum(kind, *of)) for kind in (Kind.SCOPE, Kind.SCOPE_EXACT))


def of_partner(near: Near, partner_id: int) -> Packed:
    """By what a partner has more."""
    of = (partner_id, "", "")
    exact = [
        days.get(near.day, no_tally())
        for sum_, days in near.moved.items()
        if sum_.kind == Kind.PARTNER_EXACT and sum_.partner_id == partner_id
    ]
    kinds = (Kind.PARTNER_PLAIN, Kind.PARTNER_FURTHER)
    return _together([*(near.of(Sum(kind, *of)) for kind in kinds), *exact])


def of_institution(
    near: Near, institution: str, taught: Iterable[tuple[int, str]], partner_ids: Iterable[int]
) -> Packed:
    """By what an institution has more, that taught these classes."""
    coarse = [
        near.of(Sum(kind, partner_id, "", institution))
        for partner_id in partner_ids
        for kind in (Kind.INSTITUTION_PLAIN, Kind.INSTITUTION_FURTHER)
    ]
    exact = [near.of(Sum(Kind.SCOPE_EXACT, at, "", code)) for at, code in taught]
    return _together([*coarse, *exact])


def _together(tallies: Iterable[Packed]) -> Packed:
    total = no_tally()
    for tally in tallies:
        add_to(total, tally)
    return total


def _counted(tally: Packed) -> Tally:
    return Counter({unpacked(key): n for key, n in tally.items() if n})
