"""Gaps in partners' running numbers: which numbers their accepted events carry, kept as ranges.

A partner may number its events by the CloudEvents extension `sequence`. The project service looks at new events lane
by lane, behind the intake; a number that arrives late closes its gap, one that arrives twice changes nothing. The
numbers of rejected records are kept apart, until an accepted event carries them: they arrived.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct

from projections.storage.copy import copy_rows
from projections.storage.cursor import Cursor
from projections.storage.schema import LIVE
from projections.storage.sql import load

SQL: Final = load("projections.sequences", "ranges.sql")

EVENTS_AT_ONCE: Final = 5_000
"""So many events of each lane are looked at in one transaction."""

EVERYTHING: Final = 2**62

REJECTIONS_AT_ONCE: Final = 200
"""So many rejected records, of up to 64 KiB each, are fetched at once."""

MOST_DIGITS: Final = 18
"""Of a number, without zeros in front."""

Range = tuple[int, int]
"""First and last of some numbers without a gap between them."""


def follow(cursor: Cursor) -> int:
    """Looks at the next events of every lane; returns how many. 0: there are none, or another process does it."""
    cursor.execute(SQL["claim"])
    return look(cursor) if cursor.fetchone()[0] else 0


def follow_all(cursor: Cursor) -> None:
    """Looks at every event and keeps other processes from doing so until the end of the transaction."""
    hold(cursor)
    look(cursor, EVERYTHING)


def hold(cursor: Cursor) -> None:
    """Waits for who is looking, and keeps other processes from looking until the end of the transaction."""
    cursor.execute(SQL["claim_waiting"])


def look(cursor: Cursor, limit: int = EVENTS_AT_ONCE, schema: str = LIVE) -> int:
    """Looks at up to ``limit`` events of each lane, and rejections, that were not looked at; returns how many.

    The caller holds the claim, or has ``schema`` for itself.
    """
    return _look_at_events(cursor, limit, schema) + _look_at_rejections(cursor, limit, schema)


def _look_at_events(cursor: Cursor, limit: int, schema: str) -> int:
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
        for name in ("accepted_after_all", "take_touching"):
            execute(name, partner_ids=columns[0], firsts=columns[1], lasts=columns[2])
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


class _Envelope(Struct):
    """As much of a structured CloudEvent as says which number it carries; ``specversion`` makes it an envelope."""

    specversion: Any
    sequence: str | int


_envelope = msgspec.json.Decoder(_Envelope).decode


def number_of(record: bytes) -> int | None:
    """The number that a rejected record carries; None where none can be read.

    A record in binary mode carries it in a header, and headers of rejected records are not kept.
    """
    try:
        sequence = str(_envelope(record).sequence).encode()
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return int(sequence) if is_usable(sequence) else None


def is_usable(sequence: bytes) -> bool:
    """Whether the text is a number, as the statement ``numbers`` reads it."""
    return sequence.isdigit() and (
        len(sequence) <= MOST_DIGITS or len(sequence.lstrip(b"0")) <= MOST_DIGITS
    )


def _look_at_rejections(cursor: Cursor, limit: int, schema: str) -> int:
    def execute(name: str, **values: Any) -> None:
        cursor.execute(SQL[name].replace(f"{LIVE}.", f"{schema}."), values)

    looked_at = 0
    while looked_at < limit:
        execute("rejections", limit=REJECTIONS_AT_ONCE)
        rows = cursor.fetchall()
        if not rows:
            break
        numbers: set[tuple[int, int]] = set()
        reached: dict[tuple[int, int], tuple[int, int]] = {}
        for lane_id, offset, partner_id, record in rows:
            lane = (partner_id, lane_id)
            reached[lane] = (offset + 1, reached.get(lane, (0, 0))[1] + 1)
            number = None if record is None else number_of(bytes(record))
            if number is not None:
                numbers.add((partner_id, number))
        if numbers:
            partner_ids, values = zip(*sorted(numbers), strict=True)
            execute("add_rejected", partner_ids=list(partner_ids), numbers=list(values))
        execute(
            "looked_at_rejections",
            partner_ids=[partner_id for partner_id, _ in reached],
            lane_ids=[lane_id for _, lane_id in reached],
            next_offsets=[next_offset for next_offset, _ in reached.values()],
            counts=[count for _, count in reached.values()],
        )
        looked_at += len(rows)
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
