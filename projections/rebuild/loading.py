"""New rows as COPY streams into the tables of a rebuild; columns as in the statements load_class and load_purchase."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from struct import Struct
from typing import Final

from projections.status.record import ClassRow, PurchaseRow
from projections.status.staging import counted_fields
from projections.storage import binary_copy as field
from projections.storage.copy import copy_stream
from projections.storage.cursor import Cursor
from projections.storage.schema import LIVE
from projections.storage.sql import load
from projections.sums.deltas import Count

SQL: Final = load("projections.rebuild", "loading.sql")

_FIXED_OF_CLASS: Final = Struct(">hihihihihihib").pack
"""How many columns; partner_id, purchase, completion, assessment, flags and satisfied behind their lengths."""
_FIXED_OF_PURCHASE: Final = Struct(">hihibibibibib").pack
"""How many columns; partner_id, then unresolved to amount_differs (record.py), each behind its length."""
_FIXED_OF_COUNT: Final = Struct(">hihihiqid").pack
"""How many columns; partner_id, metric, n and value behind their lengths."""

_CLASS_COLUMNS: Final = 19
_PURCHASE_COLUMNS: Final = 15
_COUNT_COLUMNS: Final = 6

_code = lru_cache(maxsize=1 << 14)(field.text)
_codes = lru_cache(maxsize=1 << 14)(field.text_array)


def load_rows(
    cursor: Cursor,
    schema: str,
    partner_id: int,
    classes: Iterable[ClassRow],
    purchases: Iterable[PurchaseRow],
) -> None:
    """Adds rows of one partner's participants that have none yet to the tables in ``schema``."""
    send(cursor, schema, "load_class", class_parts(partner_id, classes))
    send(cursor, schema, "load_purchase", purchase_parts(partner_id, purchases))


def send(cursor: Cursor, schema: str, name: str, parts: list[bytes]) -> None:
    """Sends packed rows, if there are any, with a statement of loading.sql."""
    if parts:
        stream = b"".join((field.HEADER, *parts, field.TRAILER))
        copy_stream(cursor, SQL[name].replace(f"{LIVE}.", f"{schema}."), stream)


def class_parts(partner_id: int, rows: Iterable[ClassRow]) -> list[bytes]:
    """The packed fields of class rows, without header and trailer."""
    parts: list[bytes] = []
    for row in rows:
        since, packages = row.purchased_at, row.package_codes
        parts += (
            _FIXED_OF_CLASS(
                *(_CLASS_COLUMNS, 2, partner_id, 2, row.purchase, 2, row.completion),
                *(2, row.assessment, 2, row.flags, 1, row.satisfied),
            ),
            field.NULL if since is None else field.timestamptz(since),
            counted_fields(row.counted),
            field.bigint(row.person),
            _code(row.class_code),
            field.NULL if packages is None else _codes(tuple(packages)),
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
                *(_PURCHASE_COLUMNS, 2, partner_id),
                *(1, row.unresolved, 1, row.after_sales_end, 1, row.withdrawn),
                *(1, row.refunded, 1, row.amount_differs),
            ),
            field.bigint(row.unallocated) if row.unallocated else field.NULL,
            field.NULL if since is None else field.timestamptz(since),
            field.boolean(row.complete),
            field.text(row.purchase_id),
            field.bigint(row.person),
            field.NULL if package_code is None else _code(package_code),
            _codes(tuple(row.class_codes)),
            field.NULL if missing is None else _codes(tuple(missing)),
            field.NULL if packages is None else _codes(tuple(packages)),
        )
    return parts


def count_parts(counts: Mapping[int, Sequence[Count]]) -> list[bytes]:
    """The packed fields of counts by partner id, without header and trailer."""
    parts: list[bytes] = []
    for partner_id, of_partner in counts.items():
        for package_code, class_code, metric, value, n in of_partner:
            parts += (
                _FIXED_OF_COUNT(_COUNT_COLUMNS, 2, partner_id, 2, metric, 8, n, 8, value),
                _code(package_code),
                _code(class_code),
            )
    return parts
