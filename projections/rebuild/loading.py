"""New rows as COPY streams into the tables of a rebuild."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from struct import Struct
from typing import Final

from projections.status.packing import class_parts, purchase_parts
from projections.status.record import ClassRow, PurchaseRow
from projections.storage import binary_copy as field
from projections.storage.columns import PARTS
from projections.storage.copy import copy_stream
from projections.storage.cursor import Cursor
from projections.storage.schema import LIVE
from projections.storage.sql import load
from projections.sums.deltas import Count

SQL: Final = load("projections.rebuild", "loading.sql", PARTS)

_FIXED_OF_COUNT: Final = Struct(">hihihiqid").pack
"""How many columns; partner_id, metric, n and value behind their lengths."""

_COUNT_COLUMNS: Final = 6

_code = lru_cache(maxsize=1 << 14)(field.text)


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
