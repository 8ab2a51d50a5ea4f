"""An empty database, and migrations made up for a test."""

from collections.abc import Callable, Iterator

import pytest
from psycopg2.extensions import connection

from services.postgres.connect import close, connect


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    return empty_database_url


@pytest.fixture
def open_session(database_url: str) -> Iterator[Callable[[], connection]]:
    """A function that opens one more connection to the database of this test, which is empty."""
    sessions: list[connection] = []

    def another() -> connection:
        sessions.append(connect(database_url, "test"))
        return sessions[-1]

    yield another
    for session in sessions:
        close(session)


@pytest.fixture
def session(open_session: Callable[[], connection]) -> connection:
    return open_session()
