"""Migrations that a test makes up, and what a database says."""

from typing import Any

from psycopg2.extensions import connection

from services.postgres.connect import transaction
from services.postgres.migrations.files import Migration, parsed

AT_ONCE = "in one transaction"
APART = "outside a transaction"


def migration(
    number: int, *statements: str, runs: str = AT_ONCE, kind: str = "expand", lines: str = ""
) -> Migration:
    """A migration of some statements."""
    parts = "".join(f"\n-- name: s{at}\n{each};\n" for at, each in enumerate(statements))
    header = f"-- Something.\n-- kind: {kind}\n-- runs: {runs}\n-- takes: no time\n{lines}"
    return parsed(f"{number:04}_made_up.sql", header + parts)


TABLE = migration(
    1,
    "CREATE SCHEMA made",
    "CREATE TABLE made.up (n integer PRIMARY KEY, doubled integer)",
    "INSERT INTO made.up (n) SELECT generate_series(1, 25)",
)
DOUBLING = parsed(
    "0002_doubled.sql",
    """-- Every row has the double of its number.
-- kind: expand
-- runs: in chunks of 10
-- takes: no time

-- name: total
SELECT count(*) FROM made.up;

-- name: chunk
WITH next AS (
    SELECT n FROM made.up WHERE n > coalesce(($1::jsonb)::integer, 0) ORDER BY n LIMIT $2
), done AS (
    UPDATE made.up SET doubled = coalesce(doubled, 0) + 2 * up.n FROM next WHERE up.n = next.n
)
SELECT (SELECT to_jsonb(max(n)) FROM next), (SELECT count(*) FROM next);
""",
)


def rows(session: connection, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with transaction(session) as work:
        work.execute(query)
        return work.fetchall()
