"""Participants as aggregates: loaded from the ledger by snapshot and later events, and snapshots taken once in a while.

A snapshot is written when the events behind the last one have become many beside it, not with every batch. So what
snapshots cost is a share of what the events cost, for a participant with twenty events and for one with twenty
thousand; and a participant with few events has none. Everything runs inside the caller's transaction.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from psycopg2.extras import execute_values

from domain.marks import key_of
from domain.participant import evolve
from domain.snapshot import Snapshot, snapshot_of, state_of_snapshot
from projections.status.record import Record
from projections.storage import facts
from projections.storage.copy import text_array
from projections.storage.sql import load

SQL = load("projections", "aggregates.sql")

FEWEST: Final = 64
"""So few events behind its snapshot do not make a participant worth another one."""
SHARE: Final = 4
"""Nor less than one in so many of all its events."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Snapshot).decode


def load_records(cursor: Any, partner_id: int, participant_ids: Iterable[str]) -> dict[str, Record]:
    """The participants as all their events make them, an empty one where there are none. One query."""
    records = {participant_id: Record(participant_id) for participant_id in participant_ids}
    names = {"partner_id": partner_id, "participant_ids": text_array(records)}
    cursor.execute(SQL["load"], names)
    rows = cursor.fetchall()
    for participant_id, events, *_, state in rows:
        if events is not None:
            record = records[participant_id]
            record.state = state_of_snapshot(_decode(state))
            record.in_snapshot = events
    for participant_id, events, topic, happened, event_id, state in rows:
        if events is None:
            known = records[participant_id].state
            key = key_of(event_id)
            # Another lane's events may be in the snapshot already.
            if key not in known.known:
                evolve(known, happened, key, facts.decode(topic, state))
    return records


def put_snapshots(
    cursor: Any, partner_id: int, records: Iterable[Record], places: Mapping[str, int]
) -> None:
    """Takes snapshots of the records for which it is time.

    ``places``: participant id to the last place of the lane that writes the participant; everything in that lane up to
    there is in the record.
    """
    rows = []
    for record in records:
        events = len(record.state.known)
        behind = events - record.in_snapshot
        if behind > FEWEST and behind * SHARE > events:
            encoded = _encode(snapshot_of(record.state))
            place = places[record.participant_id]
            rows.append((partner_id, record.participant_id, place, events, encoded))
            record.in_snapshot = events
    if rows:
        execute_values(cursor, SQL["put_snapshots"], rows)
