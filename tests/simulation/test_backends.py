"""A backend that changes hands leaves what it would leave if it ended, or empty; and its client finds what it would."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection

from services.embedded.postgres import EmbeddedPostgres
from tests.simulation.backends import Backends

OF_SESSION = """
SET search_path = ledger;
PREPARE question AS SELECT 1;
CREATE TEMPORARY TABLE IF NOT EXISTS staged (number integer) ON COMMIT DELETE ROWS;
INSERT INTO staged VALUES (1);
SELECT pg_advisory_lock(7);
"""
LEFT = """
SELECT current_setting('search_path') = 'ledger', EXISTS (SELECT FROM pg_prepared_statements),
       EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')
"""


def _ask(session: connection) -> None:
    session.cursor().execute("SELECT 2")


@pytest.fixture
def backends(postgres_server: EmbeddedPostgres) -> Iterator[Backends]:
    with closing(Backends(postgres_server.create_database("backends"))) as found:
        yield found


def test_nothing_is_left_of_a_session_whose_client_is_cut_off(backends: Backends) -> None:
    cut = backends.connect(connection)
    pid = cut.info.backend_pid
    with cut.cursor() as work:
        work.execute("CREATE TABLE IF NOT EXISTS kept (number integer)")
        cut.commit()
        work.execute(OF_SESSION)
        cut.commit()
        work.execute("INSERT INTO public.kept VALUES (1)")  # and no COMMIT
    backends.give_back(cut)

    following = backends.connect(connection)
    assert following.info.backend_pid == pid
    assert _rows(following, LEFT) == [(False, False, False)]
    assert _rows(following, "SELECT count(*) FROM pg_temp.staged") == [(0,)]
    assert _rows(following, "SELECT count(*) FROM kept") == [(0,)]


@pytest.mark.parametrize("used", [connection.commit, connection.rollback, _ask])
def test_its_client_finds_what_it_would_find_of_one_that_was_ended(
    backends: Backends, used: Callable[[connection], object]
) -> None:
    ended, cut, other = (backends.connect(connection) for _ in range(3))
    for each in (ended, cut):
        _rows(each, "SELECT 1")
    _rows(other, f"SELECT pg_terminate_backend({ended.info.backend_pid}, 10000)")
    backends.give_back(cut)
    assert _error_of(cut, used) == _error_of(ended, used)


def test_what_is_closed_leaves_its_backend_to_the_next(backends: Backends) -> None:
    first = backends.borrow()
    pid = first.info.backend_pid
    first.close()
    assert backends.borrow().info.backend_pid == pid


def test_a_backend_that_ended_is_nobodys(backends: Backends) -> None:
    ended, other = backends.connect(connection), backends.borrow()
    pid = ended.info.backend_pid
    _rows(other, f"SELECT pg_terminate_backend({pid}, 10000)")
    backends.give_back(ended)
    assert backends.borrow().info.backend_pid != pid


def _error_of(session: connection, used: Callable[[connection], object]) -> tuple[Any, ...]:
    with pytest.raises(psycopg2.Error) as found:
        used(session)
    return type(found.value), str(found.value), found.value.pgcode, session.closed


def _rows(session: connection, question: str) -> list[tuple[Any, ...]]:
    with session.cursor() as work:
        work.execute(question)
        return work.fetchall()
