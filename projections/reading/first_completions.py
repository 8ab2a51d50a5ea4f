"""Who is ready for the programme's incentive, since when, and what is missing: across partners, now or as of a time."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Struct

from domain.first_completion import (
    NOTHING,
    Completed,
    First,
    FirstState,
    Lacking,
    completed_class,
    first_of,
    is_purchased,
)
from domain.vocabulary import PARTNER_CODES
from projections.reading import watched
from projections.reading.by_partner import ALL_PARTNERS
from projections.reading.catalogue import Known
from projections.reading.evidence import classes_paid, people
from projections.reading.instants import instant
from projections.reading.meaning import means
from projections.reading.page import Key, Page, more
from projections.reading.people import LOWEST, names, number
from projections.reading.purchased_class import history_path
from projections.reading.session import Session
from projections.reading.since_then import since
from projections.storage.sql import filled, load

SQL: Final = load("projections.reading", "first_completions.sql")

THEN: Final[Mapping[FirstState, str]] = {
    "ready": SQL["was_ready"],
    "missing": SQL["was_missing"],
}
"""What is so now of a class that gave its person a state then, and that nobody gave back since."""


class Instead(Struct, frozen=True, gc=False):
    """A class that has everything, where the first one that was completed does not."""

    partner: Annotated[str, means("The platform that sold the class.")]
    class_code: Annotated[str, means("The class, unique within its partner.")]
    since: Annotated[datetime, means("Since when it has completion, certificate and review.")]


class FirstCompletion(Struct, frozen=True, gc=False):
    """A person's first completed class, and whether the incentive after it may be paid."""

    participant_id: Annotated[str, means("The person's pseudonym.")]
    state: Annotated[
        FirstState,
        means(
            "ready: completed, certified and reviewed; missing: one of the two is; none: nothing was completed."
        ),
    ]
    since: Annotated[
        datetime | None,
        means(
            "ready: since when everything is there; missing: when the class was completed; null: none."
        ),
    ]
    missing: Annotated[list[Lacking], means("What is not there: certificate, review.")]
    partner: Annotated[str | None, means("Who sold the first completed class; null: none.")]
    class_code: Annotated[str | None, means("The first completed class; null: none.")]
    completed_at: Annotated[datetime | None, means("When it was completed; null: none.")]
    certified_at: Annotated[
        datetime | None, means("When its first certificate was issued; null: none was.")
    ]
    reviewed_at: Annotated[datetime | None, means("When it was first reviewed; null: it was not.")]
    instead: Annotated[
        Instead | None,
        means("A class that has everything, where the first one does not; null: there is none."),
    ]
    history: Annotated[
        str | None, means("Path of the route with each event behind the class; null: none.")
    ]


class Filter(Struct, frozen=True, kw_only=True):
    """What the list is narrowed to; None: not at all. ``since_from`` and ``since_to`` (exclusive): microseconds UTC."""

    state: FirstState | None = None
    since_from: int | None = None
    since_to: int | None = None

    def is_of_nobody(self) -> bool:
        """Whether nobody can be listed: who completed nothing has no time."""
        return self.state == "none" and (self.since_from, self.since_to) != (None, None)

    def admits(self, first: First) -> bool:
        """Whether a person is listed."""
        if self.state not in {None, first.state}:
            return False
        if self.since_from is None and self.since_to is None:
            return True
        since = first.since
        return (
            since is not None
            and (self.since_from is None or since >= self.since_from)
            and (self.since_to is None or since < self.since_to)
        )


async def of_participant(
    session: Session, known: Known, participant_id: str, as_of: int | None
) -> FirstCompletion:
    """The answer about one person; of one whom nobody knows, that nothing was completed."""
    person = await number(session, participant_id)
    if person is None:
        return shown(participant_id, NOTHING)
    found = await _firsts(session, known, [person], as_of)
    return shown(participant_id, found.get(person, NOTHING))


