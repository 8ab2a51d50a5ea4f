"""Statements that a connection repeats: prepared, the same in what they do, and prepared anew when tables change."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection

import projections
import services
from projections import aggregates
from projections.status import writing as status
from projections.storage.sql import PART
from services.postgres import prepared
from services.postgres.connect import connect, transaction
from services.postgres.errors import Retry, StatementRefused
from services.postgres.prepared import MOST, PreparedStatements

REPEATED = 3
PREPARED = "SELECT name FROM pg_prepared_statements ORDER BY prepare_time"


@pytest.fixture(autouse=True)
def prepared_when_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "REPEATED", REPEATED)


def names(session: connection) -> list[str]:
    with session.cursor() as work:
        psycopg2.extensions.cursor.execute(work, PREPARED)
        return [name for (name,) in work.fetchall()]


def repeated(session: connection, statement: str, values: Any = None) -> list[Any]:
    """What a statement answers when it has just been sent for the first time as a prepared one."""
    for _ in range(REPEATED + 1):
        with transaction(session) as work:
            work.execute(statement, values)
            rows = work.fetchall() if work.description else []
    return rows


def test_what_is_repeated_is_prepared_under_its_first_words(database_url: str) -> None:
    session = connect(database_url, "test")
    statement = """
        SELECT %(text)s::text || '%%', %(number)s::bigint, %(number)s::bigint + 1, %(several)s::smallint[]
    """
    values = {"text": "a'b", "number": 5_000_000_000, "several": [1, 2]}
    for _ in range(REPEATED):
        with transaction(session) as work:
            work.execute(statement, values)
            assert work.fetchall() == [("a'b%", 5_000_000_000, 5_000_000_001, [1, 2])]
        assert names(session) == []
    for text in ("a'b", "\\", "%s", None):
        with transaction(session) as work:
            work.execute(statement, values | {"text": text})
            expected = None if text is None else text + "%"
            assert work.fetchall() == [(expected, 5_000_000_000, 5_000_000_001, [1, 2])]
    assert names(session) == ["1 SELECT $1::text || '', $2::bigint, $2::bigint + 1,"]


def test_a_row_count_is_that_of_the_statement(database_url: str) -> None:
    session = connect(database_url, "test")
    with transaction(session) as work:
        work.execute("CREATE TABLE numbers (n integer)")
    for count in range(1, REPEATED + 3):
        with transaction(session) as work:
            work.execute("INSERT INTO numbers SELECT generate_series(1, %(n)s)", {"n": count})
            assert work.rowcount == count
    assert len(names(session)) == 1


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("SET LOCAL synchronous_commit = off", None),
        ("CREATE TABLE IF NOT EXISTS t (n integer)", None),
        ("SELECT %s", (1,)),
    ],
)
def test_other_statements_stay_as_they_are(database_url: str, statement: str, values: Any) -> None:
    session = connect(database_url, "test")
    repeated(session, statement, values)
    assert names(session) == []


def test_so_many_texts_are_counted() -> None:
    statements = PreparedStatements()
    for _ in range(REPEATED + 1):
        calls = [statements.call(f"SELECT {n}", None) for n in range(MOST + 5)]
    assert [call is not None for call in calls] == [True] * MOST + [False] * 5


def test_what_was_prepared_outlives_a_rollback_and_a_failure(database_url: str) -> None:
    session = connect(database_url, "test")
    statement = "SELECT 1 / %(n)s::integer"
    repeated(session, statement, {"n": 1})
    with pytest.raises(StatementRefused, match="division by zero"), transaction(session) as work:
        work.execute(statement, {"n": 0})
    with transaction(session) as work:
        work.execute(statement, {"n": 1})
        assert work.fetchall() == [(1,)]
    assert len(names(session)) == 1


def test_a_statement_that_cannot_be_prepared_says_so_each_time(database_url: str) -> None:
    session = connect(database_url, "test")
    statement = "SELECT n FROM gone WHERE n = %(n)s"
    with transaction(session) as work:
        work.execute("CREATE TABLE gone (n integer)")
    for _ in range(REPEATED):
        with transaction(session) as work:
            work.execute(statement, {"n": 1})
    with transaction(session) as work:
        work.execute("DROP TABLE gone")
    for _ in range(2):
        with pytest.raises(StatementRefused, match="gone"), transaction(session) as work:
            work.execute(statement, {"n": 1})
    with transaction(session) as work:
        work.execute("CREATE TABLE gone (n integer)")
        work.execute(statement, {"n": 1})
    assert len(names(session)) == 1


def test_a_changed_table_has_the_transaction_done_again(
    open_session: Callable[[], connection],
) -> None:
    session, other = open_session(), open_session()
    with transaction(other) as work:
        work.execute("CREATE TABLE changing (a integer)")
        work.execute("INSERT INTO changing VALUES (1)")
    statement = "SELECT * FROM changing"
    assert repeated(session, statement) == [(1,)]
    with transaction(other) as work:
        work.execute("ALTER TABLE changing ADD COLUMN b integer NOT NULL DEFAULT 2")
    with pytest.raises(Retry, match="result type"), transaction(session) as work:
        work.execute(statement)
    with transaction(session) as work:
        work.execute(statement)
        assert work.fetchall() == [(1, 2)]


def test_a_table_in_the_place_of_another_is_the_one_that_is_read(
    open_session: Callable[[], connection],
) -> None:
    session, other = open_session(), open_session()
    with transaction(other) as work:
        for schema, number in (("live", 1), ("next", 2)):
            work.execute(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.t (n integer)")
            work.execute(f"INSERT INTO {schema}.t VALUES ({number})")
    statement = "SELECT n FROM live.t"
    assert repeated(session, statement) == [(1,)]
    with transaction(other) as work:
        work.execute("ALTER SCHEMA live RENAME TO previous; ALTER SCHEMA next RENAME TO live")
    assert repeated(session, statement) == [(2,)]


def is_whole(text: str) -> bool:
    """Whether a text is in psycopg2's form, with values, and all of its parts are filled in."""
    return "%(" in text and not PART.search(text)


def psycopg2_statements() -> dict[str, str]:
    """The named statements of the product that psycopg2 sends, to their names."""
    found: dict[str, str] = {}
    for package in (projections, services):
        for module in walk_packages(package.__path__, package.__name__ + "."):
            if module.name.endswith("__main__"):
                continue
            for mapping in vars(import_module(module.name)).values():
                if isinstance(mapping, Mapping) and all(
                    isinstance(v, str) for v in mapping.values()
                ):
                    found |= {text: name for name, text in mapping.items() if is_whole(text)}
    return found


def test_every_statement_of_the_product_can_be_prepared(
    session: connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "REPEATED", 0)
    with transaction(session) as work:
        status.prepare(work)
        aggregates.prepare(work)
    statements = PreparedStatements()
    refused, able = {}, 0
    for text, name in psycopg2_statements().items():
        call = statements.call(text, {})
        if call is None or call.prepare is None:
            continue
        with session.cursor() as work:
            try:
                psycopg2.extensions.cursor.execute(work, call.prepare)
                able += 1
            except psycopg2.errors.UndefinedTable:
                pass  # of a rebuild under way, or a step's own
            except psycopg2.Error as error:
                refused[name] = str(error)
        session.rollback()
    assert refused == {}
    assert able > 100
