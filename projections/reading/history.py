"""Each event behind the answer about one class, with its place in Kafka and the state after it.

Events stand in the order in which they happened, ties by the domain's key; the state after the last one is the
answer itself.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from msgspec import Struct

from domain.catalogue import State as Catalogue
from domain.class_evidence import Slices
from domain.events import (
    EventVoided,
    Fact,
    PurchasePaid,
    PurchaseRefunded,
)
from domain.marks import key_of
from domain.participant import State, evolve
from projections.reading.catalogue import CatalogueCache, recorded_by, version
from projections.reading.instants import instant, microseconds
from projections.reading.meaning import means
from projections.reading.page import Key
from projections.reading.partner_event import data_of, type_of
from projections.reading.people import number
from projections.reading.purchased_class import PurchasedClass, answer_of, shown
from projections.reading.session import Session
from projections.status.record import Rules
from projections.storage.facts import decode as decode_fact
from projections.storage.sql import load

SQL = load("projections.reading", "history.sql")

STATES_AT_A_TIME = 50
"""So many states are judged before others get their turn: a long history must not hold up the process."""


class HistoryEvent(Struct, frozen=True):
    """One event. ``happened`` is its CloudEvents time, ``recorded`` when it was accepted.

    ``voided_by`` is the event that withdrew it, at ``voided_at``. ``state`` is the answer after it.
    """

    id: Annotated[str, means("The event's id, unique within its partner.")]
    type: Annotated[str, means("The CloudEvents type.")]
    happened: Annotated[datetime, means("When it happened: the CloudEvents time.")]
    recorded: Annotated[datetime, means("When it was accepted.")]
    topic: Annotated[str, means("Kafka topic.")]
    partition: Annotated[int, means("Kafka partition.")]
    offset: Annotated[int | None, means("Kafka offset.")]
    sequence: Annotated[str | None, means("The partner's running number, as sent.")]
    recordedtime: Annotated[datetime | None, means("When the partner recorded it, as sent.")]
    data: Annotated[dict[str, Any], means("The event's data, without fields that were not sent.")]
    voided_at: Annotated[datetime | None, means("When the partner withdrew it; null: it stands.")]
    voided_by: Annotated[str | None, means("The event that withdrew it.")]
    state: Annotated[PurchasedClass, means("The answer about the class after it.")]


class Entry(NamedTuple):
    """One event as the ledger has it; entries sort as the domain orders facts."""

    happened: int
    key: int
    row: Mapping[str, Any]
    fact: Fact


class Asked(Struct, frozen=True):
    """Whose history, of which class, and from when it is seen (microseconds UTC; None: now).

    ``as_of``: what had happened by then. ``known_at``: what had been recorded by then.
    """

    partner_id: int
    participant_id: str
    class_code: str
    as_of: int | None = None
    known_at: int | None = None


async def events(
    session: Session,
    catalogue: CatalogueCache,
    asked: Asked,
    after: Key | None,
    limit: int,
) -> tuple[list[HistoryEvent], Key | None] | None:
    """At most ``limit`` events behind the key (happened, key), and the key to go on from, None at the end.

    None when nothing was reported of the class. The session is in one snapshot.
    """
    person = await number(session, asked.participant_id)
    entries = [] if person is None else await _entries(session, asked, person)
    if not entries:
        return None
    rules = await _rules(session, catalogue, asked, entries)
    concerning = _concerning(entries, asked, rules.catalogue)
    if not concerning:
        return None
    voided_by = _voided_by(concerning)
    state = State()
    items: list[HistoryEvent] = []
    for entry in concerning:
        row = entry.row
        event_id = row["event_id"]
        evolve(state, entry.happened, entry.key, entry.fact)
        if after is not None and (entry.happened, entry.key) <= tuple(after):
            continue
        if len(items) == limit:
            last = items[-1]
            return items, (microseconds(last.happened), key_of(last.id))
        void = voided_by.get(entry.key)
        items.append(
            HistoryEvent(
                id=event_id,
                type=type_of(entry.fact),
                happened=row["happened"],
                recorded=row["recorded"],
                topic=row["kafka_topic"],
                partition=row["partition"],
                offset=row["kafka_offset"],
                sequence=row["sequence"],
                recordedtime=row["recordedtime"],
                data=data_of(entry.fact, asked.participant_id),
                voided_at=instant(void.happened) if void else None,
                voided_by=void.row["event_id"] if void else None,
                state=_state(state, asked, rules),
            )
        )
        if len(items) % STATES_AT_A_TIME == 0:
            await asyncio.sleep(0)
    return items, None


async def _entries(session: Session, asked: Asked, person: int) -> list[Entry]:
    found: list[Entry] = []
    for row in await session.fetch(SQL["events"], asked.partner_id, person):
        happened = microseconds(row["happened"])
        if asked.as_of is not None and happened > asked.as_of:
            continue
        if asked.known_at is not None and microseconds(row["recorded"]) > asked.known_at:
            continue
        fact = decode_fact(row["topic"], row["state"])
        found.append(Entry(happened, key_of(row["event_id"]), row, fact))
    return sorted(found, key=lambda entry: entry[:2])


async def _rules(
    session: Session, catalogue: CatalogueCache, asked: Asked, entries: Sequence[Entry]
) -> Rules:
    """The partner's rules; with ``known_at`` what had been recorded of the catalogue by then."""
    known = await catalogue.at_least(session, await version(session))
    rules = known.of(asked.partner_id)
    if asked.known_at is None:
        return rules
    packages = {
        entry.fact.package_code
        for entry in entries
        if isinstance(entry.fact, PurchasePaid) and entry.fact.package_code is not None
    }
    known_at = instant(asked.known_at)
    recorded = await recorded_by(session, asked.partner_id, {asked.class_code, *packages}, known_at)
    return Rules(recorded, rules.package_sales_end)


