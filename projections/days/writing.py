"""Adds what days changed to the sums over time.

Everything runs inside the caller's transaction, on the caller's psycopg2 cursor. Of one partner only one process adds
at a time (`claim` in following.sql); rows of institutions over all partners are kept apart by their own lock.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from projections.days import watching
from projections.days.changed import (
    BLOCK_OF,
    CUMULATIVE,
    EVERYWHERE,
    Changed,
    Days,
    Kind,
    Sum,
    Sums,
    stays,
)
from projections.days.tallies import (
    Tally,
    add_days,
    add_encoded,
    add_to,
    encoded,
    no_tally,
    with_days,
)
from projections.storage.copy import copy_rows, text_array
from projections.storage.cursor import Cursor
from projections.storage.schema import LIVE
from projections.storage.sql import load

SQL: Final = load("projections.days", "writing.sql")

SUMS_AT_ONCE: Final = 10_000

Content: TypeAlias = bytes | memoryview | None


class Block(NamedTuple):
    """What a row holds: of everything before it (None: nothing, or a kind that has none), and of its days."""

    before: Content
    days: Content


NOTHING: Final = Block(None, None)


def add(cursor: Cursor, changed: Changed, schema: str = LIVE) -> None:
    """Adds all changes to the sums in ``schema``. What several partners share comes last, and waits for others."""
    watching.write(cursor, changed, schema)
    sums = changed.sums()
    own = {of: days for of, days in sums.items() if of.partner_id != EVERYWHERE}
    _add(cursor, own, schema)
    if len(own) < len(sums):
        cursor.execute(SQL["claim_shared"])
        shared = {of: days for of, days in sums.items() if of.partner_id == EVERYWHERE}
        _add(cursor, shared, schema)


def _add(cursor: Cursor, sums: Sums, schema: str) -> None:
    wanted = sorted(sums)
    for start in range(0, len(wanted), SUMS_AT_ONCE):
        some = wanted[start : start + SUMS_AT_ONCE]
        changes = {of: _by_block(of, sums[of]) for of in some}
        held = _held(cursor, changes, schema)
        rows: list[tuple[Any, ...]] = []
        for of in some:
            write = _cumulated if of.kind in CUMULATIVE else _added
            for block, content in write(of.kind, held.get(of, {}), changes[of]):
                rows.append((*of, block, *content))
        _prepare(cursor)
        copy_rows(cursor, SQL["stage"], rows)
        for name in ("write", "remove"):
            cursor.execute(within(schema, SQL[name]))


def _by_block(of: Sum, days: Days) -> dict[int, dict[int, Tally]]:
    shift = BLOCK_OF[Kind(of.kind)]
    blocks: dict[int, dict[int, Tally]] = {}
    for day, tally in days.items():
        blocks.setdefault(day >> shift, {})[day] = tally
    return blocks


def _held(
    cursor: Cursor, changes: Mapping[Sum, Mapping[int, object]], schema: str
) -> dict[Sum, dict[int, Block]]:
    """The rows of some sums that may change, and of a cumulative one the row before them."""
    held: dict[Sum, dict[int, Block]] = {}
    pairs = [
        (*of, block)
        for of, blocks in changes.items()
        if of.kind not in CUMULATIVE
        for block in blocks
    ]
    firsts = [(*of, min(blocks)) for of, blocks in changes.items() if of.kind in CUMULATIVE]
    for name, keys in (("held", pairs), ("held_since", firsts)):
        if not keys:
            continue
        kinds, partner_ids, package_codes, codes, blocks = zip(*keys, strict=True)
        cursor.execute(
            within(schema, SQL[name]),
            {
                "kinds": list(kinds),
                "partner_ids": list(partner_ids),
                "package_codes": text_array(package_codes),
                "codes": text_array(codes),
                "blocks": list(blocks),
            },
        )
        for kind, partner_id, package_code, code, block, before, days in cursor.fetchall():
            of = Sum(kind, partner_id, package_code, code)
            held.setdefault(of, {})[block] = Block(before, days)
    return held


def _added(
    _kind: int, held: Mapping[int, Block], changes: Mapping[int, Mapping[int, Tally]]
) -> Iterator[tuple[int, Block]]:
    for block, days in changes.items():
        yield block, Block(None, with_days(held.get(block, NOTHING).days, days))


def _cumulated(
    kind: int, held: Mapping[int, Block], changes: Mapping[int, Mapping[int, Tally]]
) -> Iterator[tuple[int, Block]]:
    """The changed rows: later ones count what changed before them, too."""
    first = min(changes)
    carried = no_tally()
    last = NOTHING
    ended: Tally | None = None  # everything until the end of the last row, where that is new
    for block in sorted(held.keys() | changes.keys()):
        row = held.get(block)
        if block < first:
            last = row or NOTHING
            continue
        is_carried = any(carried.values())
        if row is not None and not is_carried and block not in changes:
            last, ended = row, None
            continue
        if row is None:
            if ended is None:
                ended = _until_end(kind, last)
            before = encoded(ended)
        elif is_carried:
            tally = no_tally()
            add_encoded(tally, row.before)
            add_to(tally, carried)
            before = encoded(tally)
        else:
            before = None if row.before is None else bytes(row.before)
        days = None if row is None else row.days
        if block in changes:
            days = with_days(days, changes[block])
            for change in changes[block].values():
                stayed = stays(kind, change)
                add_to(carried, stayed)
                if row is None and ended is not None:
                    add_to(ended, stayed)
        if row is not None:
            ended = None
        content = Block(before, None if days is None else bytes(days))
        yield block, content
        if content.days is not None:
            last = content


def _until_end(kind: int, of: Block) -> Tally:
    days, tally = no_tally(), no_tally()
    add_days(days, of.days)
    add_encoded(tally, of.before)
    add_to(tally, stays(kind, days))
    return tally


def _prepare(cursor: Cursor) -> None:
    cursor.execute(SQL["prepare"])
    if cursor.fetchone()[0]:
        cursor.execute(SQL["clear"])


def within(schema: str, statement: str) -> str:
    """The statement with the read models in ``schema``."""
    return statement.replace(f"{LIVE}.", f"{schema}.")


def rows_of_class(
    cursor: Cursor, partner_id: int, class_code: str, schema: str
) -> Sequence[tuple[int, Content]]:
    """The kind, and what its days hold, of each row of one class by itself."""
    cursor.execute(
        within(schema, SQL["of_class"]), {"partner_id": partner_id, "class_code": class_code}
    )
    return list(cursor.fetchall())
