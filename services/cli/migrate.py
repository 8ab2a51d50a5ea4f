"""`tuntas migrate`: a database brought up to this version."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import TaskID
from rich.table import Table

from services.cli.progress import progress
from services.cli.reached import database_settings
from services.postgres.migrations.files import Migration
from services.wiring import pending_migrations, prepare_database


def migrate(
    check: Annotated[
        bool,
        typer.Option("--check", help="Only say what would be done; exit 1 when there is anything."),
    ] = False,
) -> None:
    """Bring the database up to this version, while services of this version's or the one before go on."""
    settings = database_settings()
    console = Console()
    if check:
        pending = pending_migrations(settings)
        if pending:
            console.print(table_of(pending))
            raise typer.Exit(1)
        console.print("The database is of this version.")
        return
    with progress(transient=True, count=True) as bars:
        rows: dict[int, TaskID] = {}

        def show(migration: Migration, done: int, total: int) -> None:
            bar = rows.get(migration.number)
            if bar is None:
                bar = rows[migration.number] = bars.add_task(
                    f"{migration.number} {migration.name}", total=None
                )
            bars.update(bar, completed=done, total=total or None)

        def waits() -> None:
            bars.console.print("Another process migrates this database; waiting for it.")

        applied = prepare_database(settings, show, waits)
    for migration in applied:
        console.print(f"{migration.number} {migration.name}: done.", highlight=False)
    console.print("The database is of this version.")


def table_of(migrations: list[Migration]) -> Table:
    """What would be done, in order."""
    table = Table(title="What `tuntas migrate` would do")
    table.add_column("Number", justify="right")
    table.add_column("What becomes true", overflow="fold")
    table.add_column("Kind")
    table.add_column("How long it takes, and who waits", overflow="fold")
    for migration in migrations:
        table.add_row(str(migration.number), migration.description, migration.kind, migration.takes)
    return table
