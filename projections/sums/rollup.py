"""Evaluations kept as sums: what a transaction changed in them, and adding that up.

A transaction that changes status rows leaves what it changed in a queue (queue.py, one row a partner). The project
service takes the queue and adds it to the sums, in any order: sums do not care. So writers of different lanes never
wait for each other at the sums that all of them touch.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from domain.counting import Metric
from domain.median import HUNDREDTHS, hundredth
from projections.storage.copy import copy_rows
from projections.storage.cursor import Cursor
from projections.storage.schema import LIVE
from projections.storage.sql import load
from projections.sums import queue
from projections.sums.deltas import Count, Deltas

SQL = load("projections.sums", "rollup.sql")

CHANGES_AT_ONCE = 20_000
"""About so many changed rows are added up in one transaction; one more transaction's changes at least."""


def add_up(cursor: Cursor) -> int:
    """Adds queued changes to the sums; returns how many transactions' changes. 0: none, or another process does it."""
    cursor.execute(SQL["claim"])
    return take(cursor) if cursor.fetchone()[0] else 0


def add_up_all(cursor: Cursor) -> None:
    """Adds everything queued to the sums and keeps other processes from doing so until the end of the transaction."""
    cursor.execute(SQL["claim_waiting"])
    while take(cursor):
        continue


def take(cursor: Cursor) -> int:
    """Adds some transactions' changes, the oldest first, to the sums; the caller holds the claim. Returns how many."""
    taken = queue.take(cursor, CHANGES_AT_ONCE)
    deltas = Deltas()
    for partner_id, queued in taken:
        queue.count(deltas, partner_id, queued)
    moved = follow_institutions(cursor)
    add(cursor, deltas.counts())
    return len(taken) + moved


def add(cursor: Cursor, changed: Mapping[int, Sequence[Count]], schema: str = LIVE) -> None:
    """Adds counts to the sums of their scopes, of the institutions that teach the classes, and of the whole partner.

    ``schema``: where the sums are.
    """
    sums: Counter[tuple[int, str, str, int, float]] = Counter()
    for partner_id, counts in changed.items():
        for package_code, class_code, metric, value, n in counts:
            sums[partner_id, package_code, class_code, metric, value] += n
            # A class within a package is counted in the partner by the class alone.
            if not package_code or not class_code:
                sums[partner_id, "", "", metric, value] += n
                if metric == Metric.SCORE:
                    sums[partner_id, "", "", int(Metric.SCORE_HUNDREDTH), hundredth(value)] += n
                elif metric == Metric.TAKEN_SECONDS:
                    sums[partner_id, "", "", int(Metric.TAKEN_HOURS), value // 3_600] += n
    rows = [(*key, n) for key, n in sorted(sums.items()) if n]
    if not rows:
        return
    _prepare(cursor)
    copy_rows(cursor, SQL["stage"], rows)
    for name in ("add", "tidy"):
        cursor.execute(_within(schema, name))
    cursor.execute(_within(schema, "stage_institutions"), {"hundredths": HUNDREDTHS})
    _add_to_institutions(cursor, schema)


def follow_institutions(cursor: Cursor, schema: str = LIVE) -> int:
    """Moves the sums of classes that another institution teaches now; returns how many classes those were.

    A class that is being published at this moment is left for the next time.
    """
    cursor.execute(_within(schema, "moved_classes"))
    moved = cursor.fetchall()
    if moved:
        partner_ids, class_codes, before, after = (
            list(column) for column in zip(*moved, strict=True)
        )
        _prepare(cursor)
        cursor.execute(
            _within(schema, "stage_moved"),
            {
                "partner_ids": partner_ids,
                "class_codes": class_codes,
                "before": before,
                "after": after,
                "hundredths": HUNDREDTHS,
            },
        )
        _add_to_institutions(cursor, schema)
    return len(moved)


def _prepare(cursor: Cursor) -> None:
    """Makes the temporary tables, or empties them."""
    cursor.execute(SQL["prepare"])
    if cursor.fetchone()[0]:
        cursor.execute(SQL["clear"])


def _add_to_institutions(cursor: Cursor, schema: str) -> None:
    for name in ("stage_everywhere", "add_to_institutions", "tidy_institutions"):
        cursor.execute(_within(schema, name))


def _within(schema: str, name: str) -> str:
    return SQL[name].replace(f"{LIVE}.", f"{schema}.")
