"""`tuntas up`: all services, until Ctrl-C."""

import os
import signal
import threading
from typing import Annotated, Final

import typer
from rich.console import Console

from services import logs
from services.cli.reached import given_settings
from services.embedded.leash import ServerFailed
from services.running.api_port import PortTaken
from services.running.run import AlreadyRunning, EverythingHere, ServiceFailed
from services.running.run_file import Run
from services.settings import is_given

NOT_RUNNING: Final = (AlreadyRunning, PortTaken, ServerFailed, ServiceFailed)
"""What keeps a run from starting, or ends it."""

SMALL_BROKER: Final = (
    "The broker is a small one that forgets its log when it stops; kcat and confluent-kafka do not speak to it:"
    " for these, `tuntas up --apache`."
)


def up(
    ingest: Annotated[int, typer.Option(min=1, max=64, help="How many ingest processes.")] = 1,
    apache: Annotated[
        bool,
        typer.Option(
            "--apache",
            help="Start Apache Kafka, which every client speaks and which keeps its log, in the place of the small"
            " broker. Needs Java 17 and Maven.",
        ),
    ] = False,
) -> None:
    """Start all services on the embedded defaults, or on what the settings name, until Ctrl-C."""
    settings = given_settings()
    logs.configure(settings.log_level)
    console = Console()
    try:
        everything = EverythingHere(
            settings,
            data="up",
            fresh=False,
            ingest_processes=ingest,
            is_port_set=is_given(os.environ, "api_port"),
            apache=apache,
        )
        run = everything.start()
        with everything:
            tell_where(console, run)
            if not (settings.kafka_bootstrap or apache):
                console.print(SMALL_BROKER, style="dim", highlight=False)
            wait_for_signal(everything)
            console.print("Stopping …")
    except NOT_RUNNING as failure:
        typer.secho(str(failure), fg="red", err=True)
        raise typer.Exit(1) from None


def tell_where(console: Console, run: Run) -> None:
    """Prints where a run is reached."""
    console.print()
    console.print(f"[bold]Pages[/bold]  {run.api_url}/", highlight=False)
    console.print(f"[bold]API[/bold]    {run.api_url}/docs", highlight=False)
    console.print(f"[bold]Kafka[/bold]  {run.kafka_bootstrap}", highlight=False)
    console.print(f"[bold]Token[/bold]  {run.evaluator_token}   (evaluator)", highlight=False)
    console.print(
        "Everything runs. [dim]Ctrl-C stops it; `tuntas status` in another terminal shows it.[/dim]"
    )


def wait_for_signal(everything: EverythingHere) -> None:
    """Blocks until SIGINT or SIGTERM; raises ServiceFailed when a service ended for good."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        everything.wait(0.5)
