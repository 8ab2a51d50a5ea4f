"""Participants as aggregates: loaded from the ledger by snapshot and later events, and their snapshots.

A participant of few events has its snapshot written with every batch that it is in, so nothing is ever behind it: such
a snapshot is `whole`, and loading is one probe. Of many events it is written when those behind the last one have become
many beside it, so that what snapshots cost is a share of what events cost, also with twenty thousand of them.
Everything runs inside the caller's transaction.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from domain.marks import key_of
from domain.participant import ClassRecord, PurchaseRecord, State, evolve
from domain.snapshot import Snapshot, snapshot_of, state_of_snapshot
from projections.status.record import Record
from projections.storage import binary_copy as field
from projections.storage import facts
from projections.storage.copy import bigint_array, copy_stream
from projections.storage.cursor import Cursor
from projections.storage.sql import load

SQL = load("projections", "aggregates.sql")

FEW: Final = 128
"""A participant of so many events has a whole snapshot: some 2.5 KB at most that are written again with each batch."""
SHARE: Final = 16
"""Of more events, one in so many behind a snapshot makes another one due."""

StagedSnapshot: TypeAlias = tuple[bytes, ...]
"""The fields of a snapshot's row, encoded for COPY."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Snapshot).decode
_decode_class = msgspec.msgpack.Decoder(ClassRecord).decode


class _OfSomeClasses(msgspec.Struct, array_like=True):
    """A snapshot in which what was reported of classes is still bytes."""

    classes: dict[str, msgspec.Raw]
    purchases: list[PurchaseRecord]
    withdrawn: dict[int, int]
    withdrawals: list[int]


_decode_some = msgspec.msgpack.Decoder(_OfSomeClasses).decode


def prepare(cursor: Cursor) -> None:
    """Makes a connection ready for `put_snapshots`."""
    cursor.execute(SQL["prepare"])


def load_records(
    cursor: Cursor, participants: Mapping[int, Iterable[int]]
) -> dict[int, dict[int, Record]]:
    """Participants as all their events make them, an empty one where there are none: by partner id, as asked for.

    At most two queries.
    """
    behind: dict[tuple[int, int], int | None] = {
        (partner_id, person): None
        for partner_id, persons in participants.items()
        for person in persons
    }
    records: dict[int, dict[int, Record]] = {partner_id: {} for partner_id in participants}
    if not behind:
        return records
    cursor.execute(SQL["snapshots"], _names(behind))
    for partner_id, person, events, place, whole, state in cursor.fetchall():
        known = state_of_snapshot(_decode(state))
        records[partner_id][person] = Record(person, known, events)
        if whole:
            del behind[partner_id, person]
        else:
            behind[partner_id, person] = place
    if behind:
        for partner_id, person in behind:
            records[partner_id].setdefault(person, Record(person))
        cursor.execute(SQL["events_behind"], _names(behind) | {"places": list(behind.values())})
        for partner_id, person, topic, happened, event_id, state in cursor.fetchall():
            known = records[partner_id][person].state
            add_event(known, happened, event_id, topic, state)
    return records


def add_event(state: State, happened: int, event_id: str, topic: str, fact: bytes) -> None:
    """Adds an event that was behind a snapshot. Another lane's may be in the snapshot already."""
    key = key_of(event_id)
    if key not in state.known:
        evolve(state, happened, key, facts.decode(topic, fact))


def state_of(snapshot: bytes) -> State:
    """The state that a snapshot holds."""
    return state_of_snapshot(_decode(snapshot))


def state_to_read(
    snapshot: bytes | None, whole: bool, class_codes: Collection[str] | None = None
) -> State:
    """The state that a snapshot holds (None: nothing). Of a ``whole`` one it cannot be told which events it has.

    ``class_codes``: of a whole one the reports of these classes suffice. (To make all of each participant's took a
    tenth of the time of a list that judges hundreds.)
    """
    if snapshot is None:
        return State()
    if class_codes is None or not whole:
        return state_of_snapshot(_decode(snapshot), to_read=whole)
    found = _decode_some(snapshot)
    classes = {
        code: _decode_class(record)
        for code in class_codes
        if (record := found.classes.get(code)) is not None
    }
    return state_of_snapshot(
        Snapshot(classes, found.purchases, found.withdrawn, found.withdrawals), to_read=True
    )


def _names(participants: Iterable[tuple[int, int]]) -> dict[str, Any]:
    partner_ids, persons = zip(*participants, strict=True)
    return {"partner_ids": bigint_array(partner_ids), "persons": bigint_array(persons)}


def stage_snapshots(
    partner_id: int, records: Iterable[Record], places: Mapping[int, int]
) -> list[StagedSnapshot]:
    """The snapshots that are due, as fields of a COPY stream: what `put_snapshots` needs no database for.

    ``places``: a participant's number to the last place of the lane that writes the participant; everything in that
    lane up to there is in the record.
    """
    staged: list[StagedSnapshot] = []
    partner = field.smallint(partner_id)
    for record in records:
        events = len(record.state.known)
        behind = events - record.in_snapshot
        # Where the stored one is whole, it must not stay as it is.
        if behind > 0 and (record.in_snapshot <= FEW or behind * SHARE > events):
            staged.append(
                (
                    field.bigint(places[record.person]),
                    field.bigint(record.person),
                    field.integer(events),
                    partner,
                    field.boolean(events <= FEW),
                    field.bytea(_encode(snapshot_of(record.state))),
                )
            )
            record.in_snapshot = events
    return staged


def put_snapshots(cursor: Cursor, staged: Sequence[StagedSnapshot]) -> None:
    """Writes the snapshots of a batch."""
    if staged:
        copy_stream(cursor, SQL["stage"], field.stream(6, staged))
        cursor.execute(SQL["put"])
