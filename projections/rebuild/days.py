"""Sums over time of a rebuild: what the shares counted, day by day, added up."""

from collections.abc import Iterable, Mapping
from typing import Final

from projections.days import watching
from projections.days.changed import Changed, Part
from projections.days.following import SQL as FOLLOWING
from projections.days.following import Follower
from projections.days.looking import beside_midnight
from projections.days.writing import add
from projections.status.record import Rules
from projections.storage import binary_copy as field
from projections.storage.copy import copy_stream
from projections.storage.cursor import Cursor
from projections.storage.schema import NEXT
from projections.storage.sql import load

SQL: Final = load("projections.rebuild", "days.sql")

MOST_ENTRIES: Final = 300_000
"""So many entries are kept in memory before they are written."""
FETCHED: Final = 2_000

Midnights = Iterable[int]
"""Days of which something happened beside the midnight at their end."""


def send_counted(cursor: Cursor, changed: Iterable[Changed]) -> None:
    """Leaves what some of the participants count for, day by day, for `add_up`, and adds what is watched of them."""
    changed = list(changed)
    rows = [
        (
            field.smallint(part.partner_id),
            field.text(part.package_code),
            field.text(part.class_code),
            field.integer(part.day),
            field.bytea(bytes(part.tally)),
        )
        for of_partner in changed
        for part in of_partner.parts()
    ]
    if rows:
        copy_stream(cursor, SQL["load_counted"], field.stream(5, rows))
    watching.load_new(cursor, changed, NEXT)


def add_up(
    reading: Cursor,
    writing: Cursor,
    rules: Mapping[int, Rules],
    midnights: Mapping[int, Midnights],
    positions: Mapping[int, int],
) -> None:
    """Adds up what the shares counted, and notes what it is the sum of: the lanes until ``positions``, by ``rules``.

    ``reading`` is a cursor of its own for rows in order; ``writing`` writes.
    """
    follower = Follower(NEXT)
    for partner_id, of_partner in rules.items():
        changed = Changed(partner_id, of_partner.catalogue)
        reading.execute(SQL["counted"], {"partner_id": partner_id})
        while rows := reading.fetchmany(FETCHED):
            for row in rows:
                changed.take(Part(*row))
            if changed.entries > MOST_ENTRIES:
                add(writing, changed, NEXT)
                changed = Changed(partner_id, of_partner.catalogue)
        add(writing, changed, NEXT)
        revision, sales_end = of_partner.revision, of_partner.package_sales_end
        names = {"partner_id": partner_id, "behind": 0, "upto": revision}
        writing.execute(FOLLOWING["changed"], names)
        published = [happened for kind, _, happened in writing.fetchall() if kind != "sales_end"]
        beside = beside_midnight(published)
        follower.add_midnights(writing, partner_id, beside | set(midnights.get(partner_id, ())))
        follower.put_rules(writing, partner_id, revision, sales_end)
    lanes = {"lane_ids": list(positions), "positions": list(positions.values())}
    writing.execute(SQL["places"], lanes)
    writing.execute(SQL["followed_to"], lanes)
