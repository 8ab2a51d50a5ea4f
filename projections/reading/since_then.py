"""What may have been more, as of a time, than the status rows of now let one think.

Evidence grows: of a participant from whom nothing was withdrawn since, everything that was so then left its trace in
the rows of now. So these narrow lists as of a time as well, but for two things that are not growth: what was
withdrawn since, which rows forget, and packages published since, whose classes were not bought yet.
"""

from collections.abc import Iterable, Mapping, Sequence
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

    ``withdrew``: participants from whom something was withdrawn. ``unfollowed``: those of whom not everything is
    followed, where ``is_followed``, that is where projections.watched_class may be asked. ``packages``: those first
    published since.
    """

    withdrew: Sequence[int]
    unfollowed: Sequence[int]
    is_followed: bool
    packages: Sequence[str]

    @property
    def persons(self) -> list[int]:
        """Participants of whom rows do not say what can have been."""
        return sorted({*self.withdrew, *self.unfollowed})


async def since(
    session: Session, known: Known, partner_ids: Iterable[int], as_of: int
) -> Mapping[int, Since]:
    """By partner what changed since ``as_of`` (microseconds UTC), of those whose rows say something of then.

    They say nothing where a package had other classes then, and where they are not judged by the catalogue that is
    ``known``.
    """
    packages: dict[int, list[str]] = {}
    revisions = dict(await session.fetch(SQL["judged_by"], list(partner_ids)))
    for partner_id, revision in revisions.items():
        rules = known.of(partner_id)
        later = _published_since(rules, as_of)
        if revision == rules.revision and later is not None:
            packages[partner_id] = later
    who = await withdrew(session, list(packages), as_of)
    behind = await watched.touched(session, list(packages))
    return {
        of: Since(who[of], (behind or {}).get(of, ()), behind is not None, later)
        for of, later in packages.items()
    }


async def who_withdrew(
    session: Session, partner_ids: Sequence[int], as_of: int, changes: Mapping[int, Since]
) -> Mapping[int, Sequence[int]]:
    """As `withdrew`, where ``changes`` of some partners are known already."""
    others = [partner_id for partner_id in partner_ids if partner_id not in changes]
    found: dict[int, Sequence[int]] = {of: changed.withdrew for of, changed in changes.items()}
    return found | (dict(await withdrew(session, others, as_of)) if others else {})


async def withdrew(
    session: Session, partner_ids: Sequence[int], as_of: int
) -> Mapping[int, list[int]]:
    """By partner the participants from whom something was withdrawn after ``as_of`` (microseconds UTC)."""
    found: dict[int, list[int]] = {partner_id: [] for partner_id in partner_ids}
    for partner_id, person in await session.fetch(
        SQL["withdrew"], list(partner_ids), instant(as_of)
    ):
        found[partner_id].append(person)
    return found


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