def _concerning(entries: Sequence[Entry], asked: Asked, catalogue: Catalogue) -> list[Entry]:
    """The events that have a say in the answer about the class, in their order.

    Reports about it, payments of purchases that name it (by items or package), refunds of it, and withdrawals of
    any of these.
    """
    purchases = {
        entry.fact.purchase_id
        for entry in entries
        if isinstance(entry.fact, PurchasePaid) and _names(entry.fact, asked, catalogue)
    }
    concerning = {
        entry.key for entry in entries if _concerns(entry.fact, asked.class_code, purchases)
    }
    return [
        entry
        for entry in entries
        if entry.key in concerning
        or (isinstance(entry.fact, EventVoided) and key_of(entry.fact.target_id) in concerning)
    ]


def _names(fact: PurchasePaid, asked: Asked, catalogue: Catalogue) -> bool:
    if fact.items is not None:
        return any(code == asked.class_code for code, _price in fact.items)
    composition = catalogue.composition(fact.package_code or "", asked.as_of)
    return asked.class_code in (composition or ())


def _concerns(fact: Fact, class_code: str, purchases: set[str]) -> bool:
    if isinstance(fact, PurchasePaid):
        return fact.purchase_id in purchases
    if isinstance(fact, PurchaseRefunded):
        if fact.class_codes is None:
            return fact.purchase_id in purchases
        return class_code in fact.class_codes
    return getattr(fact, "class_code", None) == class_code


def _voided_by(entries: Sequence[Entry]) -> dict[int, Entry]:
    """The key of each withdrawn event to the earliest withdrawal of it."""
    voids: dict[int, Entry] = {}
    for entry in entries:
        if isinstance(entry.fact, EventVoided):
            voids.setdefault(key_of(entry.fact.target_id), entry)
    return voids


def _state(state: State, asked: Asked, rules: Rules) -> PurchasedClass:
    evidence = Slices(state, rules.catalogue, whole=True).of(asked.class_code)
    answer = answer_of(asked.class_code, evidence, rules, asked.as_of)
    return shown(
        asked.partner_id, asked.participant_id, asked.class_code, answer, rules, asked.as_of
    )
