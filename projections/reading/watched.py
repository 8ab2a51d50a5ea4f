"""Which rows worklists may have, by what the project service follows of each class (projections.watched_class).

It follows the ledger a little behind; of whom it has not followed everything all rows may be wanted, and none is taken
from there. Where it is too far behind, or by another catalogue, it is not asked, and rows are judged one by one.
Whatever is found here is judged in the end. A session is in one snapshot.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from domain.first_completion import FirstState
from domain.vocabulary import AssessmentState, CompletionState
from domain.watched import state_number
from projections.reading import evaluations_days as days
from projections.reading.class_filter import Filter
from projections.reading.counted_classes import classes_with
from projections.reading.instants import instant
from projections.reading.session import Session
from projections.storage.sql import filled, load

FEW: Final = 1_000
"""So many rows are rather sorted than looked for among all others."""

ODD: Final = frozenset(
    {
        state_number("in_progress", "failed"),
        state_number("in_progress", "passed"),
        state_number("completed", "failed"),
    }
)
"""States that few rows are in, which have an index of their own."""

SQL: Final = {
    **load("projections.reading", "watched.sql"),
    "filters": load("projections.reading", "purchased_classes.sql")["filters"],
}


class Rows(Struct, frozen=True):
    """A statement for the next rows of a partner, and its values behind those of the filters."""

    statement: str
    values: Sequence[Any]


async def touched(session: Session, partner_ids: Sequence[int]) -> dict[int, list[int]] | None:
    """By partner the participants of whom not everything is followed; None: do not ask what is."""
    if not await days.usable(session, partner_ids):
        return None
    found: defaultdict[int, list[int]] = defaultdict(list)
    for partner_id, person in await session.fetch(SQL["touched"], list(partner_ids)):
        found[partner_id].append(person)
    return dict(found)


async def rows_of(
    session: Session, partner_id: int, wanted: Filter, codes: Sequence[str] | None
) -> Rows | None:
    """What finds the rows of a filter that no index of purchased classes has; None: another statement does."""
    if codes is not None or wanted.is_of_few() or wanted.package_code is not None:
        return None
    state = odd_state(wanted.completion, wanted.assessment)
    if state is None and wanted.stalled_since is None:
        return None
    behind = await touched(session, [partner_id])
    if behind is None:
        return None
    persons = behind.get(partner_id, [])
    if state is not None:
        return Rows(_statement("odd"), (state, persons))
    since = instant(wanted.stalled_since)
    (stalled,) = await session.fetchrow(SQL["count_stalled"], partner_id, since, FEW)
    if stalled >= FEW:
        return Rows(_statement("many_stalled"), (since, persons))
    codes = await never_reported(session, partner_id, wanted)
    silent = "$17::text[] IS NULL" if codes is None else "class_code = ANY ($17::text[])"
    return Rows(_statement("few_stalled", silent=silent), (since, persons, codes))


async def few_odd(
    session: Session, partner_id: int, wanted: Filter
) -> tuple[int, Sequence[int]] | None:
    """The odd state that a filter asks for, where few rows are in it, and whose rows may be in it as well.

    None: there are other ways to its rows.
    """
    state = odd_state(wanted.completion, wanted.assessment)
    if state is None or (behind := await touched(session, [partner_id])) is None:
        return None
    (count,) = await session.fetchrow(SQL["count_odd"], partner_id, state, FEW)
    return None if count >= FEW else (state, behind.get(partner_id, []))


async def never_reported(session: Session, partner_id: int, wanted: Filter) -> list[str] | None:
    """The classes that may have a row that was never reported on, where few have; None: any may."""
    if wanted.completion not in {None, "never_reported"} or wanted.is_of_reported():
        return []
    return await classes_with(session, partner_id, "never_reported")


def odd_state(completion: CompletionState | None, assessment: AssessmentState | None) -> int | None:
    """The number of two states that are asked for together; None: not both are, or they are not odd."""
    if completion is None or assessment is None:
        return None
    state = state_number(completion, assessment)
    return state if state in ODD else None


async def completers(
    session: Session,
    partner_ids: Sequence[int],
    state: FirstState | None,
    bounds: tuple[int | None, int | None],
    behind: int,
    rows: int,
) -> list[int] | None:
    """The next persons of whom any class may be, since a time within the bounds, what first completions ask for.

    ``state``: ready or missing, or None for either. None: nobody is kept so.
    """
    not_followed = await touched(session, partner_ids)
    if not_followed is None:
        return None
    asked = {"asked": _ASKED[state]}
    persons = sorted({person for some in not_followed.values() for person in some})
    if bounds == (None, None):
        found = await session.fetch(filled(SQL["at_any_time"], asked), behind, rows, persons)
        return [person for (person,) in found]
    low, high = (instant(bound) for bound in bounds)
    (became,) = await session.fetchrow(filled(SQL["count_since"], asked), low, high, FEW)
    name = "few_since" if became < FEW else "many_since"
    found = await session.fetch(filled(SQL[name], asked), behind, rows, low, high, persons)
    return [person for (person,) in found]


_ASKED: Final[Mapping[FirstState | None, str]] = {
    None: "true",
    "ready": "is_ready IS NOT FALSE",
    "missing": "is_ready IS NOT TRUE",
}
"""What is not known is looked at. As indices have it."""


def _statement(name: str, **parts: str) -> str:
    return filled(SQL[name], {"filters": SQL["filters"], **parts})
