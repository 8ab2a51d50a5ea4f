"""Threads share connections; a lost one is not given out again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.postgres.errors import DatabaseUnavailable
from services.postgres.pool import ConnectionPool


@pytest.fixture
def pool(database_url: str) -> Iterator[ConnectionPool]:
    pool = ConnectionPool(database_url, "pool", size=2, wait_seconds=0.05)
    yield pool
    pool.close()


def backend(pool: ConnectionPool) -> int:
    with pool.transaction() as work:
        return work.connection.info.backend_pid


def terminate_own_backend(pool: ConnectionPool) -> None:
    with pool.transaction() as work:
        work.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_connection_is_used_again(pool: ConnectionPool) -> None:
    assert backend(pool) == backend(pool)


def test_a_transaction_inside_another_has_its_own_connection(pool: ConnectionPool) -> None:
    with pool.transaction() as outer:
        assert backend(pool) != outer.connection.info.backend_pid


def test_who_finds_no_free_connection_in_time_is_told(pool: ConnectionPool) -> None:
    with (
        pool.transaction(),
        pool.transaction(),
        pytest.raises(DatabaseUnavailable, match="no connection was free"),
    ):
        backend(pool)


def test_threads_wait_for_their_turn(database_url: str) -> None:
    pool = ConnectionPool(database_url, "pool", size=2)
    with ThreadPoolExecutor(8) as threads:
        backends = set(threads.map(lambda _: backend(pool), range(80)))
    pool.close()
    assert 1 <= len(backends) <= 2


def test_a_lost_connection_takes_the_idle_ones_with_it(pool: ConnectionPool) -> None:
    with pool.transaction():
        idle = backend(pool)
    with pytest.raises(DatabaseUnavailable):
        terminate_own_backend(pool)
    assert backend(pool) != idle


def test_a_closed_pool_gives_nothing_out(pool: ConnectionPool) -> None:
    with pool.transaction() as work:
        session = work.connection
        pool.close()
    assert session.closed
    with pytest.raises(DatabaseUnavailable, match="closed"):
        backend(pool)
