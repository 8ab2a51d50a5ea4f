"""Evaluations kept as sums: what a transaction changed in them, and adding that up.

A transaction that changes status rows queues what it changed in what is counted (`Deltas`, one row a partner). The
project service takes the queue and adds it to the sums, in any order: sums do not care. So writers of different lanes
never wait for each other at the sums that all of them touch.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from domain.counting import Counted, Metric, Part, parts
from domain.median import HUNDREDTHS, hundredth
from domain.money import Money
from domain.vocabulary import ASSESSMENT_STATES, COMPLETION_STATES, FLAGS, PURCHASE_STATES
from projections.storage.copy import copy_rows
from projections.storage.schema import LIVE
from projections.storage.sql import load

SQL = load("projections.sums", "rollup.sql")

CHANGES_AT_ONCE = 20_000
"""About so many changed rows are added up in one transaction; one more transaction's changes at least."""

REFUNDED = PURCHASE_STATES.index("refunded")
ALL_FLAGS = (1 << len(FLAGS)) - 1

Scope = tuple[str, str]
"""Package code and class code; either is '' for all."""

Count = tuple[str, str, int, float, int]
"""Package code, class code, metric, value, how often."""

Changed = defaultdict[tuple[int, float], int]
"""How much more, or less, often each metric and value is counted. Not a Counter: that asks Python for each new key."""

PackageColumns = tuple[str | None, bool | None, bool | None, bool | None, int | None]
"""Of a purchase: package_code, complete, unresolved, after_sales_end, unallocated; all None: there is no row."""

ClassRowCounted = tuple[Sequence[str] | None, Counted | None]
"""Of a class row: its package codes, and what is counted of it."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Count]).decode


class Deltas:
    """What one transaction changes in what is counted, per partner and scope."""

    def __init__(self) -> None:
        self._partners: dict[int, dict[Scope, Changed]] = {}
        self._changes: Counter[int] = Counter()

    def class_row(
        self,
        partner_id: int,
        class_code: str,
        package_codes: Sequence[str] | None,
        of: Counted | None,
        times: int,
    ) -> None:
        """Counts a class row ``times`` times (1 or -1), alone and within each of its packages."""
        if of is not None:
            tallies = self._tallies(partner_id, class_code, package_codes)
            self._changes[partner_id] += times > 0
            _count(tallies, parts(of), times)

    def class_row_replaced(
        self, partner_id: int, class_code: str, before: ClassRowCounted, after: ClassRowCounted
    ) -> None:
        """Counts a class row as it is instead of as it was; cheaper than both one by one."""
        (packages, of), (new_packages, new_of) = before, after
        if of is None or new_of is None or packages != new_packages:
            self.class_row(partner_id, class_code, packages, of, -1)
            self.class_row(partner_id, class_code, new_packages, new_of, 1)
            return
        old, new = set(parts(of)), set(parts(new_of))
        tallies = self._tallies(partner_id, class_code, packages)
        self._changes[partner_id] += 1
        _count(tallies, old - new, -1)
        _count(tallies, new - old, 1)

    def purchase_row(self, partner_id: int, columns: PackageColumns, times: int) -> None:
        """Counts a purchase ``times`` times (1 or -1), if it is one of a package."""
        package_code, complete, unresolved, after_sales_end, unallocated = columns
        if package_code is None:
            return
        tally = self._scopes(partner_id)[package_code, ""]
        self._changes[partner_id] += times > 0
        for metric, counts in (
            (Metric.PACKAGES, True),
            (Metric.PACKAGES_COMPLETE, complete),
            (Metric.PACKAGES_UNRESOLVED, unresolved),
            (Metric.PACKAGES_AFTER_SALES_END, after_sales_end),
        ):
            if counts:
                tally[int(metric), 0.0] += times
        if unallocated:
            tally[int(Metric.UNALLOCATED), 0.0] += times * unallocated

    def counts(self) -> dict[int, list[Count]]:
        """Partner id to everything that is counted differently now."""
        changed: dict[int, list[Count]] = {}
        for partner_id, scopes in self._partners.items():
            counts = [
                (package_code, class_code, metric, value, n)
                for (package_code, class_code), tally in scopes.items()
                for (metric, value), n in tally.items()
                if n
            ]
            if counts:
                changed[partner_id] = counts
        return changed

    def __len__(self) -> int:
        """How many scopes' metrics and values are counted differently."""
        return sum(len(tally) for scopes in self._partners.values() for tally in scopes.values())

    def queue(self, cursor: Any) -> None:
        """Leaves the changes for `add_up`, within the transaction that they belong to."""
        for partner_id, counts in self.counts().items():
            cursor.execute(
                SQL["queue"],
                {
                    "partner_id": partner_id,
                    "changes": max(self._changes[partner_id], 1),
                    "counts": _encode(counts),
                },
            )

    def _scopes(self, partner_id: int) -> dict[Scope, Changed]:
        scopes = self._partners.get(partner_id)
        if scopes is None:
            scopes = self._partners[partner_id] = defaultdict(partial(defaultdict, int))
        return scopes

    def _tallies(
        self, partner_id: int, class_code: str, package_codes: Sequence[str] | None
    ) -> list[Changed]:
        """Those of a class, alone and within packages."""
        scopes = self._scopes(partner_id)
        tallies = [scopes["", class_code]]
        if package_codes:
            tallies += [scopes[package_code, class_code] for package_code in package_codes]
        return tallies


