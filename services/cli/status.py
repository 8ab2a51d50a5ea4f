"""`tuntas status`: where everything runs, how far it is, what was counted."""

from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from domain.vocabulary import PARTNERS, TOPIC_PREFIX
from services.cli.reached import reached_settings
from services.postgres.connect import close, connect, transaction
from services.postgres.errors import PostgresError
from services.postgres.migrations.fitness import check
from services.running import run_file
from services.running.lanes import LaneStatus, lanes
from services.setting_texts import mask_url
from services.unworkable import AWAY_EXIT_CODE


def status(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Where everything runs, lag and counts."""
    settings = reached_settings()
    run = run_file.read(settings.state_dir)
    database_url = mask_url(settings.database_url)
    try:
        session = connect(settings.database_url, "tuntas status")
        try:
            check(session)
            with transaction(session) as work:
                found = lanes(work)
        finally:
            close(session)
    except PostgresError as failure:
        typer.secho(f"{database_url}: {failure}", fg="red", err=True)
        raise typer.Exit(AWAY_EXIT_CODE) from None
    api_url = run.api_url if run else f"http://{settings.api_host}:{settings.api_port}"
    if as_json:
        places: dict[str, object] = {
            "kafka_bootstrap": settings.kafka_bootstrap,
            "database_url": database_url,
            "api_url": api_url,
            **({"evaluator_token": run.evaluator_token} if run else {}),
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
    console.print(table_of(found))


def table_of(found: list[LaneStatus]) -> Table:
    """Counts per partner, and their sums."""
    table = Table(title="Records read, by outcome", show_footer=True)
    columns = ("read", "accepted", "duplicate", "rejected", "lag")
    table.add_column("Partner", footer="all")
    counts = {
        partner: _counts([lane for lane in found if lane.topic == TOPIC_PREFIX + partner])
        for partner in PARTNERS
    }
    for number, column in enumerate(columns):
        total = sum(each[number] for each in counts.values())
        table.add_column(column, justify="right", footer=f"{total:,}")
    for partner, each in counts.items():
        table.add_row(PARTNERS[partner], *(f"{count:,}" for count in each))
    return table


def _counts(found: list[LaneStatus]) -> tuple[int, int, int, int, int]:
    accepted = sum(lane.accepted for lane in found)
    duplicate = sum(lane.duplicate for lane in found)
    rejected = sum(lane.rejected for lane in found)
    return (
        accepted + duplicate + rejected,
        accepted,
        duplicate,
        rejected,
        sum(lane.lag for lane in found),
    )
