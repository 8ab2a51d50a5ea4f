"""The catalogue of every partner in memory, never older than the rows that it judges.

Rows are judged when they are read. Queries that read rows therefore also read the catalogue's version, in the same
snapshot, and `CatalogueCache.at_least` brings what is kept in memory up to it: one comparison when nothing changed.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct, field

from domain.catalogue import State as Catalogue
from domain.catalogue import copied
from projections.catalogue import apply, change_of
from projections.reading.instants import microseconds
from projections.reading.session import Session
from projections.status.record import Rules
from projections.storage.sql import load

SQL = load("projections.reading", "catalogue.sql")

NO_RULES = Rules(Catalogue(), 2**63 - 1)
"""The rules of a partner that no writer has met: it has no rows either."""


class Version(NamedTuple):
    """Which catalogue: see the query ``version``. ``revision`` rises within a generation."""

    generation: int
    revision: int


class Known(Struct, frozen=True):
    """The rules of every partner at one version. Never changed: a newer version is another object."""

    version: Version
    rules: Mapping[int, Rules]
    ever_taught: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """Institution to the classes that it teaches or taught, in order; filled when somebody asks."""

    def of(self, partner_id: int) -> Rules:
        """The rules of one partner."""
        return self.rules.get(partner_id, NO_RULES)

    def classes_of_institution(
        self, institution: str, partner_ids: Iterable[int], as_of: int | None
    ) -> list[tuple[int, str]]:
        """(partner id, class code) of the classes that the institution teaches (by ``as_of``), in order."""
        wanted = set(partner_ids)
        return [
            (partner_id, class_code)
            for partner_id, class_code in self.institutions().get(institution, ())
            if partner_id in wanted
            and self.of(partner_id).catalogue.terms(class_code, as_of).institution == institution
        ]

    def institutions(self) -> Mapping[str, Sequence[tuple[int, str]]]:
        """Every institution that was ever published, to (partner id, class code) of its classes, in order."""
        if not self.ever_taught:
            for partner_id, rules in sorted(self.rules.items()):
                for class_code, published in sorted(rules.catalogue.classes.items()):
                    for institution in {terms.institution for terms in published}:
                        if institution is not None:
                            self.ever_taught.setdefault(institution, []).append(
                                (partner_id, class_code)
                            )
        return self.ever_taught


NOTHING_KNOWN = Known(Version(0, -1), {})


async def version(session: Session) -> Version:
    """The version of the catalogue in the session's snapshot."""
    row = await session.fetchrow(SQL["version"])
    return Version(row[0], row[1])


class CatalogueCache:
    """The newest catalogue that this process has read."""

    def __init__(self) -> None:
        self.known = NOTHING_KNOWN
        self._following = asyncio.Lock()

    async def at_least(self, session: Session, wanted: Version) -> Known:
        """The catalogue at ``wanted`` or newer; asks the database only when what is kept is older."""
        if self._serves(wanted):
            return self.known
        async with self._following:
            if not self._serves(wanted):
                self.known = await follow(session, self.known)
        return self.known

    def _serves(self, wanted: Version) -> bool:
        held = self.known.version
        return held.generation >= wanted.generation and held.revision >= wanted.revision


async def follow(session: Session, known: Known) -> Known:
    """The catalogue as the session sees it, reading only what changed since ``known`` where that is enough."""
    heads = await session.fetch(SQL["heads"])
    generation = heads[0]["generation"] if heads else known.version.generation
    total = 0
    followed: dict[int, Rules] = {}
    for partner_id, revision, package_sales_end, _generation in heads:
        total += revision
        held = known.rules.get(partner_id)
        if held is None or generation != known.version.generation:
            held = Rules(Catalogue(), 0)
        elif held.revision == revision:
            followed[partner_id] = held
            continue
        changed = await _changed(session, partner_id, held)
        followed[partner_id] = Rules(changed, microseconds(package_sales_end), revision)
    return Known(Version(generation, total), followed)


async def _changed(session: Session, partner_id: int, held: Rules) -> Catalogue:
    """What is held, and what changed since: another object, as others are still reading the one that is held."""
    catalogue = copied(held.catalogue)
    for columns in await session.fetch(SQL["changes"], partner_id, held.revision):
        kind, happened, *others = columns
        apply(catalogue, change_of(kind, microseconds(happened), *others))
    return catalogue


async def recorded_by(
    session: Session, partner_id: int, codes: Iterable[str], known_at: datetime | None
) -> Catalogue:
    """What had been recorded by then of some classes and packages of one partner."""
    catalogue = Catalogue()
    for columns in await session.fetch(SQL["recorded"], partner_id, list(codes), known_at):
        kind, happened, *others = columns
        apply(catalogue, change_of(kind, microseconds(happened), *others))
    return catalogue
