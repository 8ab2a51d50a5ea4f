"""Status rows in PostgreSQL: loading participant records and writing changed ones.

Everything runs inside the caller's transaction, on the caller's psycopg2 cursor.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, TypeAlias

from msgspec import Struct, field

from projections.copy import copy_stream, text_array
from projections.record import Changes, Record
from projections.rollup import Deltas, counted_columns
from projections.sql import load
from projections.staging import class_stream, purchase_stream

SQL = load("projections", "status.sql")


class StaleRows(Exception):
    """Status rows changed under the writer's view of them: forget the records, load them again, do it again."""


def prepare(cursor: Any) -> None:
    """Makes a connection ready for `write`."""
    cursor.execute(SQL["prepare"])


def load_records(cursor: Any, partner_id: int, participant_ids: Iterable[str]) -> dict[str, Record]:
    """The records of the participants, with an empty one for those that have no rows yet. One query."""
    records = {participant_id: Record(participant_id) for participant_id in participant_ids}
    wanted = {"partner_id": partner_id, "participant_ids": text_array(records)}
    cursor.execute(SQL["load"], wanted)
    for participant_id, class_code, version, completion, evidence in cursor.fetchall():
        records[participant_id].load(class_code, version, completion, evidence)
    return records


class Staged(Struct, frozen=True):
    """What is to be written, encoded: partner id to its changes, and their class and purchase rows as COPY streams."""

    changes: Mapping[int, Changes]
    classes: bytes
    purchases: bytes


def stage(changes: Mapping[int, Changes]) -> Staged:
    """Encodes changed rows: what `write` needs no database for."""
    return Staged(changes, class_stream(changes), purchase_stream(changes))


Beside: TypeAlias = Callable[[Callable[[], None]], AbstractContextManager[None]]
"""Makes a context manager that has statements run while its block computes."""


@contextmanager
def at_once(statements: Callable[[], None]) -> Iterator[None]:
    """A `Beside` that does one after the other."""
    statements()
    yield


def write(cursor: Any, staged: Staged, beside: Beside = at_once) -> None:
    """Writes the changed rows of a transaction. At most once a transaction.

    What they change in evaluations is queued with them. Raises StaleRows when a row is not the one that the change was
    made from.
    """
    changes = staged.changes
    deltas = Deltas()
    replaced = sum(1 for each in changes.values() for row in each.classes if row.expected)
    added = sum(len(each.classes) for each in changes.values()) - replaced
    if replaced or added:
        copy_stream(cursor, SQL["stage_class"], staged.classes)
    before = _replace_classes(cursor, replaced) if replaced else []
    answered = _Answered()
    with beside(partial(_write_others, cursor, staged, added, answered)):
        _count_replaced(deltas, changes, before)
        for partner_id, changed in changes.items():
            for row in changed.classes:
                if not row.expected:
                    deltas.class_row(partner_id, row.class_code, row.package_codes, row.counted, 1)
    for partner_id, class_code, packages, *columns in answered.emptied:
        deltas.class_row(partner_id, class_code, packages, counted_columns(columns), -1)
    for partner_id, *columns in answered.purchases:
        deltas.purchase_row(partner_id, tuple(columns[:4]), -1)
        deltas.purchase_row(partner_id, tuple(columns[4:]), 1)
    for partner_id, *columns in answered.removed:
        deltas.purchase_row(partner_id, tuple(columns), -1)
    deltas.queue(cursor)


class _Answered(Struct):
    """What was counted of rows before they were written: class rows removed, purchases written, purchases removed."""

    emptied: list[tuple[Any, ...]] = field(default_factory=list)
    purchases: list[tuple[Any, ...]] = field(default_factory=list)
    removed: list[tuple[Any, ...]] = field(default_factory=list)


def _write_others(cursor: Any, staged: Staged, added: int, answered: _Answered) -> None:
    """Writes everything but the class rows that replace others."""
    changes = staged.changes
    if added:
        cursor.execute(SQL["insert_class"])
        _expect(cursor, added)
    for partner_id, changed in changes.items():
        if changed.emptied:
            answered.emptied += _delete_classes(cursor, partner_id, changed.emptied)
    if any(changed.purchases for changed in changes.values()):
        copy_stream(cursor, SQL["stage_purchase"], staged.purchases)
        cursor.execute(SQL["upsert_purchase"])
        answered.purchases += cursor.fetchall()
    for partner_id, changed in changes.items():
        if changed.unpaid:
            answered.removed += _delete_purchases(cursor, partner_id, changed.unpaid)


def write_unless_newer(cursor: Any, changes: Mapping[int, Changes]) -> None:
    """Writes class rows that were judged again; one whose evidence has changed since is left as it is."""
    deltas = Deltas()
    if any(changed.classes for changed in changes.values()):
        copy_stream(cursor, SQL["stage_class"], class_stream(changes))
        _count_replaced(deltas, changes, _update_classes(cursor)[1])
    deltas.queue(cursor)


def _replace_classes(cursor: Any, count: int) -> list[tuple[Any, ...]]:
    replaced, before = _update_classes(cursor)
    if replaced != count:
        raise StaleRows
    return before


def _update_classes(cursor: Any) -> tuple[int, list[tuple[Any, ...]]]:
    """Replaces the staged rows that are still there in their expected version.

    Returns how many were, and of those of which something else is counted now what was counted before.
    """
    cursor.execute(SQL["update_class"])
    answered = cursor.fetchall()
    count: int = answered[0][0]
    return count, [] if answered[0][1] is None else [row[1:] for row in answered]


def _count_replaced(
    deltas: Deltas, changes: Mapping[int, Changes], before: Sequence[tuple[Any, ...]]
) -> None:
    if not before:
        return
    new = {
        (partner_id, row.participant_id, row.class_code): row
        for partner_id, changed in changes.items()
        for row in changed.classes
    }
    for partner_id, participant_id, class_code, packages, *columns in before:
        row = new[partner_id, participant_id, class_code]
        counted = (packages, counted_columns(columns))
        deltas.class_row_replaced(partner_id, class_code, counted, (row.package_codes, row.counted))


def _delete_classes(
    cursor: Any, partner_id: int, emptied: Sequence[tuple[str, str, int]]
) -> list[tuple[Any, ...]]:
    """Removes class rows; returns partner id, class code and what was counted of each."""
    participant_ids, class_codes, expected = zip(*emptied, strict=True)
    cursor.execute(
        SQL["delete_classes"],
        {
            "partner_id": partner_id,
            "participant_ids": text_array(participant_ids),
            "class_codes": text_array(class_codes),
            "expected": list(expected),
        },
    )
    _expect(cursor, len(emptied))
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _delete_purchases(
    cursor: Any, partner_id: int, unpaid: Sequence[tuple[str, str]]
) -> list[tuple[Any, ...]]:
    """Removes purchase rows; returns partner id and what was counted of each that was there."""
    participant_ids, purchase_ids = zip(*unpaid, strict=True)
    cursor.execute(
        SQL["delete_purchases"],
        {
            "partner_id": partner_id,
            "participant_ids": text_array(participant_ids),
            "purchase_ids": text_array(purchase_ids),
        },
    )
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _expect(cursor: Any, count: int) -> None:
    if cursor.rowcount != count:
        raise StaleRows
