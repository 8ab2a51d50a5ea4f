"""The commands of `tuntas`, put together."""

import typer

from services.cli import (
    check,
    demo,
    export,
    publish,
    rebuild,
    report,
    service,
    settings,
    simulate,
    status,
    up,
)

app = typer.Typer(
    name="tuntas",
    help="Was every training class that somebody bought completed, and was it assessed?",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)

RUN = "Run it"
EVENTS = "Events"
LOOK = "Look at it"

app.command(rich_help_panel=RUN)(demo.demo)
app.command(rich_help_panel=RUN)(up.up)
app.command(rich_help_panel=RUN)(service.ingest)
app.command(rich_help_panel=RUN)(service.project)
app.command(rich_help_panel=RUN)(service.api)
app.command(rich_help_panel=RUN)(rebuild.rebuild)
app.command(rich_help_panel=EVENTS)(check.check)
app.command(rich_help_panel=EVENTS)(publish.publish)
app.command(rich_help_panel=EVENTS)(simulate.simulate)
app.command(rich_help_panel=LOOK)(status.status)
app.command(rich_help_panel=LOOK)(export.export)
app.command(rich_help_panel=LOOK)(report.report)
app.command(rich_help_panel=LOOK)(settings.settings)


def main() -> None:
    """Runs the command line of this process."""
    app()
