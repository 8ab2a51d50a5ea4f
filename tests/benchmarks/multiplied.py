"""Many times as many people: those who are there again under other numbers, written straight into the tables.

Each participant's rows, snapshot, number and pseudonym are written again so many times, with what was bought and
reported as it was, and every sum is multiplied. So ten million purchased classes take minutes, where judging each of
them takes hours. What that leaves out: a class has no more different scores or days than before, and purchase ids
repeat.
"""

from contextlib import closing
from typing import Any, Final

from msgspec import Raw
from psycopg2.extras import execute_values

from projections.days.tallies import (
    Tally,
    add_encoded,
    add_to,
    days_in,
    encoded,
    no_tally,
    with_days,
)
from services.postgres.connect import connect, transaction

OF_PEOPLE: Final = (
    "vault.person",
    "control.participant",
    "ledger.snapshot",
    "projections.purchase",
    "projections.purchased_class",
    "projections.watched_class",
)
COUNTED: Final = ("projections.rollup", "projections.institution_rollup")
FURTHER: Final = 10**12
"""Numbers of further people are above those of the people there are by multiples of this."""
BLOCKS_AT_ONCE: Final = 5_000

COLUMNS: Final = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = %s AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position
"""
BLOCKS: Final = (
    "SELECT kind, partner_id, package_code, code, block, before, days FROM projections.day_block"
)
PUT_BLOCKS: Final = """
UPDATE projections.day_block AS held SET before = multiplied.before, days = multiplied.days
FROM (VALUES %s) AS multiplied (kind, partner_id, package_code, code, block, before, days)
WHERE held.kind = multiplied.kind AND held.partner_id = multiplied.partner_id
  AND held.package_code = multiplied.package_code AND held.code = multiplied.code AND held.block = multiplied.block
"""


def multiply(database_url: str, times: int) -> None:
    """Makes a database one of so many times as many people. Nobody else may write."""
    with closing(connect(database_url, "multiply", statement_timeout_seconds=0)) as session:
        for table in OF_PEOPLE:
            with transaction(session) as work:
                write_again(work, table, times)
        with transaction(session) as work:
            for table in COUNTED:
                work.execute(f"UPDATE {table} SET n = n * %s", (times,))
            multiply_blocks(work, times)
        session.autocommit = True
        with session.cursor() as work:
            for table in (*COUNTED, "projections.day_block"):
                work.execute(f"VACUUM FULL {table}")
            work.execute("VACUUM ANALYZE")


def write_again(work: Any, table: str, times: int) -> None:
    """A table's rows once more for each further time, of other people."""
    work.execute(COLUMNS, table.split("."))
    columns = [column for (column,) in work.fetchall()]
    other = {
        "person": f"person + further * {FURTHER}",
        "participant_id": "participant_id || '-' || further",
    }
    work.execute(
        f"INSERT INTO {table} ({', '.join(columns)})"
        f" SELECT {', '.join(other.get(column, column) for column in columns)}"
        f" FROM generate_series(1, %s) AS further CROSS JOIN {table}",
        (times - 1,),
    )


def multiply_blocks(work: Any, times: int) -> None:
    """Multiplies the sums over time."""
    work.execute(BLOCKS)
    found = [
        (
            *key,
            encoded(multiplied(before, times)),
            with_days(None, {day: multiplied(of_day, times) for day, of_day in days_in(days)}),
        )
        for *key, before, days in work.fetchall()
    ]
    template = "(%s::smallint, %s::smallint, %s, %s, %s, %s::bytea, %s::bytea)"
    execute_values(work, PUT_BLOCKS, found, template, BLOCKS_AT_ONCE)


def multiplied(content: bytes | memoryview | Raw | None, times: int) -> Tally:
    """A tally that is given as bytes, so many times."""
    once, tally = no_tally(), no_tally()
    add_encoded(once, content)
    add_to(tally, once, times)
    return tally
