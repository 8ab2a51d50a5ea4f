"""Indices taken off new tables while rows are loaded, and put on again afterwards as they were."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from projections.storage.cursor import Cursor
from projections.storage.sql import load

SQL: Final = load("projections.rebuild", "indices.sql")


class Index(Struct, frozen=True):
    """An index by its name; ``definition`` makes it. ``constraint`` is the kind that it holds up, if any."""

    table: str
    name: str
    definition: str
    constraint: str | None


def drop(cursor: Cursor, schema: str, tables: Sequence[str]) -> list[Index]:
    """Drops the indices of some tables that nothing refers to, with their constraints; returns how to make them."""
    cursor.execute(SQL["indices"], {"schema": schema, "tables": list(tables)})
    found = [Index(*row) for row in cursor.fetchall()]
    for index in found:
        if index.constraint is None:
            cursor.execute(f"DROP INDEX {schema}.{index.name}")
        else:
            cursor.execute(f"ALTER TABLE {schema}.{index.table} DROP CONSTRAINT {index.name}")
    return found


def create(cursor: Cursor, schema: str, indices: Iterable[Index]) -> None:
    """Makes the constraints again; their indices are there. They lock the tables, but read no rows."""
    for index in indices:
        if index.constraint is not None:
            cursor.execute(
                f"ALTER TABLE {schema}.{index.table} ADD CONSTRAINT {index.name} {index.constraint} "
                f"USING INDEX {index.name}"
            )
