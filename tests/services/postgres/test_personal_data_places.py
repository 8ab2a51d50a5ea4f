"""docs/personal-data.md names every column that may hold what somebody wrote."""

import re
from pathlib import Path

from psycopg2.extensions import connection

from services.postgres.connect import transaction

PAGE = Path(__file__).parents[3] / "docs" / "personal-data.md"

COLUMNS = """
SELECT table_schema || '.' || table_name || '.' || column_name
FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'
  AND data_type NOT IN ('smallint', 'integer', 'bigint', 'boolean', 'double precision', 'timestamp with time zone')
ORDER BY 1
"""


def test_every_column_with_texts_or_bytes_is_listed_and_no_other(session: connection) -> None:
    with transaction(session) as work:
        work.execute(COLUMNS)
        columns = [column for (column,) in work.fetchall()]
    section = PAGE.read_text().split("## In the database")[1].split("\n## ")[0]
    listed = re.findall(r"`(\w+\.\w+\.\w+)`", section)
    assert sorted(listed) == columns


def test_a_column_with_a_pseudonym_is_marked() -> None:
    for line in PAGE.read_text().splitlines():
        if ".participant_id`" in line:
            assert "| ✱ |" in line
