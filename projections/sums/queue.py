"""What transactions changed in what is counted, on its way to the sums.

A writer leaves each changed row as it was counted and as it is counted now; what that comes to in the sums is worked
out by who adds it up, as writers have more to do.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct, field

from domain.counting import Counted, parts
from projections.storage.cursor import Cursor
from projections.storage.sql import load
from projections.sums.deltas import Deltas, PackageColumns, counted_columns

SQL = load("projections.sums", "queue.sql")

ClassChange: TypeAlias = tuple[
    str, Sequence[str] | None, Sequence[Any], Sequence[str] | None, Counted | None
]
"""Class code; package codes and columns of the row before (see `counted_columns`; [None, …]: it counted for nothing, or
was not there); package codes and what counts now, None: nothing."""

PurchaseChange: TypeAlias = tuple[PackageColumns, PackageColumns]
"""A purchase before and now."""


class Queued(Struct, array_like=True):
    """What one transaction changed of one partner."""

    classes: list[ClassChange] = field(default_factory=list)
    purchases: list[PurchaseChange] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.classes or self.purchases)


_encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Queued).decode


def leave(cursor: Cursor, queued: Mapping[int, Queued]) -> None:
    """Leaves changes, by partner id, for who adds them up, within the transaction that they belong to."""
    some = {partner_id: changed for partner_id, changed in queued.items() if changed}
    if some:
        names = {
            "partner_ids": list(some),
            "changes": [len(each.classes) + len(each.purchases) for each in some.values()],
            "counts": [_encode(changed) for changed in some.values()],
        }
        cursor.execute(SQL["leave"], names)


def take(cursor: Cursor, changes: int) -> list[tuple[int, Queued]]:
    """Takes the oldest transactions' changes off the queue, about ``changes``: partner ids and what was changed."""
    cursor.execute(SQL["take"], {"changes": changes})
    return [(partner_id, decode(counts)) for partner_id, counts in cursor.fetchall()]


def count(deltas: Deltas, partner_id: int, queued: Queued) -> None:
    """Adds what was changed to ``deltas``."""
    for class_code, packages, columns, new_packages, of in queued.classes:
        before = (packages, counted_columns(columns))
        deltas.class_row_replaced(partner_id, class_code, before, (new_packages, of))
    for old, new in queued.purchases:
        deltas.purchase_row(partner_id, old, -1)
        deltas.purchase_row(partner_id, new, 1)


def classes_counted(queued: Queued, metric: int) -> Iterable[str]:
    """The classes of which a changed row counts under the metric now."""
    for class_code, _, _, _, of in queued.classes:
        if of is not None and any(counted == metric for counted, _, _ in parts(of)):
            yield class_code
