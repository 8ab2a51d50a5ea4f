"""Lists that few rows belong to are read through indices that have few rows."""

from collections.abc import Iterator
from typing import Any

import pytest

from projections.reading.class_order import FIRST_CLASS, LAST_CLASS
from projections.reading.purchased_classes import SQL
from services.embedded.postgres import EmbeddedPostgres
from tests.projections.kept import Kept, kept_on

FILLED = """
INSERT INTO projections.purchased_class
    (purchased_at, partner_id, purchase, completion, assessment, flags, satisfied, person, class_code,
     package_codes)
SELECT now(), 4, CASE n % 500 WHEN 0 THEN 2 ELSE 1 END, n % 3, n % 2 * 3,
       CASE n % 700 WHEN 0 THEN 32 ELSE n % 5 / 4 * 4 END, true, n, 'C' || n % 20,
       CASE n % 100 WHEN 0 THEN ARRAY['K'] WHEN 1 THEN ARRAY['J', 'K'] WHEN 2 THEN ARRAY['L'] END
FROM generate_series(1, 20000) AS n
"""
STATES: list[Any] = [[1, 2], None, None]


@pytest.fixture(scope="module")
def filled(postgres_server: EmbeddedPostgres) -> Iterator[Kept]:
    """20,000 rows of one partner: few refunded, few purchased twice, few of packages."""
    with kept_on(postgres_server, "narrow_indices") as kept:
        with kept.transaction() as work:
            work.execute(FILLED)
            work.execute("ANALYZE projections.purchased_class")
        yield kept


def asked(kept: Kept, name: str, *filters: Any, explain: bool = False) -> list[Any]:
    """The first page that a statement finds, or its plan."""
    values = (4, *FIRST_CLASS, LAST_CLASS, 101, *filters, None, None, None, None)
    numbered = SQL[name]
    for number in range(len(values), 0, -1):
        numbered = numbered.replace(f"${number}", f"%(v{number})s")
    with kept.transaction() as work:
        given = {f"v{number}": value for number, value in enumerate(values, start=1)}
        work.execute(("EXPLAIN " if explain else "") + numbered, given)
        return list(work.fetchall())


@pytest.mark.parametrize(
    ("name", "filters", "index"),
    [
        ("unusual_rows", [[2], None, None, None, None], "unusual_class"),
        ("unusual_rows", [*STATES, 32, None], "unusual_class"),
        ("rows_of_package", [*STATES, None, "K"], "purchased_class_by_package"),
        ("rows", [*STATES, None, None], "purchased_class_by_class"),
    ],
)
def test_a_page_is_read_in_order_through_its_index(
    filled: Kept, name: str, filters: list[Any], index: str
) -> None:
    plan = "\n".join(line for (line,) in asked(filled, name, *filters, explain=True))
    assert index in plan
    assert "Sort Key" not in plan or "Merge Append" in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("unusual_rows", [[2], None, None, None, None]),
        ("unusual_rows", [[2], 1, None, None, None]),
        ("unusual_rows", [*STATES, 32, None]),
        ("rows_of_package", [*STATES, None, "K"]),
        ("rows_of_package", [*STATES, None, "J"]),
        ("rows_of_package", [[1], 2, None, None, "L"]),
        ("rows_of_package", [*STATES, None, "M"]),
    ],
)
def test_a_narrow_index_leaves_nothing_out(filled: Kept, name: str, filters: list[Any]) -> None:
    found = asked(filled, name, *filters)
    assert found == asked(filled, "rows", *filters)
    assert bool(found) == (filters[-1] != "M")


def test_marks_of_rare_rows_follow_their_columns(filled: Kept) -> None:
    columns = filled.rows(
        "SELECT DISTINCT purchase, assessment, flags, unusual FROM projections.purchased_class"
    )
    for purchase, assessment, flags, unusual in columns:
        assert unusual == (purchase != 1 or assessment == 1 or bool(flags & 63 & ~4))
