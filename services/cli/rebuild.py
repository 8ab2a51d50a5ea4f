"""`tuntas rebuild`: the read models again from the ledger, beside the live ones, then the switch."""

from contextlib import closing
from functools import partial
from time import monotonic
from typing import Annotated

import typer
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ
from rich.console import Console
from rich.table import Table

from projections.rebuild import Rebuild
from services.cli.progress import progress
from services.cli.reached import reached_settings
from services.postgres.connect import connect, transaction
from services.wiring import prepare_database


def rebuild(
    compare: Annotated[
        bool, typer.Option(help="Also count the rows that differ from the live ones.")
    ] = False,
) -> None:
    """Rebuild projections from events beside the live ones, then switch. Everything keeps running meanwhile."""
    settings = reached_settings()
    prepare_database(settings)
    patient = partial(
        connect,
        settings.database_url,
        "tuntas rebuild",
        statement_timeout_seconds=0,
        lock_timeout_seconds=0,
        idle_timeout_seconds=0,
    )
    started = monotonic()
    with closing(patient()) as writing, closing(patient()) as reading, progress(count=True) as bars:
        reading.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
        bar = bars.add_task("Events folded", total=None)
        done = Rebuild(
            write=partial(transaction, writing),
            read=partial(transaction, reading),
            stream=lambda: reading.cursor("participant_events"),
            progress=lambda events, total: bars.update(bar, completed=events, total=total),
        ).run(compare=compare)
    console = Console()
    console.print(
        f"{done.events:,} events of {done.participants:,} participant records folded in "
        f"{monotonic() - started:.1f} s; generation {done.generation} is live."
    )
    if done.differences is not None:
        table = Table(title="Rows that differ from what was live")
        table.add_column("Table")
        table.add_column("Rows", justify="right")
        for name, count in done.differences.items():
            table.add_row(name, f"{count:,}", style="red" if count else "green")
        console.print(table)
        raise typer.Exit(1 if any(done.differences.values()) else 0)
