"""Status rows as packed fields of COPY, in the order of projections/storage/columns.py."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from struct import Struct
from typing import Final

from domain.counting import Counted
from domain.money import NO_MONEY, Money
from projections.status.record import Changes, ClassRow, PurchaseRow
from projections.storage import binary_copy as field
from projections.storage.columns import CLASS, PURCHASE

_FIXED_OF_CLASS: Final = Struct(">hihihihihihibiq").pack
"""How many columns; partner_id to person, each behind its length."""
_FIXED_OF_PURCHASE: Final = Struct(">hihiqibibibibib").pack
"""How many columns; partner_id to amount_differs, each behind its length."""

_CLASS_COLUMNS: Final = len(CLASS.types)
_PURCHASE_COLUMNS: Final = len(PURCHASE.types)

_NULL: Final = field.NULL
_bigint, _smallint, _double = field.pack_bigint, field.pack_smallint, field.pack_double
_NO_MONEY: Final = 4 * _NULL
_NOTHING_COUNTED: Final = 5 * _NULL + _NO_MONEY

_code = lru_cache(maxsize=1 << 14)(field.text)
_codes = lru_cache(maxsize=1 << 14)(field.text_array)


def class_stream(changes: Mapping[int, Changes]) -> bytes:
    """The class rows of each partner."""
    parts = [field.HEADER]
    for partner_id, changed in changes.items():
        parts += class_parts(partner_id, changed.classes)
    parts.append(field.TRAILER)
    return b"".join(parts)


def purchase_stream(changes: Mapping[int, Changes]) -> bytes:
    """The purchase rows of each partner."""
    parts = [field.HEADER]
    for partner_id, changed in changes.items():
        parts += purchase_parts(partner_id, changed.purchases)
    parts.append(field.TRAILER)
    return b"".join(parts)


def class_parts(partner_id: int, rows: Iterable[ClassRow]) -> list[bytes]:
    """The packed fields of class rows, without header and trailer."""
    parts: list[bytes] = []
    for row in rows:
        since, packages = row.purchased_at, row.package_codes
        parts += (
            _FIXED_OF_CLASS(
                *(_CLASS_COLUMNS, 2, partner_id, 2, row.purchase, 2, row.completion),
                *(2, row.assessment, 2, row.flags, 1, row.satisfied, 8, row.person),
            ),
            _NULL if since is None else field.timestamptz(since),
            _counted_fields(row.counted),
            _code(row.class_code),
            _NULL if packages is None else _codes(tuple(packages)),
        )
    return parts


def purchase_parts(partner_id: int, rows: Iterable[PurchaseRow]) -> list[bytes]:
    """The packed fields of purchases, without header and trailer."""
    parts: list[bytes] = []
    for row in rows:
        since, package_code = row.purchased_at, row.package_code
        missing, packages = row.missing, row.packages
        parts += (
            _FIXED_OF_PURCHASE(
                *(_PURCHASE_COLUMNS, 2, partner_id, 8, row.person),
                *(1, row.unresolved, 1, row.after_sales_end, 1, row.withdrawn),
                *(1, row.refunded, 1, row.amount_differs),
            ),
            field.bigint(row.unallocated) if row.unallocated else _NULL,
            _NULL if since is None else field.timestamptz(since),
            field.boolean(row.complete),
            field.text(row.purchase_id),
            _NULL if package_code is None else _code(package_code),
            _codes(tuple(row.class_codes)),
            _NULL if missing is None else _codes(tuple(missing)),
            _NULL if packages is None else _codes(tuple(packages)),
        )
    return parts


def _counted_fields(of: Counted | None) -> bytes:
    """best_scaled to drop_off and paid to price_is: what evaluations count of a class row beside its states."""
    if of is None:
        return _NOTHING_COUNTED
    best, pre_test, taken, rating, drop_off = (
        of.best_scaled,
        of.pre_test_scaled,
        of.taken_seconds,
        of.rating,
        of.drop_off,
    )
    return (
        (_NULL if best is None else _double(8, best))
        + (_NULL if pre_test is None else _double(8, pre_test))
        + (_NULL if taken is None else _bigint(8, taken))
        + (_NULL if rating is None else _smallint(2, rating))
        + (_NULL if drop_off is None else _smallint(2, drop_off))
        + _money_fields(of.money)
    )


def _money_fields(of: Money) -> bytes:
    if of is NO_MONEY:
        return _NO_MONEY
    refunded, allocated, price_is = of.refunded, of.allocated, of.price_is
    return (
        _bigint(8, of.paid)
        + (_bigint(8, refunded) if refunded else _NULL)
        + (_bigint(8, allocated) if allocated else _NULL)
        + (_NULL if price_is is None else _smallint(2, price_is))
    )
