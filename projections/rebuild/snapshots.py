"""Whether snapshots of participants say what their events say. Readers and writers rely on it, so a comparison asks."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

from domain.participant import State
from projections.aggregates import add_event, state_of
from projections.storage.copy import bigint_array
from projections.storage.sql import load

SQL: Final = load("projections.rebuild", "snapshots.sql")

PAGE: Final = 200
"""So many participants with few events each, or as many with many: only whole snapshots are asked."""

Transaction = Callable[[], AbstractContextManager[Any]]


def remove_wrong(read: Transaction, write: Transaction) -> int:
    """Removes whole snapshots that say something else than the events; returns how many those were.

    ``read`` must be repeatable read: a snapshot and its events are of one moment. Nobody waits; what is removed is made
    again with the participant's next event.
    """
    wrong = 0
    behind = (-1, 0)
    while True:
        with read() as cursor:
            names: dict[str, Any] = {"partner_id": behind[0], "person": behind[1], "limit": PAGE}
            cursor.execute(SQL["page"], names)
            rows = cursor.fetchall()
            if not rows:
                return wrong
            known = {(partner_id, person): State() for partner_id, person, *_ in rows}
            names = {
                "partner_ids": bigint_array(partner_id for partner_id, _ in known),
                "persons": bigint_array(person for _, person in known),
            }
            cursor.execute(SQL["events"], names)
            for partner_id, person, topic, happened, event_id, state in cursor.fetchall():
                add_event(known[partner_id, person], happened, event_id, topic, state)
        differ = [
            (partner_id, person, place)
            for partner_id, person, place, snapshot in rows
            if state_of(snapshot) != known[partner_id, person]
        ]
        if differ:
            with write() as cursor:
                columns = (bigint_array(column) for column in zip(*differ, strict=True))
                cursor.execute(
                    SQL["remove"],
                    dict(zip(("partner_ids", "persons", "places"), columns, strict=True)),
                )
        wrong += len(differ)
        behind = rows[-1][:2]
