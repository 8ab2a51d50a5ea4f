"""The columns of the status tables, said once: lists for COPY, temporary tables and merge statements follow from them.

The tables themselves are made in tables.sql, in an order that wastes no room; a test holds them to these columns.
Statements have places for what follows: ``{class_columns}`` and so on, see `Columns.parts`.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct


class Columns(Struct, frozen=True):
    """A table's columns: names to types, in the order in which rows are packed. ``counted``: what evaluations count."""

    types: Mapping[str, str]
    key: tuple[str, ...]
    counted: tuple[str, ...]

    def parts(self, name: str) -> dict[str, str]:
        """What statements have of the columns, under names that begin with ``name``.

        ``_columns``: the columns. ``_types``: as a temporary table has them. ``_replaced``: SET, by those that were
        excluded. ``_differ``: whether the row that is there is another one.
        ``_counted``: what is counted of a row; ``_counted_before``: of the row that was there, each with a name that
        ends in ``_before``; ``_counted_now``: of the row that is there instead.
        """
        others = [column for column in self.types if column not in self.key]
        live, excluded = (
            ", ".join(f"{row}.{column}" for column in others) for row in ("live", "excluded")
        )
        return {
            f"{name}_columns": ", ".join(self.types),
            f"{name}_types": ", ".join(f"{column} {of}" for column, of in self.types.items()),
            f"{name}_replaced": ", ".join(f"{column} = excluded.{column}" for column in others),
            f"{name}_differ": f"({live}) IS DISTINCT FROM ({excluded})",
            f"{name}_counted": ", ".join(self._read("", of) for of in self.counted),
            f"{name}_counted_before": ", ".join(
                f"{self._read('old.', of)} AS {of}_before" for of in self.counted
            ),
            f"{name}_counted_now": ", ".join(self._read("new.", of) for of in self.counted),
        }

    def _read(self, row: str, column: str) -> str:
        """A column for Python: times in microseconds since 1970."""
        if self.types[column] == "timestamptz":
            return f"(extract(epoch FROM {row}{column}) * 1000000)::bigint"
        return row + column


CLASS: Final = Columns(
    {
        "partner_id": "smallint",
        "purchase": "smallint",
        "completion": "smallint",
        "assessment": "smallint",
        "flags": "smallint",
        "satisfied": "boolean",
        "person": "bigint",
        "purchased_at": "timestamptz",
        "best_scaled": "double precision",
        "pre_test_scaled": "double precision",
        "taken_seconds": "bigint",
        "rating": "smallint",
        "drop_off": "smallint",
        "paid": "bigint",
        "paid_refunded": "bigint",
        "allocated": "bigint",
        "price_is": "smallint",
        "class_code": 'text COLLATE "C"',
        "package_codes": "text[]",
    },
    key=("person", "partner_id", "class_code"),
    counted=(
        "purchased_at",
        "purchase",
        "completion",
        "assessment",
        "satisfied",
        "flags",
        "best_scaled",
        "pre_test_scaled",
        "rating",
        "drop_off",
        "taken_seconds",
        "paid",
        "paid_refunded",
        "allocated",
        "price_is",
    ),
)
"""projections.purchased_class."""

PURCHASE: Final = Columns(
    {
        "partner_id": "smallint",
        "person": "bigint",
        "unresolved": "boolean",
        "after_sales_end": "boolean",
        "withdrawn": "boolean",
        "refunded": "boolean",
        "amount_differs": "boolean",
        "unallocated": "bigint",
        "purchased_at": "timestamptz",
        "complete": "boolean",
        "purchase_id": 'text COLLATE "C"',
        "package_code": 'text COLLATE "C"',
        "class_codes": "text[]",
        "missing": "text[]",
        "packages": "text[]",
    },
    key=("partner_id", "purchase_id", "person"),
    counted=("package_code", "complete", "unresolved", "after_sales_end", "unallocated"),
)
"""projections.purchase."""

PARTS: Final = CLASS.parts("class") | PURCHASE.parts("purchase")
"""For `projections.storage.sql.load`."""
