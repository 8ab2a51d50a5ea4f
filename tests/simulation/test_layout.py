"""A database that was put back is as it was; one that cannot be is said to be another."""

from collections.abc import Iterator
from contextlib import closing
from itertools import count
from typing import Any

import psycopg2
import pytest

from services.embedded.postgres import EmbeddedPostgres
from tests.simulation.layout import Layout

MADE = """
CREATE SCHEMA books;
CREATE TABLE books.shelf (shelf_id smallint PRIMARY KEY, name text);
CREATE TABLE books.book (book_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                         shelf_id smallint NOT NULL REFERENCES books.shelf);
CREATE SEQUENCE books.called;
INSERT INTO books.shelf VALUES (1, 'history'), (2, 'of	tabs \\and lines
');
SELECT nextval('books.called'), nextval('books.called');
"""
WRITTEN = """
INSERT INTO books.shelf VALUES (3, 'new');
DELETE FROM books.shelf WHERE shelf_id = 1;
INSERT INTO books.book (shelf_id) VALUES (2), (3);
SELECT nextval('books.called');
"""

NUMBERS = count(1)


@pytest.fixture
def session(postgres_server: EmbeddedPostgres) -> Iterator[Any]:
    with closing(
        psycopg2.connect(postgres_server.create_database(f"layout_{next(NUMBERS)}"))
    ) as found:
        found.autocommit = True
        _run(found, MADE)
        yield found


def _run(session: Any, statements: str) -> None:
    with session.cursor() as work:
        work.execute(statements)


def test_rows_and_sequences_are_what_they_were(session: Any) -> None:
    layout = Layout.of(session)
    assert layout.rows.keys() == {"books.shelf"}
    for _ in range(2):
        _run(session, WRITTEN)
        assert Layout.of(session) != layout
        assert layout.restore(session)
        assert Layout.of(session) == layout


def test_a_schema_beside_it_goes_and_one_in_its_place_is_its_own(session: Any) -> None:
    layout = Layout.of(session)
    _run(session, f"ALTER SCHEMA books RENAME TO books_before; {MADE} {WRITTEN}")
    assert layout.restore(session)
    assert Layout.of(session) == layout


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE books.book",
        "CREATE TABLE books.more ()",
        "CREATE INDEX ON books.book (shelf_id)",
        "DROP SCHEMA books CASCADE",
    ],
)
def test_a_database_with_other_tables_is_not_put_back(session: Any, change: str) -> None:
    layout = Layout.of(session)
    _run(session, change)
    assert not layout.restore(session)
