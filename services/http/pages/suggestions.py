"""Names that a field suggests, from the catalogue in memory."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from projections.reading.catalogue import Known, Version
from services.http.access import Caller
from services.http.pages.context import Visit
from services.http.sources import Sources

MOST: Final = 200
"""So many a page suggests: more would make it heavy, and nobody reads them."""


class _Held:
    """The catalogue that was looked through last."""

    known: Known | None = None


async def institutions(sources: Sources, caller: Caller, visit: Visit) -> Sequence[str]:
    """Institutions that a page's filter suggests; none where it has no such filter. Raises DatabaseAway."""
    if not visit.has("institution"):
        return ()
    async with sources.of(caller).snapshot() as (_, known):
        return names_in(known, caller.partner_ids(None))[:MOST]


def names_in(known: Known, partner_ids: tuple[int, ...]) -> Sequence[str]:
    """Every institution that teaches a class of these partners, in order."""
    if _Held.known is None or _Held.known.version != known.version:
        _Held.known = known
    return _names(known.version, partner_ids)


@lru_cache(32)
def _names(_version: Version, partner_ids: tuple[int, ...]) -> Sequence[str]:
    known = _Held.known
    assert known is not None  # noqa: S101 - names_in has set it
    found = {
        known.of(partner_id).catalogue.terms(class_code).institution
        for partner_id in partner_ids
        for class_code in known.of(partner_id).catalogue.standing_classes
    }
    return sorted(name for name in found if name)