def _count(tallies: Iterable[Changed], of: Iterable[Part], times: int) -> None:
    for tally in tallies:
        for metric, value, n in of:
            tally[metric, value] += n * times


def counted_columns(columns: Sequence[Any]) -> Counted | None:
    """What a stored class row counts for, from its columns purchased_at (microseconds) to price_is."""
    purchased_at, purchase, completion, assessment, satisfied, flags = columns[:6]
    if purchased_at is None:
        return None
    best_scaled, pre_test_scaled, rating, drop_off, taken_seconds = columns[6:11]
    paid, refunded, allocated, price_is = columns[11:]
    return Counted(
        purchased_at,
        purchase == REFUNDED,
        COMPLETION_STATES[completion],
        ASSESSMENT_STATES[assessment],
        satisfied,
        flags & ALL_FLAGS,
        best_scaled,
        pre_test_scaled,
        rating,
        drop_off,
        taken_seconds,
        Money(paid or 0, refunded or 0, allocated or 0, price_is),
    )


def add_up(cursor: Any) -> int:
    """Adds queued changes to the sums; returns how many transactions' changes. 0: none, or another process does it."""
    cursor.execute(SQL["claim"])
    return take(cursor) if cursor.fetchone()[0] else 0


def add_up_all(cursor: Any) -> None:
    """Adds everything queued to the sums and keeps other processes from doing so until the end of the transaction."""
    cursor.execute(SQL["claim_waiting"])
    while take(cursor):
        continue


def take(cursor: Any) -> int:
    """Adds some transactions' changes, the oldest first, to the sums; the caller holds the claim. Returns how many."""
    cursor.execute(SQL["take"], {"changes": CHANGES_AT_ONCE})
    rows = cursor.fetchall()
    changed: dict[int, list[Count]] = {}
    for partner_id, counts in rows:
        changed.setdefault(partner_id, []).extend(_decode(counts))
    moved = follow_institutions(cursor)
    add(cursor, changed)
    return len(rows) + moved


def add(cursor: Any, changed: Mapping[int, Sequence[Count]], schema: str = LIVE) -> None:
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


def follow_institutions(cursor: Any, schema: str = LIVE) -> int:
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


def _prepare(cursor: Any) -> None:
    """Makes the temporary tables, or empties them."""
    cursor.execute(SQL["prepare"])
    if cursor.fetchone()[0]:
        cursor.execute(SQL["clear"])


def _add_to_institutions(cursor: Any, schema: str) -> None:
    for name in ("stage_everywhere", "add_to_institutions", "tidy_institutions"):
        cursor.execute(_within(schema, name))


def _within(schema: str, name: str) -> str:
    return SQL[name].replace(f"{LIVE}.", f"{schema}.")
