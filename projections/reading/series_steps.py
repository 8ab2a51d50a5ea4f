"""What each day changed in the plain counts of a class, package, institution or partner.

It is read from the sums over time. Where these are far behind, or by another catalogue than rows are judged by, it is
found by looking at every participant in question. A session is in one snapshot.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from domain.counting import Tally
from domain.days import end_of
from domain.vocabulary import PARTNER_CODES
from projections.days.changed import EVERYWHERE, Changed, Kind, Sum
from projections.days.looking import look_at_all
from projections.days.tallies import (
    Tally as Packed,
)
from projections.days.tallies import (
    add_encoded,
    add_to,
    days_in,
    is_plain,
    metric_of,
    no_tally,
    unpacked,
)
from projections.reading import evaluations_days
from projections.reading.catalogue import Known
from projections.reading.evidence import AT_ONCE, people
from projections.reading.session import Session
from projections.storage.sql import load

SQL: Final = load("projections.reading", "series.sql")

Days = dict[int, Packed]
"""What each day changed."""


class Steps:
    """What each day changed in one sum."""

    def __init__(self, days: Days) -> None:
        self._days = sorted(days.items())

    def begun(self, as_of: int | None) -> int | None:
        """The first day on which anything changed (by ``as_of``), None: there is none."""
        for day, change in self._days:
            if any(change.values()):
                return day if as_of is None or end_of(day - 1) < as_of else None
        return None

    def at(self, days: Sequence[int]) -> list[Tally]:
        """What is counted at the end of each of some days, given in order."""
        found: list[Tally] = []
        tally = no_tally()
        steps = iter(self._days)
        step = next(steps, None)
        for day in days:
            while step is not None and step[0] <= day:
                add_to(tally, step[1])
                step = next(steps, None)
            found.append(Counter({unpacked(key): n for key, n in tally.items() if n}))
        return found


class StepsOfPackage(Steps):
    """What each day changed in the purchases of a package, and in the classes that it has as of then."""

    def __init__(
        self, known: Known, partner_id: int, package_code: str, sums: dict[Sum, Days]
    ) -> None:
        super().__init__(_together(sums.values()))
        self._catalogue = known.of(partner_id).catalogue
        self._package_code = package_code
        self._of = {of.code: Steps(days) for of, days in sums.items()}

    def at(self, days: Sequence[int]) -> list[Tally]:
        by_code = {code: steps.at(days) for code, steps in self._of.items()}
        found: list[Tally] = []
        for place, day in enumerate(days):
            composition = self._catalogue.composition(self._package_code, end_of(day))
            codes = by_code if composition is None else ("", *dict.fromkeys(composition))
            tally: Tally = Counter()
            for code in codes:
                if code in by_code:
                    tally.update(by_code[code][place])
            found.append(tally)
        return found


async def of_class(session: Session, known: Known, partner_id: int, class_code: str) -> Steps:
    """Of one class."""
    wanted = [Sum(Kind.SCOPE, partner_id, "", class_code)]
    if not await _usable(session, [partner_id]):
        rows = await session.fetch(SQL["people_of_classes"], partner_id, [class_code])
        return Steps(_of(await _looked_at(session, known, partner_id, rows), wanted))
    return Steps(_together((await _kept(session, wanted)).values()))


async def of_package(session: Session, known: Known, partner_id: int, package_code: str) -> Steps:
    """Of one package."""
    if await _usable(session, [partner_id]):
        rows = await session.fetch(SQL["scopes_of_package"], partner_id, package_code)
        wanted = [Sum(Kind.SCOPE, partner_id, package_code, code) for (code,) in rows]
        sums = await _kept(session, wanted)
    else:
        rows = await session.fetch(SQL["people_of_package"], partner_id, package_code)
        sums = {
            of: days
            for of, days in (await _looked_at(session, known, partner_id, rows)).items()
            if of.kind == Kind.SCOPE and of.package_code == package_code
        }
    return StepsOfPackage(known, partner_id, package_code, sums)


async def of_institution(
    session: Session, known: Known, partner_ids: Sequence[int], institution: str
) -> Steps:
    """Of one institution, of what some partners sell."""
    if await _usable(session, partner_ids):
        places = [EVERYWHERE] if len(partner_ids) == len(PARTNER_CODES) else partner_ids
        wanted = [Sum(Kind.INSTITUTION_PLAIN, place, "", institution) for place in places]
        return Steps(_together((await _kept(session, wanted)).values()))
    found: list[Days] = []
    for partner_id in partner_ids:
        classes = [
            code for at, code in known.institutions().get(institution, ()) if at == partner_id
        ]
        rows = await session.fetch(SQL["people_of_classes"], partner_id, classes)
        wanted = [Sum(Kind.INSTITUTION_PLAIN, partner_id, "", institution)]
        found.append(_of(await _looked_at(session, known, partner_id, rows), wanted))
    return Steps(_together(found))


async def of_partner(session: Session, known: Known, partner_id: int) -> Steps:
    """Of everything that a partner sold."""
    wanted = [Sum(Kind.PARTNER_PLAIN, partner_id, "", "")]
    if not await _usable(session, [partner_id]):
        rows = await session.fetch(SQL["people_of_partner"], partner_id)
        return Steps(_of(await _looked_at(session, known, partner_id, rows), wanted))
    return Steps(_together((await _kept(session, wanted)).values()))


async def _usable(session: Session, partner_ids: Sequence[int]) -> bool:
    return await evaluations_days.usable(session, partner_ids)


async def _kept(session: Session, wanted: Sequence[Sum]) -> dict[Sum, Days]:
    """What is plain of every day of some sums."""
    found: dict[Sum, Days] = {of: {} for of in wanted}
    columns = [list(column) for column in zip(*wanted, strict=True)] or [[], [], [], []]
    for scope, days in await session.fetch(SQL["days"], *columns):
        into = found[wanted[scope - 1]]
        for day, content in days_in(days):
            tally = no_tally()
            add_encoded(tally, content)
            into[day] = _plain(tally)
    return found


async def _looked_at(
    session: Session, known: Known, partner_id: int, rows: Iterable[Sequence[int]]
) -> dict[Sum, Days]:
    """What every day changed of all that some participants of a partner did."""
    rules = known.of(partner_id)
    changed = Changed(partner_id, rules.catalogue)
    everybody = [person for (person,) in rows]
    for start in range(0, len(everybody), AT_ONCE):
        some = await people(session, partner_id, rules, everybody[start : start + AT_ONCE])
        for person, state in some.states.items():
            look_at_all(person, state, rules, changed)
    return {
        of: {day: _plain(tally) for day, tally in days.items()}
        for of, days in changed.sums().items()
    }


def _of(sums: dict[Sum, Days], wanted: Iterable[Sum]) -> Days:
    return _together(sums.get(of, {}) for of in wanted)


def _together(of: Iterable[Days]) -> Days:
    found: Days = {}
    for days in of:
        for day, tally in days.items():
            add_to(found.setdefault(day, no_tally()), tally)
    return found


def _plain(tally: Packed) -> Packed:
    kept = no_tally()
    for key, n in tally.items():
        if is_plain(metric_of(key)):
            kept[key] = n
    return kept
