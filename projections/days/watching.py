"""Writes what worklists ask of purchased classes (projections/storage/tables.sql, watched_class)."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from domain.watched import Watched
from projections.days.changed import Changed
from projections.storage import binary_copy as field
from projections.storage.copy import copy_stream
from projections.storage.cursor import Cursor
from projections.storage.schema import LIVE
from projections.storage.sql import load

SQL: Final = load("projections.days", "watching.sql")

_COLUMNS: Final = 8

_code = lru_cache(maxsize=1 << 14)(field.text)


def write(cursor: Cursor, changed: Changed, schema: str) -> None:
    """Brings the rows in ``schema`` to what has changed."""
    if not changed.watched:
        return
    cursor.execute(SQL["prepare"])
    if cursor.fetchone()[0]:
        cursor.execute(SQL["clear"])
    _send(cursor, SQL["stage"], [changed])
    names = ("write", "remove") if None in changed.watched.values() else ("write",)
    for name in names:
        cursor.execute(_within(schema, SQL[name]))


def load_new(cursor: Cursor, changed: Iterable[Changed], schema: str) -> None:
    """Adds rows of participants that have none yet, and forgets them."""
    some = list(changed)
    _send(cursor, _within(schema, SQL["load"]), some)
    for of_partner in some:
        of_partner.watched.clear()


def _send(cursor: Cursor, statement: str, changed: Iterable[Changed]) -> None:
    rows = [
        _row(of_partner.partner_id, *place, of)
        for of_partner in changed
        for place, of in of_partner.watched.items()
    ]
    if rows:
        copy_stream(cursor, statement, field.stream(_COLUMNS, rows))


def _row(partner_id: int, person: int, class_code: str, of: Watched | None) -> tuple[bytes, ...]:
    if of is None:
        told = (field.NULL,) * 5
    else:
        told = (
            field.timestamptz(of.last_reported_at),
            field.NULL if of.since is None else field.timestamptz(of.since),
            field.smallint(of.state),
            field.boolean(of.is_open),
            field.NULL if of.is_ready is None else field.boolean(of.is_ready),
        )
    return (*told, field.bigint(person), field.smallint(partner_id), _code(class_code))


def _within(schema: str, statement: str) -> str:
    return statement.replace(f"{LIVE}.", f"{schema}.")
