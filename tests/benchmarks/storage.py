"""What Tuntas keeps on disk: bytes a record, by table and index."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from psycopg2.extensions import connection
from rich.table import Table

from tests.benchmarks.report import console

RELATIONS: Final = """
SELECT owner.schema || '.' || owner.relname, coalesce(index.relname, ''),
       CASE WHEN index.oid IS NULL THEN pg_table_size(owner.oid) ELSE pg_relation_size(index.oid) END
FROM (SELECT c.oid, c.relname, n.nspname AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND n.nspname IN ('vault', 'ledger', 'projections', 'control')) AS owner
JOIN LATERAL (SELECT NULL::oid AS oid, NULL::name AS relname
              UNION ALL
              SELECT i.indexrelid, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
              WHERE i.indrelid = owner.oid) AS index ON true
ORDER BY 3 DESC
"""
SHOWN_BYTES: Final = 64 * 1024


class Relation(Struct, frozen=True):
    """A table (with its large values and maps), or one index of it."""

    table: str
    index: str
    size: int
    bytes_a_record: float


def relations(session: connection, records: int) -> list[Relation]:
    """Every table and index of the database, the largest first; of records read from Kafka."""
    with session.cursor() as work:
        work.execute(RELATIONS)
        return [
            Relation(table, index, size, size / records) for table, index, size in work.fetchall()
        ]


def print_storage(found: Sequence[Relation], records: int) -> None:
    """The larger relations and the sum of all."""
    table = Table(title=f"On disk after {records:,} records, as autovacuum left it")
    for heading in ("table", "index", "MiB", "bytes a record"):
        table.add_column(heading, justify="left" if heading in {"table", "index"} else "right")
    for one in found:
        if one.size >= SHOWN_BYTES:
            table.add_row(
                one.table, one.index, f"{one.size / 2**20:.1f}", f"{one.bytes_a_record:.1f}"
            )
    table.add_section()
    total = sum(one.size for one in found)
    table.add_row("all", "", f"{total / 2**20:.1f}", f"{total / records:.1f}")
    console.print(table)
