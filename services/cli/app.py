"""The commands of `tuntas`, put together."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from services.cli import (
    check,
    demo,
    events,
    export,
    health,
    lanes,
    migrate,
    partners,
    publish,
    rebuild,
    redrive,
    report,
    service,
    settings,
    simulate,
    status,
    up,
)
from services.kafka.errors import KafkaFailure
from services.postgres.errors import PostgresError
from services.unworkable import AWAY_EXIT_CODE, Unworkable

app = typer.Typer(
    name="tuntas",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)


def say_version(wanted: bool) -> None:
    """Prints the version and ends, when it is asked for."""
    if wanted:
        typer.echo(f"tuntas {version('tuntas')}")
        raise typer.Exit


@app.callback()
def tuntas(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=say_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """Follow every purchased training class to its completion and assessment."""


RUN = "Run it"
EVENTS = "Events"
LOOK = "Look at it"

app.command(rich_help_panel=RUN)(demo.demo)
app.command(rich_help_panel=RUN)(up.up)
app.command(rich_help_panel=RUN)(service.ingest)
app.command(rich_help_panel=RUN)(service.project)
app.command(rich_help_panel=RUN)(service.api)
app.command(rich_help_panel=RUN)(migrate.migrate)
app.command(rich_help_panel=RUN)(rebuild.rebuild)
app.command(rich_help_panel=RUN)(lanes.lanes)
app.command(rich_help_panel=EVENTS)(check.check)
app.command(rich_help_panel=EVENTS)(publish.publish)
app.command(rich_help_panel=EVENTS)(events.events)
app.command(rich_help_panel=EVENTS)(redrive.redrive)
app.command(rich_help_panel=EVENTS)(simulate.simulate)
app.command(rich_help_panel=LOOK)(status.status)
app.command(rich_help_panel=LOOK)(health.health)
app.command(rich_help_panel=LOOK)(export.export)
app.command(rich_help_panel=LOOK)(report.report)
app.command(rich_help_panel=LOOK)(settings.settings)
app.add_typer(partners.partners, name="partners", rich_help_panel=RUN)


def main() -> None:
    """Runs the command line of this process. What cannot work is said in a sentence, with an exit code of its kind."""
    try:
        app()
    except Unworkable as problem:
        typer.secho(str(problem), fg="red", err=True)
        sys.exit(problem.exit_code)
    except (PostgresError, KafkaFailure) as failure:
        typer.secho(str(failure), fg="red", err=True)
        sys.exit(AWAY_EXIT_CODE)
