"""Status rows in PostgreSQL: writing changed ones.

Everything runs inside the caller's transaction, on the caller's psycopg2 cursor.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from projections.status.packing import class_stream, purchase_stream
from projections.status.record import Changes
from projections.storage.columns import PARTS
from projections.storage.copy import bigint_array, copy_stream, text_array
from projections.storage.cursor import Cursor
from projections.storage.sql import load
from projections.sums import queue
from projections.sums.queue import ClassChange, Queued

SQL = load("projections.status", "writing.sql", PARTS)

Result = TypeVar("Result")


def prepare(cursor: Cursor) -> None:
    """Makes a connection ready for `write`."""
    cursor.execute(SQL["prepare"])


class Staged(Struct, frozen=True):
    """What is to be written, encoded: partner id to its changes, and their class and purchase rows as COPY streams."""

    changes: Mapping[int, Changes]
    classes: bytes
    purchases: bytes


def stage(changes: Mapping[int, Changes]) -> Staged:
    """Encodes changed rows: what `write` needs no database for."""
    return Staged(changes, class_stream(changes), purchase_stream(changes))


class Concurrently(Protocol):
    """Makes a context manager that has statements run while its block computes, and gives what they come to."""

    def __call__(
        self, statements: Callable[[], Result], /
    ) -> AbstractContextManager[Future[Result]]: ...


@contextmanager
def one_after_the_other(statements: Callable[[], Result]) -> Iterator[Future[Result]]:
    """A `Concurrently` for who has one thread."""
    future: Future[Result] = Future()
    future.set_result(statements())
    yield future


def write(cursor: Cursor, staged: Staged, concurrently: Concurrently = one_after_the_other) -> None:
    """Writes the changed rows of a transaction, whatever was there before. At most once a transaction.

    What they change in evaluations is queued with them. The caller is the only one who may write rows of these
    participants until the transaction ends.
    """
    changes = staged.changes
    queued = {partner_id: Queued() for partner_id in changes}
    before: list[tuple[Any, ...]] = []
    if any(changed.classes for changed in changes.values()):
        copy_stream(cursor, SQL["stage_class"], staged.classes)
        cursor.execute(SQL["merge_classes"])
        before = cursor.fetchall()
    with concurrently(partial(_write_purchases, cursor, staged)) as purchases:
        _note_classes(queued, changes, before)
    for partner_id, *columns in purchases.result():
        old, new = tuple(columns[:5]), tuple(columns[5:])
        if old != new:
            queued[partner_id].purchases.append((old, new))
    queue.leave(cursor, queued)


def remove_others(cursor: Cursor, partner_id: int, persons: Collection[int], kept: Changes) -> None:
    """Removes the class rows of some participants that are not among those ``kept``, and queues what that changes."""
    names: dict[str, Any] = {
        "partner_id": partner_id,
        "persons": bigint_array(persons),
    }
    cursor.execute(SQL["class_keys"], names)
    stay = {(row.person, row.class_code) for row in kept.classes}
    gone = [key for key in cursor.fetchall() if key not in stay]
    if not gone:
        return
    people, class_codes = zip(*gone, strict=True)
    names |= {"persons": bigint_array(people), "class_codes": text_array(class_codes)}
    cursor.execute(SQL["delete_classes"], names)
    removed: list[ClassChange] = [
        (class_code, packages, columns, None, None)
        for class_code, packages, *columns in cursor.fetchall()
    ]
    queue.leave(cursor, {partner_id: Queued(removed)})


def _write_purchases(cursor: Cursor, staged: Staged) -> list[tuple[Any, ...]]:
    """Writes the purchases; what was counted of each before and what is now."""
    if not any(changed.purchases for changed in staged.changes.values()):
        return []
    copy_stream(cursor, SQL["stage_purchase"], staged.purchases)
    cursor.execute(SQL["merge_purchases"])
    return cursor.fetchall()


def _note_classes(
    queued: Mapping[int, Queued],
    changes: Mapping[int, Changes],
    before: Sequence[tuple[Any, ...]],
) -> None:
    """Notes class rows as they are and as they were; ``before`` has those that are counted otherwise."""
    if not before:
        return
    new = {
        (partner_id, row.person, row.class_code): row
        for partner_id, changed in changes.items()
        for row in changed.classes
    }
    for columns in before:
        key = columns[:3]
        row = new[key]
        queued[key[0]].classes.append(
            (key[2], columns[3], columns[4:], row.package_codes, row.counted)
        )
