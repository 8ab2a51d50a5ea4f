"""How fast a participant's answer is read: `python -m tests.benchmarks.bench_read --help`.

A season is taken in by the intake; its participants are then multiplied in the database until there are as many
purchased classes as wanted, so that every row holds real evidence. One API process is asked for participants at
random, in turn with a bare FastAPI under the same uvicorn settings.
"""

from collections.abc import Sequence
from statistics import median
from typing import Annotated, Any, Final

import psycopg2
import typer
from msgspec import Struct
from psycopg2.extensions import connection
from rich.table import Table

from domain.vocabulary import PURCHASE_STATES
from tests.benchmarks.api import TOKEN, api, bare
from tests.benchmarks.drained import filled
from tests.benchmarks.load import CONNECTIONS, Loaded, load, steadily
from tests.benchmarks.report import conditions, console, print_conditions, save
from tests.benchmarks.run import run
from tests.benchmarks.season_log import SeasonLog, season_log
from tests.benchmarks.servers import Servers, fill, servers

ASKED: Final = 20_000
"""So many participants, drawn from all, are asked for."""
STEADY_RATE: Final = 1_000
"""Requests a second that one API process has to answer at ease."""
COUNT: Final = (
    "SELECT count(*) FROM projections.purchased_class WHERE purchase <> 2 AND class_code <> ''"
)
MULTIPLY: Final = """
INSERT INTO {table} ({columns})
SELECT {values} FROM {table}, generate_series(%(first)s, %(last)s) AS copy
WHERE person IN (SELECT person FROM vault.person WHERE participant_id NOT LIKE '%%/%%')
ON CONFLICT DO NOTHING
"""
TABLES: Final = (
    "vault.person",
    "ledger.snapshot",
    "projections.purchased_class",
    "projections.purchase",
)
COLUMNS: Final = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = %s AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position
"""
DRAW: Final = """
SELECT participant_id FROM vault.person
WHERE EXISTS (SELECT FROM projections.purchased_class WHERE purchased_class.person = person.person)
ORDER BY md5(participant_id) LIMIT %s
"""


class Read(Struct, frozen=True):
    """Rounds of one server."""

    server: str
    purchased_classes: int
    rounds: Sequence[Loaded]


def multiply(session: connection, wanted: int) -> int:
    """How many purchased classes there are, ``wanted`` or a little more: copies of the season's, of other people."""
    with session, session.cursor() as work:
        work.execute(COUNT, (PURCHASE_STATES.index("none"),))
        there: int = work.fetchall()[0][0]
        copies = -(-wanted // there) - 1
        if copies <= 0:
            return there
        for table in TABLES:
            work.execute(COLUMNS, table.split("."))
            columns = [name for (name,) in work.fetchall()]
            moved = {"participant_id": "participant_id || '/' || copy", "person": "person + copy"}
            values = [moved.get(name, name) for name in columns]
            statement = MULTIPLY.format(
                table=table, columns=", ".join(columns), values=", ".join(values)
            )
            work.execute(statement, {"first": 1, "last": copies})
        return there * (copies + 1)


def measure(
    running_servers: Servers, log: SeasonLog, sizes: Sequence[int], rounds: int, seconds: int
) -> dict[str, Any]:
    """Every size, in rounds in turn with the bare server; printed as well. The log is on the broker already."""
    found: list[Read] = []
    with filled(running_servers, log, "read") as there:
        place = there.place
        session = psycopg2.connect(place.database_url)
        try:
            for size in sorted(sizes):
                classes = multiply(session, size)
                with session.cursor() as work:
                    work.execute(DRAW, (ASKED,))
                    people = [name for (name,) in work.fetchall()]
                session.commit()
                vacuum(session)
                paths = [f"/v1/participants/{who.replace('/', '%2F')}/classes" for who in people]
                hellos, reads, steady = [], [], []
                with bare(place) as hello, api(place) as url:
                    for _ in range(rounds):
                        hellos.append(load(hello, ["/hello"], TOKEN, seconds, place.folder))
                        reads.append(load(url, paths, TOKEN, seconds, place.folder))
                        steady.append(
                            steadily(url, paths, TOKEN, STEADY_RATE, seconds, place.folder)
                        )
                found.append(Read("bare FastAPI hello", classes, hellos))
                found.append(Read("participant's classes", classes, reads))
                found.append(Read(f"the same at {STEADY_RATE:,}/s", classes, steady))
        finally:
            session.close()
    print_reads(found)
    return {"reads": found, "connections": CONNECTIONS, "seconds a round": seconds}


def vacuum(session: connection) -> None:
    """Brings statistics and visibility up to date, as they would be long after."""
    session.autocommit = True
    with session.cursor() as work:
        work.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")
    session.autocommit = False


def print_reads(found: Sequence[Read]) -> None:
    """Medians of the rounds, and the ratio to the bare server measured in turn."""
    table = Table(
        title=f"One API process, {CONNECTIONS} connections, load by "
        + " and ".join(dict.fromkeys(one.rounds[0].tool for one in found))
    )
    for heading in (
        *("answer", "purchased classes", "requests/s", "min – max", "ratio to hello"),
        *("p50 ms", "p99 ms", "max ms", "errors"),
    ):
        table.add_column(heading, justify="left" if heading == "answer" else "right")
    hello = 1.0
    for one in found:
        rates = [loaded.requests_per_second for loaded in one.rounds]
        if one.server == "bare FastAPI hello":
            hello = median(rates)
        table.add_row(
            one.server,
            f"{one.purchased_classes:,}",
            f"{median(rates):,.0f}",
            f"{min(rates):,.0f} – {max(rates):,.0f}",
            f"{median(rates) / hello:.2f}",
            f"{median(loaded.p50_ms for loaded in one.rounds):.2f}",
            f"{median(loaded.p99_ms for loaded in one.rounds):.2f}",
            f"{max(loaded.max_ms for loaded in one.rounds):.1f}",
            str(sum(loaded.errors for loaded in one.rounds)),
        )
    console.print(table)


def main(
    sizes: Annotated[str, typer.Option(help="Purchased classes, with commas between.")] = "100000",
    events: Annotated[int, typer.Option(help="Records of the season that is multiplied.")] = 50_000,
    rounds: Annotated[int, typer.Option(help="How often each server is loaded.")] = 3,
    seconds: Annotated[int, typer.Option(help="How long each time.")] = 5,
    save_as: Annotated[
        str, typer.Option(help="Name of the file in docs/benchmarks; empty: none.")
    ] = "",
) -> None:
    """Ask one API process for participants, at several sizes."""
    log = season_log(events)
    with servers() as running_servers:
        circumstances = conditions(running_servers, log)
        print_conditions(circumstances)
        fill(running_servers.broker.bootstrap, log)
        wanted = [int(size) for size in sizes.split(",")]
        found = measure(running_servers, log, wanted, rounds, seconds)
    if save_as:
        console.print(f"saved in {save(save_as, {**circumstances, **found})}")


if __name__ == "__main__":
    run(main)
