"""Status rows in PostgreSQL: loading participant records and writing changed ones.

Everything runs inside the caller's transaction, on the caller's psycopg2 cursor.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from projections.copy import copy_rows
from projections.record import Changes, Record
from projections.rollup import Deltas, counted_columns, counted_values
from projections.sql import load

SQL = load("projections", "status.sql")


class StaleRows(Exception):
    """Status rows changed under the writer's view of them: forget the records, load them again, do it again."""


def prepare(cursor: Any) -> None:
    """Makes a connection ready for `write`."""
    cursor.execute(SQL["prepare"])


def load_records(cursor: Any, partner_id: int, participant_ids: Iterable[str]) -> dict[str, Record]:
    """The records of the participants, with an empty one for those that have no rows yet. One query."""
    records = {participant_id: Record(participant_id) for participant_id in participant_ids}
    cursor.execute(SQL["load"], {"partner_id": partner_id, "participant_ids": list(records)})
    for participant_id, class_code, version, completion, evidence in cursor.fetchall():
        records[participant_id].load(class_code, version, completion, evidence)
    return records


def write(cursor: Any, changes: Mapping[int, Changes]) -> None:
    """Writes the changed rows of a transaction: partner id to its changes. At most once a transaction.

    What they change in evaluations is queued with them. Raises StaleRows when a row is not the one that the change was
    made from.
    """
    deltas = Deltas()
    _write_classes(cursor, changes, deltas)
    _write_purchases(cursor, changes, deltas)
    deltas.queue(cursor)


def write_unless_newer(cursor: Any, changes: Mapping[int, Changes]) -> None:
    """Writes class rows that were judged again; one whose evidence has changed since is left as it is."""
    deltas = Deltas()
    rows = _class_values(changes)
    if rows:
        copy_rows(cursor, SQL["stage_class"], rows)
        _update_classes(cursor, changes, deltas)
    deltas.queue(cursor)


def _class_values(changes: Mapping[int, Changes]) -> list[tuple[Any, ...]]:
    return [
        (
            row.participant_id,
            row.class_code,
            row.expected,
            row.version,
            row.purchased_at,
            row.purchase,
            row.completion,
            row.assessment,
            row.flags,
            row.satisfied,
            row.package_codes,
            row.evidence,
            *counted_values(row.counted),
            partner_id,
        )
        for partner_id, changed in changes.items()
        for row in changed.classes
    ]


def _write_classes(cursor: Any, changes: Mapping[int, Changes], deltas: Deltas) -> None:
    rows = _class_values(changes)
    if rows:
        copy_rows(cursor, SQL["stage_class"], rows)
        added = sum(1 for row in rows if not row[2])
        if added < len(rows) and _update_classes(cursor, changes, deltas) != len(rows) - added:
            raise StaleRows
        if added:
            cursor.execute(SQL["insert_class"])
            _expect(cursor, added)
    for partner_id, changed in changes.items():
        for row in changed.classes:
            if not row.expected:
                deltas.class_row(partner_id, row.class_code, row.package_codes, row.counted, 1)
        for participant_id, class_code, expected in changed.emptied:
            cursor.execute(
                SQL["delete_class"],
                {
                    "participant_id": participant_id,
                    "partner_id": partner_id,
                    "class_code": class_code,
                    "expected": expected,
                },
            )
            _expect(cursor, 1)
            packages, *columns = cursor.fetchone()
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
        deltas.class_row(partner_id, class_code, packages, counted_columns(columns), -1)
        row = new[partner_id, participant_id, class_code]
        deltas.class_row(partner_id, class_code, row.package_codes, row.counted, 1)
    return count


def _write_purchases(cursor: Any, changes: Mapping[int, Changes], deltas: Deltas) -> None:
    rows = [
        (
            row.participant_id,
            row.purchase_id,
            row.purchased_at,
            row.package_code,
            row.unresolved,
            row.complete,
            row.after_sales_end,
            row.class_codes,
            row.missing,
            partner_id,
        )
        for partner_id, changed in changes.items()
        for row in changed.purchases
    ]
    if rows:
        copy_rows(cursor, SQL["stage_purchase"], rows)
        cursor.execute(SQL["upsert_purchase"])
        for partner_id, *columns in cursor.fetchall():
            deltas.purchase_row(partner_id, tuple(columns[:4]), -1)
            deltas.purchase_row(partner_id, tuple(columns[4:]), 1)
    for partner_id, changed in changes.items():
        for participant_id, purchase_id in changed.unpaid:
            cursor.execute(
                SQL["delete_purchase"],
                {
                    "partner_id": partner_id,
                    "purchase_id": purchase_id,
                    "participant_id": participant_id,
                },
            )
            for columns in cursor.fetchall():
                deltas.purchase_row(partner_id, columns, -1)


def _expect(cursor: Any, count: int) -> None:
    if cursor.rowcount != count:
        raise StaleRows
