"""`tuntas status`: where everything runs, how far it is, what was counted."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from domain.vocabulary import PARTNERS, TOPIC_PREFIX
from projections.reading.heartbeats import Heard, living, silence
from services.cli.reached import reached_settings
from services.cli.wording import counted
from services.postgres.connect import close, connect, transaction
from services.postgres.errors import PostgresError
from services.postgres.migrations.fitness import check
from services.running import run_file
from services.running.kafka import asked_once
from services.running.lanes import (
    LaneStatus,
    answers_behind,
    compared,
    heard,
    lanes,
    unopened,
)
from services.setting_texts import mask_url
from services.settings import Settings
from services.unworkable import AWAY_EXIT_CODE


def status(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Where everything runs, lag and counts. Asks the database, and Kafka, which need not be there."""
    settings = reached_settings()
    run = run_file.read(settings.state_dir)
    database_url = mask_url(settings.database_url)
    try:
        found, processes, untold = _read(settings)
    except PostgresError as failure:
        typer.secho(f"{database_url}: {failure}", fg="red", err=True)
        if not as_json:
            answers = f"Kafka answers at {settings.kafka_bootstrap}."
            typer.echo(asked_once(settings).unknown or answers)
        raise typer.Exit(AWAY_EXIT_CODE) from None
    kafka = asked_once(settings, found)
    log, unknown = kafka.log, kafka.unknown
    found = compared(found, log)
    waiting = None if log is None else unopened(found, log) + sum(lane.lag or 0 for lane in found)
    tells = settings.answers == "on"
    api_url = run.api_url if run else f"http://{settings.api_host}:{settings.api_port}"
    if as_json:
        places: dict[str, object] = {
            "kafka_bootstrap": settings.kafka_bootstrap,
            "database_url": database_url,
            "api_url": api_url,
            **({"evaluator_token": run.evaluator_token} if run else {}),
            "waiting": waiting,
            **({"unknown": unknown} if unknown else {}),
            **({"answers_behind": untold} if tells else {}),
            "services": [
                {**msgspec.structs.asdict(each), "lives": each.lives} for each in processes
            ],
            "lanes": found,
        }
        typer.echo(msgspec.json.format(msgspec.json.encode(places)).decode())
        return
    console = Console()
    console.print(f"[bold]Kafka[/bold]     {settings.kafka_bootstrap}", highlight=False)
    console.print(f"[bold]Database[/bold]  {database_url}", highlight=False)
    console.print(f"[bold]API[/bold]       {api_url}   (docs: {api_url}/docs)", highlight=False)
    if run:
        console.print(f"[bold]Token[/bold]     {run.evaluator_token}", highlight=False)
    for service in ("ingest", "project"):
        console.print(_running(processes, service), highlight=False)
    console.print(table_of(found))
    if unknown:
        console.print(f"[red]How much waits in Kafka is not known: {escape(unknown)}[/red]")
    for lane in found:
        if lane.trouble:
            console.print(f"[red]{escape(lane.trouble)}[/red]", highlight=False)
    if waiting:
        console.print(
            f"{counted(waiting, 'record')} {'waits' if waiting == 1 else 'wait'} in Kafka.",
            highlight=False,
        )
    if tells and untold:
        were = "was" if untold == 1 else "were"
        told = f"{counted(untold, 'event')} {were} not looked at yet for tuntas.answers.<partner>."
        console.print(told, highlight=False)


def _read(settings: Settings) -> tuple[list[LaneStatus], list[Heard], int]:
    session = connect(settings.database_url, "tuntas status")
    try:
        check(session, while_running=True)
        with transaction(session) as work:
            return lanes(work), heard(work), answers_behind(work)
    finally:
        close(session)


def _running(found: list[Heard], service: str) -> str:
    """One line about the processes of a service."""
    alive = living(found, service)
    if not alive:
        said = (
            f"[red]{silence(found, service)}[/red]" if silence(found, service) else "not heard of"
        )
    else:
        said = f"{len(alive)} running"
        said += "".join(f"; {each.host} waits: {each.trouble}" for each in alive if each.trouble)
    return f"[bold]{service.capitalize():<9}[/bold] {said}"


def table_of(found: list[LaneStatus]) -> Table:
    """Counts per partner, and their sums; lag is of logs that are read on, a dash where Kafka cannot be asked."""
    table = Table(title="Records read, by outcome", show_footer=True)
    columns = ("read", "accepted", "duplicate", "rejected", "lag")
    table.add_column("Partner", footer="all")
    counts = {
        partner: _counts([lane for lane in found if lane.topic == TOPIC_PREFIX + partner])
        for partner in PARTNERS
    }
    for number, column in enumerate(columns):
        table.add_column(
            column, justify="right", footer=_sum(each[number] for each in counts.values())
        )
    for partner, each in counts.items():
        table.add_row(PARTNERS[partner], *(_sum([count]) for count in each))
    return table


def _counts(found: list[LaneStatus]) -> tuple[int | None, ...]:
    accepted = sum(lane.accepted for lane in found)
    duplicate = sum(lane.duplicate for lane in found)
    rejected = sum(lane.rejected for lane in found)
    lags = [lane.lag for lane in found]
    lag = None if None in lags else sum(lag or 0 for lag in lags)
    return (accepted + duplicate + rejected, accepted, duplicate, rejected, lag)


def _sum(counts: Iterable[int | None]) -> str:
    known = list(counts)
    return "–" if None in known else f"{sum(count or 0 for count in known):,}"
