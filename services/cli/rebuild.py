"""`tuntas rebuild`: the read models again from the ledger, beside the live ones, then the switch."""

import os
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.progress import progress
from services.cli.reached import reached_settings
from services.garbage import collect_seldom
from services.postgres.migrations.fitness import check_database
from services.rebuilding import rebuild as rebuilt_by


def rebuild(
    compare: Annotated[
        bool, typer.Option(help="Also count the rows that differ from the live ones.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes that fold events; 0: one for each processor.")
    ] = 0,
) -> None:
    """Rebuild projections from events beside the live ones, then switch. Everything keeps running meanwhile."""
    settings = reached_settings()
    check_database(settings.database_url)
    collect_seldom()
    started = monotonic()
    with progress(count=True) as bars:
        bar = bars.add_task("Events folded", total=None)
        done = rebuilt_by(
            settings.database_url,
            workers or processors(),
            compare=compare,
            progress=lambda events, total: bars.update(bar, completed=events, total=total),
        )
    console = Console()
    console.print(
        f"{done.events:,} events of {done.participants:,} participant records folded in "
        f"{monotonic() - started:.1f} s; generation {done.generation} is live."
    )
    stages = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in done.seconds.items())
    console.print(f"Of that: {stages}.")
    if done.differences is not None:
        table = Table(title="Rows that differ from what was live")
        table.add_column("Table")
        table.add_column("Rows", justify="right")
        for name, count in done.differences.items():
            table.add_row(name, f"{count:,}", style="red" if count else "green")
        console.print(table)
        wrong = done.wrong_snapshots or 0
        console.print(f"{wrong:,} snapshots of participants said something else than their events.")
        raise typer.Exit(1 if wrong or any(done.differences.values()) else 0)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
