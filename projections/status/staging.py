"""Changed status rows as COPY streams for the temporary tables that they are merged from (writing.sql)."""

from collections.abc import Mapping
from struct import Struct
from typing import Final

from domain.counting import Counted
from domain.money import NO_MONEY, Money
from projections.status.record import Changes, ClassRow, PurchaseRow
from projections.storage import binary_copy as field

_CLASS_COLUMNS: Final = field.pack_columns(19)
_PURCHASE_COLUMNS: Final = field.pack_columns(15)
_FIXED: Final = Struct(">ihihihihibihiq").pack
"""purchase, completion, assessment, flags, satisfied, partner_id and person, each behind its length."""


def class_stream(changes: Mapping[int, Changes]) -> bytes:
    """The class rows of each partner; columns as in the statement stage_class."""
    # The loop runs for each row that changes; one list is extended, because that is what measured fastest.
    parts = [field.HEADER]
    for partner_id, changed in changes.items():
        for row in changed.classes:
            parts += _class_fields(partner_id, row)
    parts.append(field.TRAILER)
    return b"".join(parts)


def _class_fields(partner_id: int, row: ClassRow) -> tuple[bytes, ...]:
    class_code = row.class_code.encode()
    packages, purchased_at = row.package_codes, row.purchased_at
    return (
        _CLASS_COLUMNS,
        _FIXED(
            *(2, row.purchase, 2, row.completion, 2, row.assessment, 2, row.flags),
            *(1, row.satisfied, 2, partner_id, 8, row.person),
        ),
        _LENGTHS[len(class_code)],
        class_code,
        _NULL if purchased_at is None else _bigint(8, purchased_at),
        _NULL if packages is None else field.text_array(packages),
        counted_fields(row.counted),
    )


def counted_fields(of: Counted | None) -> bytes:
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


_NULL, _LENGTHS = field.NULL, field.LENGTHS
_bigint, _smallint, _double = field.pack_bigint, field.pack_smallint, field.pack_double
_NO_MONEY: Final = 4 * _NULL
_NOTHING_COUNTED: Final = 5 * _NULL + _NO_MONEY


def purchase_stream(changes: Mapping[int, Changes]) -> bytes:
    """The purchase rows of each partner; columns as in the statement stage_purchase."""
    parts = [field.HEADER]
    for partner_id, changed in changes.items():
        for row in changed.purchases:
            parts += _purchase_fields(partner_id, row)
    parts.append(field.TRAILER)
    return b"".join(parts)


def _purchase_fields(partner_id: int, row: PurchaseRow) -> tuple[bytes, ...]:
    return (
        _PURCHASE_COLUMNS,
        field.bigint(row.person),
        field.text(row.purchase_id),
        _NULL if row.purchased_at is None else field.bigint(row.purchased_at),
        field.text(row.package_code),
        field.boolean(row.unresolved),
        field.boolean(row.complete),
        field.boolean(row.after_sales_end),
        field.boolean(row.withdrawn),
        field.boolean(row.refunded),
        field.boolean(row.amount_differs),
        field.bigint(row.unallocated) if row.unallocated else _NULL,
        field.text_array(row.class_codes),
        field.text_array(row.missing),
        field.text_array(row.packages),
        field.smallint(partner_id),
    )
