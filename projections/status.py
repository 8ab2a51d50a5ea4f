"""Status rows in PostgreSQL: loading participant records and writing changed ones.

Everything runs inside the caller's transaction, on the caller's psycopg2 cursor.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

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


def write(cursor: Any, staged: Staged) -> None:
    """Writes the changed rows of a transaction. At most once a transaction.

    What they change in evaluations is queued with them. Raises StaleRows when a row is not the one that the change was
    made from.
    """
    deltas = Deltas()
    _write_classes(cursor, staged, deltas)
    _write_purchases(cursor, staged, deltas)
    deltas.queue(cursor)


def write_unless_newer(cursor: Any, changes: Mapping[int, Changes]) -> None:
    """Writes class rows that were judged again; one whose evidence has changed since is left as it is."""
    deltas = Deltas()
    if any(changed.classes for changed in changes.values()):
        copy_stream(cursor, SQL["stage_class"], class_stream(changes))
        _update_classes(cursor, changes, deltas)
    deltas.queue(cursor)


def _write_classes(cursor: Any, staged: Staged, deltas: Deltas) -> None:
    changes = staged.changes
    replaced = sum(1 for each in changes.values() for row in each.classes if row.expected)
    added = sum(len(each.classes) for each in changes.values()) - replaced
    if replaced or added:
        copy_stream(cursor, SQL["stage_class"], staged.classes)
    if replaced and _update_classes(cursor, changes, deltas) != replaced:
        raise StaleRows
    if added:
        cursor.execute(SQL["insert_class"])
        _expect(cursor, added)
    for partner_id, changed in changes.items():
        for row in changed.classes:
            if not row.expected:
                deltas.class_row(partner_id, row.class_code, row.package_codes, row.counted, 1)
        if changed.emptied:
            _delete_classes(cursor, partner_id, changed.emptied, deltas)


def _delete_classes(
    cursor: Any, partner_id: int, emptied: Sequence[tuple[str, str, int]], deltas: Deltas
) -> None:
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
    for class_code, packages, *columns in cursor.fetchall():
        deltas.class_row(partner_id, class_code, packages, counted_columns(columns), -1)


def _update_classes(cursor: Any, changes: Mapping[int, Changes], deltas: Deltas) -> int:
    """Replaces the staged rows that are still there in their expected version; returns how many were."""
    cursor.execute(SQL["update_class"])
    answered = cursor.fetchall()
    count: int = answered[0][0]
    if answered[0][1] is None:
        return count
    new = {
        (partner_id, row.participant_id, row.class_code): row
        for partner_id, changed in changes.items()
        for row in changed.classes
    }
    for _, partner_id, participant_id, class_code, packages, *columns in answered:
        row = new[partner_id, participant_id, class_code]
        before = (packages, counted_columns(columns))
        deltas.class_row_replaced(partner_id, class_code, before, (row.package_codes, row.counted))
    return count


def _write_purchases(cursor: Any, staged: Staged, deltas: Deltas) -> None:
    if any(changed.purchases for changed in staged.changes.values()):
        copy_stream(cursor, SQL["stage_purchase"], staged.purchases)
        cursor.execute(SQL["upsert_purchase"])
        for partner_id, *columns in cursor.fetchall():
            deltas.purchase_row(partner_id, tuple(columns[:4]), -1)
            deltas.purchase_row(partner_id, tuple(columns[4:]), 1)
    for partner_id, changed in staged.changes.items():
        if changed.unpaid:
            participant_ids, purchase_ids = zip(*changed.unpaid, strict=True)
            cursor.execute(
                SQL["delete_purchases"],
                {
                    "partner_id": partner_id,
                    "participant_ids": text_array(participant_ids),
                    "purchase_ids": text_array(purchase_ids),
                },
            )
            for columns in cursor.fetchall():
                deltas.purchase_row(partner_id, columns, -1)


def _expect(cursor: Any, count: int) -> None:
    if cursor.rowcount != count:
        raise StaleRows
