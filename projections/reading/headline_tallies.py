"""What is counted of many classes or packages at once: from the sums of now, from those by day, or from judged rows."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol, TypeAlias

from domain.counting import Tally
from projections.days.changed import BLOCK_OF, Kind, Sum
from projections.days.tallies import NOTHING, PLAIN, count_keys, keys_of, no_tally
from projections.reading import evaluations_days as days
from projections.reading.catalogue import Known
from projections.reading.evaluations_within import Near
from projections.reading.session import Session
from projections.storage.sql import load

SQL: Final = load("projections.reading", "headlines.sql")

Named: TypeAlias = tuple[int, str]
"""Partner id, and the code of a class or a package."""

Judge: TypeAlias = Callable[[Session, Known, int, int], Awaitable[Mapping[str, Tally]]]
"""From a partner and a time to the tallies of everything that was sold by then, by code."""


class Tallies(Protocol):
    """The counts of some classes or packages."""

    async def of(self, named: Sequence[Named], metrics: Sequence[int]) -> Mapping[Named, Tally]:
        """The tallies of these, with some metrics at least."""


class Kept:
    """As they are now, by a statement of headlines.sql."""

    def __init__(self, session: Session, statement: str) -> None:
        self._session = session
        self._statement = SQL[statement]

    async def of(self, named: Sequence[Named], metrics: Sequence[int]) -> Mapping[Named, Tally]:
        """The tallies of these, with some metrics."""
        tallies: dict[Named, Tally] = {each: Counter() for each in named}
        columns = [[partner_id for partner_id, _ in named], [code for _, code in named]]
        rows = await self._session.fetch(self._statement, *columns, metrics)
        for place, metric, value, n in rows:
            tallies[named[place - 1]][metric, value] = n
        return tallies


class ReadOnce:
    """Tallies with all metrics, each asked for once."""

    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies
        self._read: dict[Named, Tally] = {}

    async def of(self, named: Sequence[Named], metrics: Sequence[int]) -> Mapping[Named, Tally]:
        """The tallies of these, with all metrics."""
        new = [each for each in named if each not in self._read]
        if new:
            self._read |= await self._tallies.of(new, metrics)
        return {each: self._read[each] for each in named}


class ClassesOfDay:
    """Classes as of the end of a day, moved by what lies between that and the time."""

    def __init__(self, session: Session, near: Near) -> None:
        self._session = session
        self._near = near

    async def of(self, named: Sequence[Named], metrics: Sequence[int]) -> Mapping[Named, Tally]:
        """The tallies of these, with those metrics."""
        scopes = [(partner_id, "", code) for partner_id, code in named]
        found = await days.of_metrics(self._session, scopes, self._near.day, metrics)
        if self._near.moved:
            for scope, tally in zip(scopes, found, strict=True):
                tally.update(days.counted(self._near.of(Sum(Kind.SCOPE, *scope))))
        return dict(zip(named, found, strict=True))


class PackagesOfDay:
    """Packages, with their classes within them, as of the end of a day, moved by what lies between."""

    def __init__(self, session: Session, near: Near) -> None:
        self._session = session
        self._near = near

    async def sold(self, partner_ids: Sequence[int]) -> list[Named]:
        """The packages of which anything is summed."""
        rows = await self._session.fetch(SQL["summed_packages"], list(partner_ids))
        moved = {
            (of.partner_id, of.package_code)
            for of in self._near.moved
            if of.kind == Kind.SCOPE and of.package_code and not of.code
        }
        return sorted({tuple(row) for row in rows} | moved)

    async def of(self, named: Sequence[Named], metrics: Sequence[int]) -> Mapping[Named, Tally]:
        """The tallies of these, with all plain metrics."""
        del metrics
        tallies: dict[Named, Tally] = {each: Counter() for each in named}
        last, keys = self._near.day >> BLOCK_OF[Kind.SCOPE], keys_of(PLAIN)
        columns = [[partner_id for partner_id, _ in named], [code for _, code in named]]
        rows = await self._session.fetch(SQL["packages_by_day"], *columns, last)
        for place, block, before, content in rows:
            until = self._near.day if block == last else None
            count_keys(tallies[named[place - 1]], before or NOTHING, content, until, keys)
        for of, moved in self._near.moved.items():
            tally = tallies.get((of.partner_id, of.package_code))
            if tally is not None and of.kind == Kind.SCOPE:
                tally.update(days.counted(moved.get(self._near.day, no_tally())))
        return tallies


class Judged:
    """As of a time, from rows that were judged one by one."""

    def __init__(self, tallies: Mapping[Named, Tally]) -> None:
        self.tallies = tallies

    async def of(self, named: Sequence[Named], metrics: Sequence[int]) -> Mapping[Named, Tally]:
        """The tallies of these, with all metrics."""
        del metrics
        return {each: self.tallies.get(each, Counter()) for each in named}


async def judged(
    session: Session, known: Known, partner_ids: Sequence[int], as_of: int, judge: Judge
) -> Judged:
    """Everything of some partners with a payment by then."""
    found: dict[Named, Tally] = {}
    for partner_id in partner_ids:
        by_code = await judge(session, known, partner_id, as_of)
        found |= {(partner_id, code): tally for code, tally in by_code.items()}
    return Judged(found)
