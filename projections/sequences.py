"""Gaps in partners' running numbers: which numbers their accepted events carry, kept as ranges.

A partner may number its events by the CloudEvents extension `sequence`. The project service looks at new events lane
by lane, behind the intake; a number that arrives late closes its gap, one that arrives twice changes nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, Final

from projections.copy import copy_rows
from projections.schema import LIVE
from projections.sql import load

SQL: Final = load("projections", "sequences.sql")

EVENTS_AT_ONCE: Final = 5_000
"""So many events of each lane are looked at in one transaction."""

EVERYTHING: Final = 2**62

Range = tuple[int, int]
"""First and last of some numbers without a gap between them."""


def follow(cursor: Any) -> int:
    """Looks at the next events of every lane; returns how many. 0: there are none, or another process does it."""
    cursor.execute(SQL["claim"])
    return look(cursor) if cursor.fetchone()[0] else 0


def follow_all(cursor: Any) -> None:
    """Looks at every event and keeps other processes from doing so until the end of the transaction."""
    cursor.execute(SQL["claim_waiting"])
    look(cursor, EVERYTHING)


def look(cursor: Any, limit: int = EVENTS_AT_ONCE, schema: str = LIVE) -> int:
    """Looks at up to ``limit`` events of each lane that were not looked at; returns how many.

    The caller holds the claim, or has ``schema`` for itself.
    """

    def execute(name: str, **values: Any) -> None:
        cursor.execute(SQL[name].replace(f"{LIVE}.", f"{schema}."), values)

    execute("steps", limit=limit)
    steps = cursor.fetchall()
    if not steps:
        return 0
    lane_ids, partner_ids, seen, upto = (list(column) for column in zip(*steps, strict=True))
    execute("numbers", lane_ids=lane_ids, partner_ids=partner_ids, seen=seen, upto=upto)
    new: list[tuple[int, int, int]] = []
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for partner_id, is_range, one, other in cursor.fetchall():
        if is_range:
            new.append((partner_id, one, other))
        else:
            counts[partner_id].update(unnumbered=one, unusable=other)
    if new:
        columns = [list(column) for column in zip(*new, strict=True)]
        execute("take_touching", partner_ids=columns[0], firsts=columns[1], lasts=columns[2])
        touching = cursor.fetchall()
        merged: list[tuple[int, int, int]] = []
        of_partner: dict[int, list[Range]] = defaultdict(list)
        for partner_id, first, last in new + touching:
            of_partner[partner_id].append((first, last))
        for partner_id, ranges in of_partner.items():
            merged += [(partner_id, first, last) for first, last in united(ranges)]
        copy_rows(cursor, SQL["copy_ranges"].replace(f"{LIVE}.", f"{schema}."), merged)
        for sign, ranges_of in ((1, merged), (-1, touching)):
            for partner_id, first, last in ranges_of:
                counts[partner_id].update(received=sign * (last - first + 1), ranges=sign)
    for partner_id, count in sorted(counts.items()):
        names = ("received", "ranges", "unnumbered", "unusable")
        execute("add_counts", partner_id=partner_id, **{name: count[name] for name in names})
    execute("looked_at", lane_ids=lane_ids, upto=upto)
    looked_at: int = sum(upto) - sum(seen)
    return looked_at


def united(ranges: Iterable[Range]) -> list[Range]:
    """The same numbers in as few ranges as possible, in order."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
