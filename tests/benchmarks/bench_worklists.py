"""What the statements that begin a page of a worklist take: `python -m tests.benchmarks.bench_worklists 1000000`.

So many purchased classes of eight partners and 1,999 classes are written straight into the tables by generate_series,
without a ledger: every tenth was never reported on, 45 of 100 are completed, few are passed or failed out of step. Each
statement of projections/reading/watched.sql, and those of two states in order of purchases, are asked three times for
their first page at one partner; the fastest counts.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.table import Table

from projections.reading.class_order import FIRST_CLASS, LAST_CLASS
from projections.reading.people import LOWEST
from projections.reading.purchased_classes import SQL as OF_ROWS
from projections.reading.watched import SQL as OF_WATCHED
from projections.storage.sql import filled
from services.embedded.postgres import EmbeddedPostgres
from services.postgres.connect import close, connect, transaction
from services.postgres.migrations.run import migrate
from tests.benchmarks.report import console

CLASSES: Final = """
INSERT INTO projections.purchased_class (
    purchased_at, taken_seconds, partner_id, purchase, completion, assessment, flags, satisfied, rating, paid,
    paid_refunded, allocated, price_is, person, class_code
)
SELECT timestamptz '2020-04-01' + (n %% 240) * interval '1 day' + (n %% 86399) * interval '1 second',
       CASE completion WHEN 2 THEN 86400 * (n %% 40) END, 1 + n %% 8, 1, completion, assessment,
       CASE WHEN completion = 2 AND n %% 3 < 2 THEN 512 ELSE 0 END, completion = 2 AND assessment = 3,
       CASE WHEN completion = 2 AND n %% 2 = 0 THEN 5 END, 250000, 0, 0, 0, hashint8extended(n / 2, 1),
       'C-' || to_char(n %% 1999, 'FM0000')
FROM (
    SELECT n, CASE WHEN n / 8 %% 10 = 0 THEN 0 WHEN n %% 100 < 45 THEN 2 ELSE 1 END AS completion,
           CASE WHEN n / 8 %% 10 = 0 THEN 0 WHEN n %% 100 < 40 OR n %% 5003 = 1 THEN 3 WHEN n %% 20 = 3 THEN 2
                ELSE 0 END AS assessment
    FROM generate_series(1, %s) AS n
) AS one
ON CONFLICT DO NOTHING
"""
WATCHED: Final = """
INSERT INTO projections.watched_class (
    last_reported, since, state, is_open, is_ready, person, partner_id, class_code
)
SELECT purchased_at + (person % 40 + 40) * interval '1 day' + (person % 86399) * interval '1 second',
       CASE completion WHEN 2 THEN purchased_at + (person % 40 + 40) * interval '1 day' END,
       completion * 10 + assessment, completion <> 2 AND assessment <> 2,
       CASE completion WHEN 2 THEN flags & 512 <> 0 AND rating IS NOT NULL END, person, partner_id, class_code
