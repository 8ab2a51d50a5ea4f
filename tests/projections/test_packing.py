"""What is staged is what comes out: every column of a changed row, whatever its text."""

from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.counting import Counted
from domain.money import NO_MONEY, Money
from projections.status import writing as status
from projections.status.packing import class_stream, purchase_stream
from projections.status.record import Changes, ClassRow, PurchaseRow
from projections.storage.columns import CLASS, PURCHASE, Columns
from projections.storage.copy import copy_stream, text_array
from services.postgres.connect import connect, transaction
from services.postgres.migrations.run import migrate

PERSON = st.integers(1, 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
MAYBE_TEXTS = st.none() | st.lists(TEXT, max_size=4)
SMALL = st.integers(0, 32_767)
INSTANT = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999)
"""In the years 1 to 9999."""
LONG = {"timestamptz": "timestamp with time zone"}
PURCHASED_AT = "(extract(epoch FROM purchased_at) * 1000000)::bigint"
SCALED = st.none() | st.floats(0, 1)

RUPIAH = st.integers(0, 2**62)
MONEY = st.just(NO_MONEY) | st.builds(Money, RUPIAH, RUPIAH, RUPIAH, st.none() | st.integers(0, 2))
COUNTED = st.none() | st.builds(
    Counted,
    INSTANT,
    st.booleans(),
    st.just("completed"),
    st.just("passed"),
    st.booleans(),
    SMALL,
    SCALED,
    SCALED,
    st.none() | st.integers(1, 5),
    st.none() | st.integers(0, 9),
    st.none() | st.integers(0, 2**40),
    MONEY,
)
CLASS_ROW = st.builds(
    ClassRow,
    PERSON,
    TEXT,
    st.none() | INSTANT,
    *(SMALL,) * 4,
    st.booleans(),
    MAYBE_TEXTS,
    COUNTED,
)
PURCHASE_ROW = st.builds(
    PurchaseRow,
    PERSON,
    TEXT,
    st.none() | INSTANT,
    st.none() | TEXT,
    st.booleans(),
    st.none() | st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    RUPIAH,
    st.lists(TEXT, max_size=4),
    MAYBE_TEXTS,
    MAYBE_TEXTS,
)


def money_of(row: ClassRow) -> tuple[int | None, ...]:
    """The columns paid to price_is: nothing where nothing was paid for, and null for no rupiah but of what was paid."""
    if row.counted is None or row.counted.money is NO_MONEY:
        return (None,) * 4
    of = row.counted.money
    return of.paid, of.refunded or None, of.allocated or None, of.price_is


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(CLASS_ROW, max_size=5), st.lists(PURCHASE_ROW, max_size=5))
def test_rows_come_out_as_they_went_in(
    database_url: str, classes: list[ClassRow], purchases: list[PurchaseRow]
) -> None:
    session = connect(database_url, "test")
    opened = partial(transaction, session)
    changes = {3: Changes(classes=classes, purchases=purchases)}
    with opened() as cursor:
        status.prepare(cursor)
        copy_stream(cursor, status.SQL["stage_class"], class_stream(changes))
        copy_stream(cursor, status.SQL["stage_purchase"], purchase_stream(changes))
        cursor.execute(
            f"SELECT person, class_code, {PURCHASED_AT}, purchase, completion, assessment, flags, "
            "satisfied, package_codes, best_scaled, pre_test_scaled, rating, drop_off, taken_seconds, "
            "paid, paid_refunded, allocated, price_is, partner_id FROM staged_class"
        )
        found = [tuple(bytes(v) if isinstance(v, memoryview) else v for v in r) for r in cursor]
        cursor.execute(
            f"SELECT person, purchase_id, {PURCHASED_AT}, package_code, unresolved, complete, after_sales_end, "
            "withdrawn, refunded, amount_differs, unallocated, class_codes, missing, packages, "
            "partner_id FROM staged_purchase"
        )
        bought = [tuple(bytes(v) if isinstance(v, memoryview) else v for v in r) for r in cursor]
    session.close()
    assert found == [
        (
            *(row.person, row.class_code, row.purchased_at),
            *(row.purchase, row.completion, row.assessment, row.flags, row.satisfied),
            row.package_codes,
            *(
                (None,) * 5
                if (of := row.counted) is None
                else (of.best_scaled, of.pre_test_scaled, of.rating, of.drop_off, of.taken_seconds)
            ),
            *money_of(row),
            3,
        )
        for row in classes
    ]
    assert bought == [
        (
            *(row.person, row.purchase_id, row.purchased_at, row.package_code),
            *(row.unresolved, row.complete, row.after_sales_end, row.withdrawn, row.refunded),
            *(row.amount_differs, row.unallocated or None, row.class_codes),
            *(row.missing, row.packages, 3),
        )
        for row in purchases
    ]


@pytest.mark.parametrize(("table", "columns"), [("purchased_class", CLASS), ("purchase", PURCHASE)])
def test_the_columns_are_those_of_the_table(
    database_url: str, table: str, columns: Columns
) -> None:
    session = connect(database_url, "test")
    migrate(session)
    with transaction(session) as cursor:
        cursor.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND attgenerated = '' AND NOT attisdropped",
            (f"projections.{table}",),
        )
        found = dict(cursor.fetchall())
        cursor.execute(
            "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid "
            "AND attnum = ANY (indkey) WHERE indrelid = %s::regclass AND indisprimary",
            (f"projections.{table}",),
        )
        key = {name for (name,) in cursor.fetchall()}
    session.close()
    assert {
        name: LONG.get(of, of.removesuffix(' COLLATE "C"')) for name, of in columns.types.items()
    } == found
    assert set(columns.key) == key
    assert set(columns.counted) <= columns.types.keys()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(TEXT, max_size=6))
def test_an_array_literal_is_the_texts(database_url: str, texts: list[str]) -> None:
    session = connect(database_url, "test")
    with transaction(session) as cursor:
        cursor.execute("SELECT %s::text[]", (text_array(texts),))
        assert cursor.fetchall() == [(texts,)]
    session.close()
