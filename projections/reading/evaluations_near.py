"""The sums as of a time: those of the end of a day, moved by what lies between. None where only the rows can say."""

from collections.abc import Iterable, Sequence

from projections.reading import evaluations_days as days
from projections.reading import evaluations_within as within
from projections.reading.catalogue import Known
from projections.reading.evaluations_sums import Kept
from projections.reading.evaluations_within import Concerning, Moved
from projections.reading.session import Session


async def of_class(
    session: Session, known: Known, partner_id: int, class_code: str, as_of: int
) -> Kept | None:
    """One class."""
    concerning = Concerning(classes={partner_id: [class_code]})
    near = await days.answering(session, known, [partner_id], as_of, concerning)
    if near is None:
        return None
    scope = (partner_id, "", class_code)
    return Moved(days.OfScopes(session, [scope], near.day), [within.of_scope(near, *scope)])


async def of_package(
    session: Session,
    known: Known,
    partner_id: int,
    package_code: str,
    class_codes: Iterable[str],
    as_of: int,
) -> Kept | None:
    """One package, and some classes within it, a scope each."""
    concerning = Concerning(package_code=package_code)
    near = await days.answering(session, known, [partner_id], as_of, concerning)
    if near is None:
        return None
    scopes = [(partner_id, package_code, class_code) for class_code in ("", *class_codes)]
    moved = [within.of_scope(near, *scope) for scope in scopes]
    return Moved(days.OfScopes(session, scopes, near.day), moved)


async def of_institution(
    session: Session,
    known: Known,
    partner_ids: Sequence[int],
    institution: str,
    taught: Sequence[tuple[int, str]],
    as_of: int,
) -> Kept | None:
    """One institution at some partners; ``taught``: the classes that it taught then."""
    classes: dict[int, list[str]] = {}
    for partner_id, class_code in taught:
        classes.setdefault(partner_id, []).append(class_code)
    near = await days.answering(session, known, partner_ids, as_of, Concerning(classes=classes))
    if near is None:
        return None
    kept = days.OfInstitution(session, institution, partner_ids, taught, near.day)
    return Moved(kept, [within.of_institution(near, institution, taught, partner_ids)])


async def of_partner(
    session: Session, known: Known, partner_id: int, as_of: int
) -> tuple[Kept, dict[str, tuple[int, int]]] | None:
    """One partner, and by class code how many were purchased and never reported."""
    near = await days.answering(session, known, [partner_id], as_of)
    if near is None:
        return None
    kept = Moved(
        days.OfPartner(session, partner_id, near.day), [within.of_partner(near, partner_id)]
    )
    return kept, await days.silences(session, partner_id, near)
