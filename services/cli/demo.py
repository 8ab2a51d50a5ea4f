"""`tuntas demo`: a simulated season of the eight partners through the whole path, and the questions answered."""

import os
from collections.abc import Callable
from time import monotonic, sleep
from typing import Annotated

import typer
from rich.console import Console

from services import logs
from services.cli import demo_answers, demo_rejection
from services.cli.api_client import Api
from services.cli.progress import progress
from services.cli.reached import given_settings
from services.cli.up import NOT_RUNNING, tell_where, wait_for_signal
from services.kafka.producer import publish
from services.kafka.security import security_of
from services.running.run import EverythingHere
from services.settings import is_given
from services.simulator import simulate

STALLED_SECONDS = 60.0
FRESHNESS_SECONDS = 0.6
"""The API's word on how far it is behind may be half a second old: then it speaks of all that was read."""


class DemoStalled(Exception):
    """The services stopped reading before everything was read."""


def demo(
    events: Annotated[int, typer.Option(min=1, help="How many records the season has.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Another number, another season.")] = 1,
    leave: Annotated[bool, typer.Option("--exit", help="End after the answers.")] = False,
    ingest: Annotated[int, typer.Option(min=1, max=64, help="How many ingest processes.")] = 1,
    into_named: Annotated[
        bool,
        typer.Option(
            "--into-named-servers",
            help="Write the season into the servers that TUNTAS_… names, for good.",
        ),
    ] = False,
) -> None:
    """Send a simulated season through Kafka, aggregates and projections, and answer the programme's question."""
    settings = given_settings()
    named = [
        f"TUNTAS_{field.upper()}"
        for field in ("kafka_bootstrap", "database_url")
        if getattr(settings, field)
    ]
    if named and not into_named:
        raise typer.BadParameter(
            f"the simulated season would stay for good in the server that {' and '.join(named)} names. Unset it for a "
            "demonstration on embedded servers, or say --into-named-servers."
        )
    logs.configure("warning")
    console = Console()
    try:
        with console.status("Starting PostgreSQL, a Kafka broker and the services …"):
            everything = EverythingHere(
                settings,
                data="demo",
                fresh=True,
                ingest_processes=ingest,
                is_port_set=is_given(os.environ, "api_port"),
            )
            run = everything.start()
        with everything:
            api = Api(run.api_url, run.evaluator_token)
            before = demo_answers.records_read(api)
            started = monotonic()
            with progress(count=True) as bars:
                sending = bars.add_task("Partners send to Kafka", total=events)
                reading = bars.add_task("Tuntas reads and answers", total=events)
                publish(
                    run.kafka_bootstrap,
                    simulate(events, seed),
                    lambda sent: bars.advance(sending, sent),
                    security_of(settings),
                )
                _wait_until_read(
                    api, before + events, lambda read: bars.update(reading, completed=read - before)
                )
            console.print(
                f"{events:,} records sent, read and answered in {monotonic() - started:.1f} s.\n"
            )
            demo_answers.show(console, api)
            demo_rejection.show(console, api, run.kafka_bootstrap, security_of(settings))
            if not leave:
                tell_where(console, run)
                wait_for_signal(everything)
                console.print("Stopping …")
    except (*NOT_RUNNING, DemoStalled, demo_rejection.NotShown) as failure:
        typer.secho(str(failure), fg="red", err=True)
        raise typer.Exit(1) from None


def _wait_until_read(api: Api, total: int, progress_to: Callable[[int], None]) -> None:
    """Blocks until ``total`` records were read and every answer follows them."""
    last, changed = -1, monotonic()
    while True:
        read = demo_answers.records_read(api)
        progress_to(read)
        if read >= total:
            sleep(FRESHNESS_SECONDS)
            if demo_answers.is_fresh(api):
                return
        if read != last:
            last, changed = read, monotonic()
        elif monotonic() - changed > STALLED_SECONDS:
            raise DemoStalled(
                f"only {read:,} of {total:,} records were read and nothing moved for {STALLED_SECONDS:.0f} s; "
                "the logs beside the data in the state directory say why"
            )
        sleep(0.1)
