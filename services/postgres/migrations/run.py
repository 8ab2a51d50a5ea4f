"""Applies migrations: one process at a time, each migration once, long ones in chunks that go on after a stop.

Writers go on meanwhile. A statement that needs a lock waits for it for a short time only, because whoever comes
after it waits in line behind it; then it lets the others pass and tries again.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from time import monotonic, sleep
from typing import Final, TypeVar

from psycopg2.extensions import connection, cursor

from services.postgres.connect import transaction
from services.postgres.errors import Retry
from services.postgres.migrations.baseline import migrations
from services.postgres.migrations.files import APART, IN_CHUNKS, Migration
from services.postgres.migrations.fitness import SQL, Found, look, server_fits, usable
from services.postgres.migrations.stored_format import fingerprint
from services.postgres.waiting import as_long_as_it_takes

MIGRATION_LOCK: Final = 7_468_756_105
"""Key of the advisory lock that lets one process at a time migrate a database."""
LOCK_TIMEOUT_MS: Final = 2_000
"""So long writers may have to wait behind a migration that waits for them."""
LOCK_PATIENCE_SECONDS: Final = 600.0
LOCK_PAUSE_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.2

T = TypeVar("T")
Progress = Callable[[Migration, int, int], None]
"""Called with a migration, the rows that are done and how many there are to do, 0: not counted."""


def migrate(
    session: connection,
    *,
    known: Sequence[Migration] | None = None,
    progress: Progress | None = None,
    on_wait: Callable[[], None] | None = None,
) -> list[Migration]:
    """The migrations that were applied, or gone on with; none where the database had them all.

    ``known``: which, in order; all of this version where none are given. Blocks while another process migrates, after
    a call of ``on_wait``. Raises DatabaseUnfit for a database that they do not lead on from, Retry when a lock could
    not be had for LOCK_PATIENCE_SECONDS, and the errors of `transaction`.
    """
    known = migrations() if known is None else known
    server_fits(session.server_version, session.get_parameter_status("server_encoding"))
    with transaction(session) as work:
        found = look(work)
    usable(found, known)
    if not _pending(found, known):
        return []
    with _alone(session, on_wait):
        with transaction(session) as work:
            found = look(work)
            usable(found, known)
            work.execute(SQL["tables"])
        pending = _pending(found, known)
        for migration in pending:
            _apply(session, migration, progress or _silent)
    return pending


def pending(session: connection, known: Sequence[Migration] | None = None) -> list[Migration]:
    """The migrations that `migrate` would apply; raises as it does."""
    known = migrations() if known is None else known
    server_fits(session.server_version, session.get_parameter_status("server_encoding"))
    with transaction(session) as work:
        found = look(work)
    usable(found, known)
    return _pending(found, known)


def _pending(found: Found, known: Sequence[Migration]) -> list[Migration]:
    finished = {applied.number for applied in found.applied if applied.is_finished}
    return [migration for migration in known if migration.number not in finished]


@contextmanager
def _alone(session: connection, on_wait: Callable[[], None] | None) -> Iterator[None]:
    """A block in which this process alone migrates, and in which statements may take as long as they need."""
    announced = False
    while True:
        with transaction(session) as work:
            work.execute(SQL["try_lock"], {"key": MIGRATION_LOCK})
            if work.fetchall() == [(True,)]:
                break
        if not announced and on_wait is not None:
            on_wait()
        announced = True
        sleep(LOOK_SECONDS)
    try:
        with transaction(session) as work:
            work.execute("SHOW statement_timeout")
            ((before,),) = work.fetchall()
            work.execute("SET statement_timeout = 0")
        with as_long_as_it_takes(session):
            yield
    finally:
        if not session.closed:
            with transaction(session) as work:
                work.execute("SELECT set_config('statement_timeout', %s, false)", (before,))
                work.execute(SQL["unlock"], {"key": MIGRATION_LOCK})


def _apply(session: connection, migration: Migration, progress: Progress) -> None:
    row = {
        "number": migration.number,
        "name": migration.name,
        "kind": migration.kind,
        "checksum": migration.checksum,
        "program": version("tuntas"),
    }
    progress(migration, 0, 0)
    if migration.runs == IN_CHUNKS:
        _begin(session, row)
        _in_chunks(session, migration, progress)
        _patiently(session, lambda work: _finish(work, migration))
    elif migration.runs == APART:
        _begin(session, row)
        for statement in migration.statements.values():
            _apart(session, statement)
        _patiently(session, lambda work: _finish(work, migration))
    else:

        def at_once(work: cursor) -> None:
            work.execute(SQL["begin"], row)
            for statement in migration.statements.values():
                work.execute(statement)
            _finish(work, migration)

        _patiently(session, at_once)


def _begin(session: connection, row: dict[str, object]) -> None:
    with transaction(session) as work:
        work.execute(SQL["begin"], row)


def _finish(work: cursor, migration: Migration) -> None:
    work.execute(SQL["finish"], {"number": migration.number})
    if migration.stored_format is not None:
        stamp = {"number": migration.stored_format, "fingerprint": fingerprint()}
        work.execute(SQL["stamp"], stamp)


def _in_chunks(session: connection, migration: Migration, progress: Progress) -> None:
    """Does chunk after chunk, each with its place in one transaction; begins behind the last one that was done."""
    number = {"number": migration.number}
    with transaction(session) as work:
        work.execute(migration.statements["total"])
        ((total,),) = work.fetchall()
        work.execute(SQL["total"], {**number, "rows_total": total})
        work.execute(SQL["applied"])
        (reached,) = [row[6] for row in work.fetchall() if row[0] == migration.number]
    _patiently(
        session, lambda work: work.execute(f"PREPARE chunk AS {migration.statements['chunk']}")
    )
    done = False
    try:
        while not done:

            def chunk(work: cursor, after: str | None = reached) -> tuple[str | None, int, int]:
                work.execute("EXECUTE chunk (%s::jsonb, %s)", (after, migration.chunk_rows))
                ((ended, rows),) = work.fetchall()
                ended = None if ended is None else json.dumps(ended)
                work.execute(SQL["progress"], {**number, "reached": ended or after, "rows": rows})
                ((so_far, of),) = work.fetchall()
                return ended, so_far, of or 0

            ended, so_far, of = _patiently(session, chunk)
            progress(migration, so_far, of)
            done, reached = ended is None, ended
    finally:
        if not session.closed:
            with transaction(session) as work:
                work.execute("DEALLOCATE chunk")


def _apart(session: connection, statement: str) -> None:
    """Runs a statement that PostgreSQL does not take inside a transaction, such as CREATE INDEX CONCURRENTLY."""
    session.autocommit = True
    try:
        with transaction(session) as work:
            # Such a statement waits for others without having them wait for it.
            work.execute("SET lock_timeout = 0")
            work.execute(statement)
            work.execute("RESET lock_timeout")
    finally:
        if not session.closed:
            session.autocommit = False


def _patiently(session: connection, do: Callable[[cursor], T]) -> T:
    """What ``do`` returns, in a transaction that gives way to writers and is tried again."""
    deadline = monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            with transaction(session) as work:
                work.execute("SELECT set_config('lock_timeout', %s, true)", (str(LOCK_TIMEOUT_MS),))
                return do(work)
        except Retry:
            if monotonic() > deadline:
                raise
            sleep(LOCK_PAUSE_SECONDS)


def _silent(_migration: Migration, _done: int, _total: int) -> None:
    """Nobody looks."""
