"""What was reported of participants, for whoever judges again: loaded as aggregates, by snapshot and later events.

This is the one place where the read side comes by it; rows hold none of it.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from msgspec import Struct

from domain.class_evidence import ClassEvidence, Slices, classes_named
from domain.marks import Withdrawn
from domain.participant import PurchaseRecord, State
from projections.aggregates import add_event, state_to_read
from projections.reading.instants import microseconds
from projections.reading.page import PAGE_ROWS
from projections.reading.people import LOWEST
from projections.reading.session import Session
from projections.status.record import Rules
from projections.storage.sql import load

SQL: Final = load("projections.reading", "evidence.sql")

AT_ONCE: Final = PAGE_ROWS
"""So many participants are held at once: each may have very many events."""

ClassOfPerson: TypeAlias = tuple[int, str]
"""A participant's number and a class code."""

ClassesOfPeople: TypeAlias = Mapping[int, Collection[str]]
EVERY_CLASS: Final[ClassesOfPeople] = MappingProxyType({})

PurchaseOfPerson: TypeAlias = tuple[str, int]
"""Purchase id and a participant's number."""


class PurchaseEvidence(Struct, frozen=True, gc=False):
    """One purchase as it was reported, and since when what of its participant is withdrawn."""

    purchase: PurchaseRecord
    withdrawn: Withdrawn


class People(Struct, frozen=True):
    """Some participants of one partner, by number."""

    states: Mapping[int, State]
    slices: Mapping[int, Slices]

    def of_class(self, person: int, class_code: str) -> ClassEvidence:
        """The evidence of one class of one of them."""
        return self.slices[person].of(class_code)

    def of_purchase(self, purchase_id: str, person: int) -> PurchaseEvidence:
        """The evidence of one purchase of one of them."""
        state = self.states[person]
        return PurchaseEvidence(state.purchases[purchase_id], state.withdrawn)


async def people(
    session: Session,
    partner_id: int,
    rules: Rules,
    persons: Iterable[int],
    classes: ClassesOfPeople = EVERY_CLASS,
) -> People:
    """Some participants of one partner. ``classes``: the codes of whom not all is wanted."""
    wanted = list(dict.fromkeys(persons))
    rows = await session.fetch(SQL["snapshots"], partner_id, wanted) if wanted else []
    return await loaded(session, partner_id, rules, rows, classes)


async def everybody(session: Session, partner_id: int, rules: Rules) -> AsyncIterator[People]:
    """Every participant of one partner, some at a time."""
    behind = LOWEST
    while True:
        rows = await session.fetch(SQL["snapshots_behind"], partner_id, behind, AT_ONCE)
        if rows:
            yield await loaded(session, partner_id, rules, rows)
        if len(rows) < AT_ONCE:
            return
        behind = rows[-1][0]


async def loaded(
    session: Session,
    partner_id: int,
    rules: Rules,
    rows: Iterable[Sequence[Any]],
    classes: ClassesOfPeople = EVERY_CLASS,
) -> People:
    """Of rows of number, place, whether the snapshot is whole, and snapshot (null: none)."""
    states: dict[int, State] = {}
    places: dict[int, int | None] = {}
    for person, place, whole, snapshot in rows:
        states[person] = state_to_read(snapshot, whole, classes.get(person))
        if not whole:
            places[person] = place
    # One at a time, as each has very many.
    for person, place in places.items():
        state = states[person]
        for topic, happened, event_id, fact in await session.fetch(
            SQL["events_behind"], partner_id, person, place
        ):
            add_event(state, microseconds(happened), event_id, topic, fact)
    slices = {who: Slices(state, rules.catalogue, whole=True) for who, state in states.items()}
    return People(states, slices)


def classes_of(state: State, rules: Rules) -> set[str]:
    """Every class of which anything was reported, or that a payment names."""
    return classes_paid(state, rules) | state.classes.keys()


def classes_paid(state: State, rules: Rules) -> set[str]:
    """Every class that any payment of a participant names, or has named as of some time."""
    codes: set[str] = set()
    for purchase in state.purchases.values():
        codes |= classes_named(purchase, rules.catalogue)
    return codes


async def of_rows(
    session: Session, partner_id: int, rules: Rules, rows: Sequence[ClassOfPerson]
) -> list[ClassEvidence]:
    """The evidence of classes of one partner's participants, in their order."""
    found: list[ClassEvidence] = []
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        classes: defaultdict[int, list[str]] = defaultdict(list)
        for who, class_code in some:
            classes[who].append(class_code)
        known = await people(session, partner_id, rules, classes, classes)
        found += [known.of_class(who, class_code) for who, class_code in some]
    return found


async def of_purchases(
    session: Session, partner_id: int, rules: Rules, rows: Sequence[PurchaseOfPerson]
) -> list[PurchaseEvidence]:
    """The evidence of purchases of one partner, in their order."""
    found: list[PurchaseEvidence] = []
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        known = await people(session, partner_id, rules, [who for _, who in some])
        found += [known.of_purchase(purchase_id, who) for purchase_id, who in some]
    return found