FROM projections.purchased_class WHERE completion > 0 AND purchased_at IS NOT NULL ORDER BY person
"""
TABLES: Final = ("projections.purchased_class", "projections.watched_class")

PARTNER: Final = 2
ANY: Final = ([1, 2], *[None] * 8)
OPEN: Final = ([1], *[None] * 7, True)
SQL: Final = {**OF_ROWS, **OF_WATCHED}
PASSED_UNDER_WAY: Final = ([1, 2], 1, 3, *[None] * 6)
UNDER_WAY: Final = ([1], 1, *[None] * 6, True)
PLACE: Final = (*FIRST_CLASS, LAST_CLASS, 101)


def day(month: int, of_month: int) -> datetime:
    return datetime(2020, month, of_month, tzinfo=UTC)


Asked = tuple[str, str, Sequence[Any], Mapping[str, str]]
"""What it is called, the statement, its values and its parts."""


def questions() -> list[Asked]:
    """Every statement, as lists ask it."""
    found: list[Asked] = [("in progress and passed", "odd", (PARTNER, *PLACE, *ANY, 13, []), {})]
    for at in (day(5, 20), day(8, 1), day(12, 30)):
        name = f"stalled since {at:%d %B}"
        asked = (PARTNER, *PLACE, *OPEN, at, [])
        found += [
            (f"{name}, few", "few_stalled", (*asked, None), {"silent": "$17::text[] IS NULL"}),
            (f"{name}, many", "many_stalled", asked, {}),
            (
                f"{name}, in progress",
                "many_stalled",
                (PARTNER, *PLACE, *UNDER_WAY, at, []),
                {},
            ),
        ]
    for further, way, first, behind in (
        (">", "", "-infinity", FIRST_CLASS),
        ("<", "DESC", "infinity", (LAST_CLASS, LOWEST)),
    ):
        parts = {"further": further, "way": way, "narrow": "true"}
        all_of = parts | {"open": "$16::timestamptz IS NULL"}
        place = (PARTNER, first, *behind, 26)
        stalled = parts | {"open": "is_open AND last_reported < $16"}
        times = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        bought = (*place, *PASSED_UNDER_WAY, *times)
        found += [
            (f"bought, in progress and passed {way}", "odd_in_time", (*bought, 13, []), parts),
            (f"bought, the same looked for {way}", "in_time", bought, parts),
            (f"by word {way}", "by_word", (*place, *ANY, [], None), all_of),
            (f"by word, stalled {way}", "by_word", (*place, *OPEN, [], day(8, 1)), stalled),
            (f"never reported {way}", "never", (*place, *ANY, [], None), all_of),
        ]
    for until, name in ((day(7, 2), "few_since"), (day(8, 1), "many_since")):
        values: tuple[Any, ...] = (LOWEST, 101, day(7, 1), until, [])
        found.append((f"completed until {until:%d %B}", name, values, {"asked": "true"}))
    for state, condition in (("ready", "FALSE"), ("missing", "TRUE")):
        parts = {"asked": f"is_ready IS NOT {condition}"}
        found.append((f"{state}, at any time", "at_any_time", (LOWEST, 101, []), parts))
    return found


def statement(name: str, values: Sequence[Any], parts: Mapping[str, str]) -> str:
    """As psycopg2 takes it."""
    text = filled(SQL[name], {"filters": SQL["filters"], **parts}).replace("%", "%%")
    for number in range(len(values), 0, -1):
        text = text.replace(f"${number}", f"%(v{number})s")
    return text


def main(purchased: int) -> None:
    """Prints the figures."""
    with (
        TemporaryDirectory(prefix="tuntas-worklists-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres") as server,
    ):
        url = server.create_database("worklists")
        session = connect(url, "worklists", statement_timeout_seconds=0)
        migrate(session)
        with transaction(session) as work:
            work.execute(CLASSES, (purchased,))
            work.execute(WATCHED)
        session.autocommit = True
        table = Table(
            title=f"First pages at {purchased:,} purchased classes, one of eight partners"
        )
        for heading in ("list", "ms", "rows"):
            table.add_column(heading, justify="left" if heading == "list" else "right")
        with session.cursor() as work:
            for of in TABLES:
                work.execute(f"VACUUM ANALYZE {of}")
                work.execute("SELECT pg_total_relation_size(%s)", (of,))
                for (size,) in work.fetchall():
                    console.print(f"{of}: {size / 1e6:.0f} MB with indices")
            for label, name, values, parts in questions():
                given = {f"v{number}": value for number, value in enumerate(values, start=1)}
                took = []
                for _ in range(3):
                    began = time.perf_counter()
                    work.execute(statement(name, values, parts), given)
                    rows = len(work.fetchall())
                    took.append(time.perf_counter() - began)
                table.add_row(label, f"{min(took) * 1000:.1f}", f"{rows}")
        console.print(table)
        session.autocommit = False
        close(session)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("purchased", type=int, nargs="?", default=1_000_000)
    main(parser.parse_args().purchased)
