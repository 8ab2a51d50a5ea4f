"""Migrations are applied once, by one process at a time, and never in the way of those who write."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread
from time import monotonic, sleep

import pytest
from psycopg2.extensions import connection

from services.postgres.connect import transaction
from services.postgres.errors import StatementRefused
from services.postgres.migrations import run
from services.postgres.migrations.baseline import migrations
from services.postgres.migrations.files import Migration
from services.postgres.migrations.fitness import check
from services.postgres.migrations.run import MIGRATION_LOCK, migrate, pending
from tests.services.postgres.migrations.made_up import APART, DOUBLING, TABLE, migration, rows


def test_an_empty_database_gets_every_migration_once(session: connection) -> None:
    assert [each.number for each in pending(session)] == [each.number for each in migrations()]
    assert migrate(session) == list(migrations())
    check(session)
    assert migrate(session) == [] == pending(session)


def test_a_database_of_this_version_is_not_touched(
    session: connection, open_session: Callable[[], connection]
) -> None:
    migrate(session)
    with transaction(session) as work:
        work.execute(
            "LOCK TABLE ledger.stored_event, ledger.lane, tuntas.stored_format IN SHARE MODE"
        )
        assert migrate(open_session()) == []


def test_many_that_migrate_at_once_wait_for_each_other(
    open_session: Callable[[], connection],
) -> None:
    sessions = [open_session() for _ in range(4)]
    barrier = Barrier(len(sessions))

    def work(session: connection) -> list[Migration]:
        barrier.wait(timeout=10)
        return migrate(session, known=[TABLE, DOUBLING])

    with ThreadPoolExecutor(len(sessions)) as threads:
        applied = list(threads.map(work, sessions))
    assert sorted(map(len, applied)) == [0, 0, 0, 2]
    assert rows(sessions[0], "SELECT count(*), sum(doubled) FROM made.up") == [(25, 650)]


def test_who_waits_is_told_and_sees_what_the_other_one_did(
    session: connection, open_session: Callable[[], connection]
) -> None:
    waits = Event()
    with transaction(session) as work:
        work.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
    other = open_session()
    waiting = Thread(target=lambda: migrate(other, known=[TABLE], on_wait=waits.set))
    waiting.start()
    assert waits.wait(10)
    with transaction(session) as work:
        work.execute("SELECT to_regclass('made.up')")
        assert work.fetchall() == [(None,)]
        work.execute("SELECT pg_advisory_unlock(%s)", (MIGRATION_LOCK,))
    waiting.join(10)
    assert rows(session, "SELECT count(*) FROM made.up") == [(25,)]


def test_a_migration_that_fails_leaves_nothing_and_is_tried_again(session: connection) -> None:
    broken = migration(2, "CREATE TABLE made.other ()", "SELECT no_such_column")
    with pytest.raises(StatementRefused):
        migrate(session, known=[TABLE, broken])
    assert rows(session, "SELECT to_regclass('made.other')") == [(None,)]
    mended = migration(2, "CREATE TABLE made.other ()")
    assert migrate(session, known=[TABLE, mended]) == [mended]


def test_a_long_migration_goes_in_chunks_and_says_how_far_it_is(session: connection) -> None:
    seen: list[tuple[int, int, int]] = []
    migrate(
        session,
        known=[TABLE, DOUBLING],
        progress=lambda each, done, total: seen.append((each.number, done, total)),
    )
    assert seen == [(1, 0, 0), (2, 0, 0), (2, 10, 25), (2, 20, 25), (2, 25, 25), (2, 25, 25)]
    assert rows(session, "SELECT sum(doubled) FROM made.up") == [(650,)]
    found = rows(
        session, "SELECT rows_done, rows_total, reached FROM tuntas.migration WHERE number = 2"
    )
    assert found == [(25, 25, 25)]


def test_a_long_migration_that_was_stopped_goes_on_where_it_was(session: connection) -> None:
    class Stopped(Exception):
        pass

    def stop(_migration: Migration, done: int, _total: int) -> None:
        if done == 10:
            raise Stopped

    with pytest.raises(Stopped):
        migrate(session, known=[TABLE, DOUBLING], progress=stop)
    assert rows(session, "SELECT sum(doubled) FROM made.up") == [(110,)]
    assert rows(session, "SELECT finished FROM tuntas.migration WHERE number = 2") == [(None,)]
    migrate(session, known=[TABLE, DOUBLING])
    assert rows(session, "SELECT sum(doubled), count(*) FROM made.up") == [(650, 25)]


def test_what_cannot_run_in_a_transaction_runs_outside_and_after_a_failure_again(
    session: connection,
) -> None:
    migrate(session, known=[TABLE])
    drop, create = (
        "DROP INDEX CONCURRENTLY IF EXISTS made.by_double",
        "CREATE UNIQUE INDEX CONCURRENTLY by_double ON made.up (doubled)",
    )
    with transaction(session) as work:
        work.execute("UPDATE made.up SET doubled = 1 WHERE n < 3")
    index = migration(2, drop, create, runs=APART)
    with pytest.raises(Exception, match="could not create unique index"):
        migrate(session, known=[TABLE, index])
    with transaction(session) as work:
        work.execute("UPDATE made.up SET doubled = n")
    assert migrate(session, known=[TABLE, index]) == [index]
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'made.by_double'::regclass"
    assert rows(session, valid) == [(True,)]
    assert not session.autocommit


def test_a_migration_gives_way_to_writers_and_tries_again(
    session: connection, open_session: Callable[[], connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "LOCK_TIMEOUT_MS", 100)
    monkeypatch.setattr(run, "LOCK_PAUSE_SECONDS", 0.3)
    migrate(session, known=[TABLE])
    widened = migration(2, "ALTER TABLE made.up ADD COLUMN more integer")
    writer, other_writer = open_session(), open_session()
    other = open_session()
    with transaction(writer) as work:
        work.execute("UPDATE made.up SET doubled = 0 WHERE n = 1")
        migrating = Thread(target=lambda: migrate(other, known=[TABLE, widened]))
        migrating.start()
        # Another writer is never held up for longer than the migration waits, however long the first one takes.
        longest = 0.0
        for _ in range(10):
            began = monotonic()
            with transaction(other_writer) as beside:
                beside.execute("UPDATE made.up SET doubled = 0 WHERE n = 2")
            longest = max(longest, monotonic() - began)
            sleep(0.05)
        assert migrating.is_alive()
    migrating.join(10)
    assert longest < 1
    assert rows(session, "SELECT count(more) FROM made.up") == [(0,)]


def test_the_connection_is_afterwards_as_it_was(session: connection) -> None:
    before = rows(session, "SHOW statement_timeout") + rows(session, "SHOW lock_timeout")
    migrate(session, known=[TABLE, DOUBLING])
    assert rows(session, "SHOW statement_timeout") + rows(session, "SHOW lock_timeout") == before
    assert rows(session, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]
