"""What is loaded is what comes out: every column of a new row, whatever its text."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extensions import cursor

from domain.counting import Counted
from projections.rebuild.loading import count_parts, load_rows, send
from projections.status.record import ClassRow, PurchaseRow
from projections.sums.deltas import Count
from services.postgres.connect import connect
from services.postgres.migrations.run import migrate
from tests.projections.test_packing import CLASS_ROW, PURCHASE_ROW, TEXT, money_of

COUNT = st.tuples(
    TEXT, TEXT, st.integers(0, 99), st.floats(allow_nan=False), st.integers(-(2**62), 2**62)
)
FIRST, LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The years 1 to 9999."""

ONE_BY_ONE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def work(database_url: str) -> Iterator[cursor]:
    """A cursor on empty tables without their indices."""
    with closing(connect(database_url, "test")) as session:
        migrate(session)
        with session.cursor() as work:
            work.execute(
                "ALTER TABLE projections.purchased_class DROP CONSTRAINT purchased_class_pkey"
            )
            work.execute("ALTER TABLE projections.purchase DROP CONSTRAINT purchase_pkey")
            work.execute("CREATE TABLE projections.counted (LIKE projections.rollup)")
            yield work


def in_time(row: ClassRow | PurchaseRow) -> bool:
    return row.purchased_at is None or FIRST <= row.purchased_at <= LAST


def taken(work: cursor, table: str, columns: str) -> list[tuple[object, ...]]:
    """All rows of a table, which is empty afterwards."""
    work.execute(f"SELECT {columns} FROM projections.{table}")
    rows = [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in work]
    work.execute(f"TRUNCATE projections.{table}")
    return rows


@ONE_BY_ONE
@given(
    st.lists(CLASS_ROW, max_size=5),
    st.lists(PURCHASE_ROW, max_size=5),
)
def test_rows(work: cursor, classes: list[ClassRow], purchases: list[PurchaseRow]) -> None:
    load_rows(work, "projections", 3, classes, purchases)
    assert taken(
        work,
        "purchased_class",
        "partner_id, person, class_code, (extract(epoch FROM purchased_at) * 1000000)::bigint, "
        "purchase, completion, assessment, flags, satisfied, package_codes, best_scaled, pre_test_scaled, "
        "taken_seconds, rating, drop_off, paid, paid_refunded, allocated, price_is",
    ) == [
        (
            3,
            row.person,
            row.class_code,
            row.purchased_at,
            row.purchase,
            row.completion,
            row.assessment,
            row.flags,
            row.satisfied,
            row.package_codes,
            *numbers_of(row.counted),
            *money_of(row),
        )
        for row in classes
    ]
    assert taken(
        work,
        "purchase",
        "partner_id, person, purchase_id, (extract(epoch FROM purchased_at) * 1000000)::bigint, package_code, "
        "unresolved, complete, after_sales_end, withdrawn, refunded, amount_differs, unallocated, class_codes, "
        "missing, packages",
    ) == [
        (
            3,
            row.person,
            row.purchase_id,
            row.purchased_at,
            row.package_code,
            row.unresolved,
            row.complete,
            row.after_sales_end,
            row.withdrawn,
            row.refunded,
            row.amount_differs,
            row.unallocated or None,
            row.class_codes,
            row.missing,
            row.packages,
        )
        for row in purchases
    ]


def numbers_of(counted: Counted | None) -> tuple[Any, ...]:
    if counted is None:
        return (None, None, None, None, None)
    return (
        counted.best_scaled,
        counted.pre_test_scaled,
        counted.taken_seconds,
        counted.rating,
        counted.drop_off,
    )


@ONE_BY_ONE
@given(st.lists(COUNT, max_size=5))
def test_counts(work: cursor, counts: list[Count]) -> None:
    send(work, "projections", "load_counts", count_parts({3: counts}))
    columns = "partner_id, package_code, class_code, metric, value, n"
    assert taken(work, "counted", columns) == [(3, *count) for count in counts]
