"""What may have been more, as of a time, than the status rows of now let one think.

Evidence grows: of a participant from whom nothing was withdrawn since, everything that was so then left its trace in
the rows of now. So these narrow lists as of a time as well, but for two things that are not growth: what was
withdrawn since, which rows forget, and packages published since, whose classes were not bought yet.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from projections.reading import watched
from projections.reading.catalogue import Known
from projections.reading.instants import instant
from projections.reading.session import Session
from projections.status.record import Rules
from projections.storage.sql import load

SQL: Final = load("projections.reading", "since_then.sql")


class Since(Struct, frozen=True):
    """What changed at a partner since a time in another way than by more evidence.

    ``persons``: from whom something was withdrawn; where ``is_followed``, which is where projections.watched_class may
    be asked, also those of whom not everything is followed. ``packages``: those first published since.
    """

    persons: Sequence[int]
    packages: Sequence[str]
    is_followed: bool


async def since(session: Session, known: Known, partner_id: int, as_of: int) -> Since | None:
    """What changed since ``as_of`` (microseconds UTC); None: rows say nothing of then.

    That is where a package had other classes then, and where rows are not judged by the catalogue that is ``known``.
    """
    rules = known.of(partner_id)
    row = await session.fetchrow(SQL["judged_by"], partner_id)
    if row is None or row[0] != rules.revision:
        return None
    packages = _published_since(rules, as_of)
    if packages is None:
        return None
    persons = set(await withdrew(session, partner_id, as_of))
    behind = await watched.touched(session, [partner_id])
    if behind is not None:
        persons.update(behind.get(partner_id, ()))
    return Since(sorted(persons), packages, behind is not None)


async def withdrew(session: Session, partner_id: int, as_of: int) -> list[int]:
    """The participants from whom something was withdrawn after ``as_of`` (microseconds UTC)."""
    rows = await session.fetch(SQL["withdrew"], partner_id, instant(as_of))
    return [person for (person,) in rows]


def _published_since(rules: Rules, as_of: int) -> list[str] | None:
    """The packages that were not published by ``as_of``; None: one had other classes then."""
    found: list[str] = []
    catalogue = rules.catalogue
    for package_code in catalogue.packages:
        then = catalogue.composition(package_code, as_of)
        now = catalogue.composition(package_code)
        if then is None and now is not None:
            found.append(package_code)
        elif then is not None and (now is None or set(now) != set(then)):
            return None
    return found
