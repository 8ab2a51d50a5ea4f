"""What changes in what is counted, per partner and scope.

A scope is one class, one class within the purchases of one package, or one package (projections/storage/tables.sql).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from domain.counting import Counted, Metric, Part, parts
from domain.money import Money
from domain.vocabulary import ASSESSMENT_STATES, COMPLETION_STATES, FLAGS, PURCHASE_STATES
from projections.status.record import ATTENDED, CERTIFIED

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


class Deltas:
    """What one transaction changes in what is counted, per partner and scope."""

    def __init__(self) -> None:
        self._partners: dict[int, dict[Scope, Changed]] = {}

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
        _count(tallies, old - new, -1)
        _count(tallies, new - old, 1)

    def purchase_row(self, partner_id: int, columns: PackageColumns, times: int) -> None:
        """Counts a purchase ``times`` times (1 or -1), if it is one of a package."""
        package_code, complete, unresolved, after_sales_end, unallocated = columns
        if package_code is None:
            return
        tally = self._scopes(partner_id)[package_code, ""]
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
        bool(flags & ATTENDED),
        bool(flags & CERTIFIED),
    )
