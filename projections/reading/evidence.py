"""The evidence behind rows: what a row keeps itself, and where that would be too long, what the ledger's events say."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field

from domain.class_evidence import ClassEvidence, Slices
from domain.events import PARTICIPANT_STREAM
from domain.history import state_of
from domain.participant import State
from projections.reading.instants import microseconds
from projections.reading.session import Session
from projections.status.record import Rules
from projections.storage.evidence import (
    PurchaseEvidence,
    decode_class,
    decode_purchase,
    purchase_evidence,
)
from projections.storage.facts import decode as decode_fact
from projections.storage.sql import load

SQL: Final = load("projections.reading", "evidence.sql")

ClassOfRow: TypeAlias = tuple[str, str, bytes | None]
"""Participant id, class code, and the evidence that the row keeps."""

NOTHING: Final = ClassEvidence()


async def of_rows(
    session: Session, partner_id: int, rules: Rules, rows: Iterable[ClassOfRow]
) -> list[ClassEvidence]:
    """The evidence of class rows of one partner, in their order."""
    given = list(rows)
    people = {participant_id for participant_id, _, kept in given if kept is None}
    if not people:
        return [decode_class(kept) for _, _, kept in given if kept is not None]
    slices = await _slices(session, partner_id, rules, people)
    return [
        slices[participant_id].of(class_code)[0] if kept is None else decode_class(kept)
        for participant_id, class_code, kept in given
    ]


class People(Struct):
    """What the rows hold of some participants of one partner, class by class."""

    rows: dict[tuple[str, str], bytes | None] = field(default_factory=dict)
    slices: Mapping[str, Slices] = field(default_factory=dict)

    def of_class(self, participant_id: str, class_code: str) -> ClassEvidence:
        """The evidence of one class."""
        kept = self.rows.get((participant_id, class_code), b"")
        if kept is None:
            return self.slices[participant_id].of(class_code)[0]
        return decode_class(kept) if kept else NOTHING


async def people(
    session: Session, partner_id: int, rules: Rules, participant_ids: Iterable[str]
) -> People:
    """Every class of some participants of one partner."""
    found = await session.fetch(SQL["classes_of_people"], partner_id, list(participant_ids))
    rows = {(participant_id, code): kept for participant_id, code, kept in found}
    long = {participant_id for participant_id, _, kept in found if kept is None}
    return People(rows, await _slices(session, partner_id, rules, long) if long else {})


async def of_purchases(
    session: Session, partner_id: int, rows: Sequence[tuple[str, str, bytes | None]]
) -> list[PurchaseEvidence]:
    """The evidence of purchases of one partner, in their order: purchase id, participant id, what the row keeps."""
    long = {participant_id for _, participant_id, kept in rows if kept is None}
    states = await _states(session, partner_id, long) if long else {}
    found: list[PurchaseEvidence] = []
    for purchase_id, participant_id, kept in rows:
        if kept is None:
            state = states[participant_id]
            found.append(purchase_evidence(state.purchases[purchase_id], state.withdrawn))
        else:
            found.append(decode_purchase(kept))
    return found


async def _slices(
    session: Session, partner_id: int, rules: Rules, participant_ids: Iterable[str]
) -> dict[str, Slices]:
    states = await _states(session, partner_id, participant_ids)
    return {
        participant_id: Slices(state, rules.catalogue, whole=True)
        for participant_id, state in states.items()
    }


async def _states(
    session: Session, partner_id: int, participant_ids: Iterable[str]
) -> dict[str, State]:
    """Participants as their events in the ledger make them; one at a time, as each has very many."""
    states: dict[str, State] = {}
    for participant_id in participant_ids:
        rows = await session.fetch(
            SQL["events_of_participant"], partner_id, PARTICIPANT_STREAM + participant_id
        )
        states[participant_id] = state_of(
            (microseconds(happened), event_id.encode(), decode_fact(topic, state))
            for topic, happened, event_id, state in rows
        )
    return states