async def pages(
    session: Session,
    known: Known,
    wanted: Filter,
    as_of: int | None,
    after: Key | None,
    page_rows: int,
) -> AsyncIterator[Page[FirstCompletion]]:
    """The list of all who bought a class, behind the key ``after`` = (person,).

    Rows say who may be in a state now; the rule says who is. The session is in one snapshot, which ``known`` is not
    older than.
    """
    if wanted.is_of_nobody():
        return
    behind = after[0] if after else LOWEST
    next_persons = await _candidates(session, known, wanted, as_of)
    while True:
        persons = await next_persons(behind, page_rows)
        if persons:
            behind = persons[-1]
            firsts = await _firsts(session, known, persons, as_of)
            listed = [
                person for person in persons if person in firsts and wanted.admits(firsts[person])
            ]
            who = await names(session, listed)
            items: list[tuple[Key, FirstCompletion]] = [
                ((person,), shown(who[person], firsts[person])) for person in listed
            ]
            yield Page(items, (behind,), len(persons))
        if len(persons) < page_rows:
            return
        page_rows = more(page_rows)


async def _candidates(
    session: Session, known: Known, wanted: Filter, as_of: int | None
) -> Callable[[int, int], Awaitable[Sequence[int]]]:
    """What finds the next persons behind one that may be listed, so many at most."""
    bounds = (wanted.since_from, wanted.since_to)
    statement = SQL["everybody" if wanted.state is None or as_of is not None else wanted.state]
    values: Sequence[Any] = (as_of is None,)
    if as_of is not None and (then := THEN.get(wanted.state or "none")) is not None:
        changes = await since(session, known, ALL_PARTNERS, as_of)
        at_all = await session.fetch(SQL["partners"])
        if all(of in changes and changes[of].is_followed for (of,) in at_all):
            statement = filled(SQL["then"], {"was": then})
            persons = {person for of in changes.values() for person in of.persons}
            values = (instant(as_of), sorted(persons))
    is_kept = as_of is None and (bounds != (None, None) or wanted.state in {"ready", "missing"})

    async def found(behind: int, rows: int) -> Sequence[int]:
        if is_kept:
            kept = await watched.completers(
                session, ALL_PARTNERS, wanted.state, bounds, behind, rows
            )
            if kept is not None:
                return kept
        return [person for (person,) in await session.fetch(statement, behind, rows, *values)]

    return found


async def _firsts(
    session: Session, known: Known, persons: Sequence[int], as_of: int | None
) -> dict[int, First]:
    """The answer about each person who had bought a class."""
    at: defaultdict[int, list[int]] = defaultdict(list)
    for partner_id, person in await session.fetch(SQL["partners_of"], list(persons)):
        at[partner_id].append(person)
    completed: defaultdict[int, list[Completed]] = defaultdict(list)
    buyers: set[int] = set()
    for partner_id, of_partner in at.items():
        rules = known.of(partner_id)
        held = await people(session, partner_id, rules, of_partner)
        for person in of_partner:
            codes: Iterable[str] = classes_paid(held.states[person], rules)
            for code in codes:
                evidence = held.of_class(person, code)
                if person not in buyers and is_purchased(code, evidence, rules.catalogue, as_of):
                    buyers.add(person)
                of = completed_class(partner_id, code, evidence, rules.catalogue, as_of)
                if of is not None:
                    completed[person].append(of)
    return {person: first_of(completed[person]) for person in persons if person in buyers}


def shown(participant_id: str, first: First) -> FirstCompletion:
    """The answer in the contract's shape."""
    of, instead = first.of, first.instead
    partner = None if of is None else PARTNER_CODES[of.partner_id]
    return FirstCompletion(
        participant_id,
        first.state,
        instant(first.since),
        [] if of is None else list(of.missing),
        partner,
        None if of is None else of.class_code,
        None if of is None else instant(of.completed_at),
        None if of is None else instant(of.certified_at),
        None if of is None else instant(of.reviewed_at),
        None
        if instead is None or instead.ready_at is None
        else Instead(
            PARTNER_CODES[instead.partner_id], instead.class_code, instant(instead.ready_at)
        ),
        None
        if of is None or partner is None
        else history_path(partner, participant_id, of.class_code),
    )
