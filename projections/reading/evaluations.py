"""The evaluation of one class, package, institution or partner, from the sums or as of a time.

Each function answers None where nothing is known of what it is asked. ``as_of`` None: from the sums that are kept,
silences as old as they are ``now`` (microseconds UTC). As of a time it is read from the sums over
time, or, where these cannot say, judged from the rows. A session is in one snapshot, which ``known`` is not older than.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec.structs import asdict

from domain.counting import Tally
from domain.evaluation import Medians
from domain.vocabulary import PARTNER_CODES, PARTNERS
from projections.reading import evaluations_as_of as judged
from projections.reading import evaluations_days as days
from projections.reading import evaluations_links as links
from projections.reading import evaluations_near as near
from projections.reading import evaluations_sums as sums
from projections.reading.catalogue import Known
from projections.reading.evaluations_figures import figures, money_of, package_counts
from projections.reading.evaluations_shown import (
    ClassEvaluation,
    ClassSilence,
    InstitutionEvaluation,
    PackageEvaluation,
    PartnerEvaluation,
    completed_of_started,
)
from projections.reading.headlines import conflicts
from projections.reading.sequences import sequence
from projections.reading.session import Session
from projections.status.record import Rules

SQL: Final = sums.SQL

MOST_SILENT: Final = 250


async def waiting(
    session: Session, partner_ids: Sequence[int], as_of: int | None
) -> tuple[int, Any]:
    """How many changes of some partners an answer from sums has not yet, and since when (a time, or None).

    Where sums over time are so far behind that rows answer, within the same snapshot: none.
    """
    if as_of is not None:
        is_usable = await days.usable(session, partner_ids)
        return await days.waiting(session, partner_ids) if is_usable else (0, None)
    row = await session.fetchrow(SQL["waiting"], list(partner_ids))
    return row["changes"], row["since"]


async def of_class(
    session: Session, known: Known, partner_id: int, class_code: str, as_of: int | None, now: int
) -> ClassEvaluation | None:
    """The evaluation of one class."""
    rules = known.of(partner_id)
    scope = (partner_id, "", class_code)
    if as_of is None:
        ((tally, medians),) = await sums.counted(sums.OfScopes(session, [scope]), now)
    elif kept := await near.of_class(session, known, partner_id, class_code, as_of):
        ((tally, medians),) = await sums.counted(kept, as_of)
    else:
        counting = await judged.of_class(session, known, partner_id, class_code, as_of)
        tally, medians = counting.tally, counting.medians()
    if not tally and rules.catalogue.terms(class_code, as_of).title is None:
        return None
    return _of_class(partner_id, class_code, "", rules, tally, medians, as_of, now)


async def of_package(
    session: Session, known: Known, partner_id: int, package_code: str, as_of: int | None, now: int
) -> PackageEvaluation | None:
    """The evaluation of one package, class by class: its composition, or what was bought in it while that is unknown.

    A purchase counts for the package that its earliest payment with a package names; a class within it for the package
    of the earliest payment that names the class (domain/answer.py). They differ where a purchase was told as two.
    """
    rules = known.of(partner_id)
    composition = rules.catalogue.composition(package_code, as_of)
    kept: sums.Kept | None = None
    if as_of is not None and composition is not None:
        codes = list(dict.fromkeys(composition))
        kept = await near.of_package(session, known, partner_id, package_code, codes, as_of)
    if as_of is None:
        purchases, of_classes = await _package_sums(
            session, partner_id, package_code, composition, now
        )
    elif kept is not None and composition is not None:
        (purchases, _), *each = await sums.counted(kept, as_of)
        of_classes = dict(zip(dict.fromkeys(composition), each, strict=True))
    else:
        found = await judged.of_package(session, known, partner_id, package_code, as_of)
        purchases = found.purchases
        of_classes = {
            code: (of.tally, of.medians())
            for code, of in found.classes.items()
            if of.tally or composition
        }
    if composition is None and not purchases:
        return None
    partner = PARTNER_CODES[partner_id]
    where = {"partner": partner, "package_code": package_code}
    together = purchases.copy()
    for tally, _ in of_classes.values():
        together.update(tally)
    return PackageEvaluation(
        partner=partner,
        package_code=package_code,
        title=rules.catalogue.package_title(package_code, as_of),
        conflicts=conflicts(known, partner_id, package_code, as_of),
        money=money_of(together),
        classes=[
            _of_class(partner_id, code, package_code, rules, *of, as_of, now)
            for code, of in of_classes.items()
        ],
        links=links.package_purchases(as_of, **where),
        **asdict(package_counts(purchases)),
    )


async def of_institution(
    session: Session,
    known: Known,
    partner_ids: Sequence[int],
    institution: str,
    as_of: int | None,
    now: int,
) -> InstitutionEvaluation | None:
    """The evaluation of one institution, of what some partners sell."""
    if as_of is None:
        rows = await session.fetch(SQL["institution"], institution, list(partner_ids))
        classes = dict(rows)
        kept = sums.OfInstitution(session, institution, partner_ids)
        ((tally, medians),) = await sums.counted(kept, now)
    else:
        taught = known.classes_of_institution(institution, partner_ids, as_of)
        classes = dict(Counter(partner_id for partner_id, _ in taught))
        moved = await near.of_institution(session, known, partner_ids, institution, taught, as_of)
        if moved is None:
            counting = await judged.of_institution(session, known, taught, as_of)
            tally, medians = counting.tally, counting.medians()
        else:
            ((tally, medians),) = await sums.counted(moved, as_of)
    if not classes:
        return None
    found = figures(tally, medians, now if as_of is None else as_of)
    return InstitutionEvaluation(
        institution=institution,
        completed_of_started=completed_of_started(found["completed"], found["started"]),
        partners=[PARTNER_CODES[partner_id] for partner_id in sorted(classes)],
        classes=sum(classes.values()),
        links=links.purchased_classes(as_of, institution=institution),
        **found,
    )


async def of_partner(
    session: Session, known: Known, partner_id: int, as_of: int | None, now: int
) -> PartnerEvaluation:
    """The evaluation of one partner."""
    everything = [(partner_id, "", "")]
    if as_of is None:
        kept = sums.OfScopes(session, everything, sums.MANY)
        ((tally, medians),) = await sums.counted(kept, now)
        silent = await session.fetch(SQL["silent_classes"], partner_id, MOST_SILENT)
    elif moved := await near.of_partner(session, known, partner_id, as_of):
        ((tally, medians),) = await sums.counted(moved[0], as_of)
        silent = judged.most_silent(moved[1], MOST_SILENT)
    else:
        counting, by_class = await judged.of_partner(session, known, partner_id, as_of)
        silent = judged.most_silent(by_class, MOST_SILENT)
        tally, medians = counting.tally, counting.medians()
    partner = PARTNER_CODES[partner_id]
    packages = links.package_purchases(as_of, partner=partner)
    return PartnerEvaluation(
        partner=partner,
        name=PARTNERS[partner],
        packages=package_counts(tally),
        silence_by_class=_silent_classes(partner_id, silent, known.of(partner_id), as_of),
        sequence=await sequence(session, partner_id) if as_of is None else None,
        links=links.purchased_classes(as_of, partner=partner)
        | {f"packages_{figure}": path for figure, path in packages.items()},
        **figures(tally, medians, now if as_of is None else as_of),
    )


async def _package_sums(
    session: Session,
    partner_id: int,
    package_code: str,
    composition: Sequence[str] | None,
    now: int,
) -> tuple[Tally, dict[str, tuple[Tally, Medians]]]:
    unpublished = composition is None
    if composition is None:
        rows = await session.fetch(SQL["classes_of_package"], partner_id, package_code)
        class_codes = [class_code for (class_code,) in rows]
    else:
        class_codes = list(dict.fromkeys(composition))
    scopes = [(partner_id, package_code, class_code) for class_code in ("", *class_codes)]
    (purchases, _), *of_classes = await sums.counted(sums.OfScopes(session, scopes), now)
    named = zip(class_codes, of_classes, strict=True)
    return purchases, {code: of for code, of in named if of[0] or not unpublished}


def _silent_classes(
    partner_id: int, silent: Iterable[tuple[str, int, int]], rules: Rules, as_of: int | None
) -> list[ClassSilence]:
    """From (class code, purchased, never reported)."""
    kind = f"classes/{PARTNER_CODES[partner_id]}"
    found = []
    for class_code, purchased, never_reported in silent:
        terms = rules.catalogue.terms(class_code, as_of)
        path = links.evaluation(kind, class_code, as_of)
        names = (class_code, terms.title, terms.institution)
        found.append(ClassSilence(*names, purchased, never_reported, path))
    return found


def _of_class(
    partner_id: int,
    class_code: str,
    package_code: str,
    rules: Rules,
    tally: Tally,
    medians: Medians,
    as_of: int | None,
    now: int,
) -> ClassEvaluation:
    partner = PARTNER_CODES[partner_id]
    terms = rules.catalogue.terms(class_code, as_of)
    where = {"partner": partner, "class_code": class_code}
    if package_code:
        where["package_code"] = package_code
    return ClassEvaluation(
        partner=partner,
        class_code=class_code,
        title=terms.title,
        institution=terms.institution,
        move_on=terms.move_on,
        mastery_score=terms.mastery_score,
        links=links.purchased_classes(as_of, **where),
        **figures(tally, medians, now if as_of is None else as_of),
    )
