"""Changed status rows as COPY streams for the temporary tables that they are merged from (status.sql)."""

from collections.abc import Mapping
from struct import Struct
from typing import Final

from projections import binary_copy as field
from projections.record import Changes, ClassRow, PurchaseRow

_CLASS_COLUMNS: Final = field.pack_columns(18)
_PURCHASE_COLUMNS: Final = field.pack_columns(10)
_FIXED: Final = Struct(">iiiiihihihihibih").pack
"""expected, version, purchase, completion, assessment, flags, satisfied and partner_id, each behind its length."""


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
    counted = row.counted
    return (
        _CLASS_COLUMNS,
        _FIXED(
            *(4, row.expected, 4, row.version, 2, row.purchase, 2, row.completion),
            *(2, row.assessment, 2, row.flags, 1, row.satisfied, 2, partner_id),
        ),
        field.text(row.participant_id),
        field.text(row.class_code),
        field.NULL if row.purchased_at is None else field.bigint(row.purchased_at),
        field.text_array(row.package_codes),
        field.bytea(row.evidence),
        _NOTHING_COUNTED
        if counted is None
        else field.double(counted.best_scaled)
        + field.double(counted.pre_test_scaled)
        + (field.NULL if counted.taken_seconds is None else field.bigint(counted.taken_seconds))
        + (field.NULL if counted.rating is None else field.smallint(counted.rating))
        + (field.NULL if counted.drop_off is None else field.smallint(counted.drop_off)),
    )


_NOTHING_COUNTED: Final = 5 * field.NULL


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
        field.text(row.participant_id),
        field.text(row.purchase_id),
        field.bigint(row.purchased_at),
        field.text(row.package_code),
        field.boolean(row.unresolved),
        field.boolean(row.complete),
        field.boolean(row.after_sales_end),
        field.text_array(row.class_codes),
        field.text_array(row.missing),
        field.smallint(partner_id),
    )
