"""A ledger made large in the database: copies of one season's events and rows, of other people.

Copies lie among the originals in every index, as the events of a larger programme would, so what is drained or asked
afterwards meets tables and indices of that size. They are mass: their snapshots still name the originals' purchases.
"""

from collections.abc import Mapping
from typing import Final

from psycopg2.extensions import connection

SEASON: Final = "000"
"""Three digits of every participant and purchase of the original season; copies have their own number there."""

MOVED: Final[Mapping[str, Mapping[str, str]]] = {
    "vault.person": {
        "person": "person + copy",
        "participant_id": "replace(participant_id, 'PRK-000', 'PRK-' || to_char(copy, 'FM000'))",
    },
    "ledger.stored_event": {
        "place": "place + copy::bigint * 1000000",
        "person": "person + copy",
        "event_id": "event_id || copy",
    },
    "projections.purchased_class": {"person": "person + copy"},
    "projections.purchase": {
        "person": "person + copy",
        "purchase_id": "replace(purchase_id, 'INV-000', 'INV-' || to_char(copy, 'FM000'))",
    },
    "ledger.snapshot": {"person": "person + copy"},
    "control.participant": {"person": "person + copy"},
}
"""Table to what is another value in a copy; the other columns are the original's."""

COLUMNS: Final = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = %s AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position
"""
INDICES: Final = """
SELECT format('%%I.%%I', schemaname, indexname), indexdef FROM pg_indexes
WHERE schemaname = %s AND tablename = %s
  AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE contype IN ('p', 'u'))
"""


ORIGINALS: Final = f"SELECT person FROM vault.person WHERE participant_id LIKE 'PRK-{SEASON}%%'"


def add_copies(
    session: connection,
    first: int,
    last: int,
    tables: Mapping[str, Mapping[str, str]] = MOVED,
    originals: str = ORIGINALS,
) -> None:
    """Adds the copies numbered ``first`` to ``last`` (1 to 999); blocks for minutes where they are many.

    ``originals`` selects the people whose rows are copied; it is asked of each table anew.
    """
    with session, session.cursor() as work:
        work.execute("SET maintenance_work_mem = '1GB'")
        work.execute("SET max_parallel_maintenance_workers = 1")
    for name, moved in tables.items():
        schema, table = name.split(".")
        with session, session.cursor() as work:
            work.execute(COLUMNS, (schema, table))
            columns = [column for (column,) in work.fetchall()]
            # Sorting a whole index at once takes a tenth of adding to it row by row.
            work.execute(INDICES, (schema, table))
            indices = work.fetchall()
            for index, _ in indices:
                work.execute(f"DROP INDEX {index}")
            work.execute(
                f"INSERT INTO {name} ({', '.join(columns)}) "
                f"SELECT {', '.join(moved.get(column, column) for column in columns)} "
                f"FROM {name}, generate_series(%s, %s) AS copy "
                f"WHERE person IN ({originals})",
                (first, last),
            )
            for _, definition in indices:
                work.execute(definition)
    session.autocommit = True
    with session.cursor() as work:
        for name in tables:
            work.execute(f"VACUUM (ANALYZE) {name}")
        work.execute("CHECKPOINT")
    session.autocommit = False
