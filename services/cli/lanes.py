"""`tuntas lanes`: which topic partitions are read how far, which are not read on, and what is done about those."""

from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from domain.vocabulary import TOPIC_PREFIX
from projections.reading.kafka_log import KafkaLog
from services.cli.reached import reached_settings
from services.postgres.connect import close, connect, transaction
from services.postgres.migrations.fitness import check
from services.running import lane_repair
from services.running.kafka import asked
from services.running.lane_repair import Ill, Remedy
from services.running.lanes import LaneStatus
from services.running.lanes import lanes as read_lanes


def lanes(
    restart: Annotated[
        bool,
        typer.Option(
            "--restart",
            help="Close lanes whose log is another one now, or lost its end, and read what there is from its start.",
        ),
    ] = False,
    skip: Annotated[
        bool,
        typer.Option(
            "--skip",
            help="Go on where the log begins, for lanes of which Kafka deleted records before they were read.",
        ),
    ] = False,
    topic: Annotated[str | None, typer.Option(help="Only this topic.")] = None,
    partition: Annotated[int | None, typer.Option(help="Only this partition.")] = None,
) -> None:
    """Show how far each topic partition is read, and help those that are not read on.

    Without an option nothing is changed; exit 1 when some lane waits for a decision.
    """
    settings = reached_settings()
    remedies = [
        remedy for wanted, remedy in ((restart, Remedy.RESTART), (skip, Remedy.SKIP)) if wanted
    ]
    console = Console()
    session = connect(settings.database_url, "tuntas lanes")
    try:
        check(session, while_running=True)
        with transaction(session) as work:
            found = [
                lane
                for lane in read_lanes(work)
                if topic in {None, lane.topic} and partition in {None, lane.partition}
            ]
        if not found and (topic is not None or partition is not None):
            raise typer.BadParameter(_no_such(topic, partition))
        log = asked(settings, found)
        ill = list(lane_repair.ill(found, log))
        if not remedies:
            console.print(table_of(found, log, ill))
            sentences = [each.why for each in ill]
            known = {each.lane.lane_id for each in ill}
            sentences += [
                f"{lane.topic} partition {lane.partition}: {lane.trouble}"
                for lane in found
                if lane.trouble and lane.is_current and lane.lane_id not in known
            ]
            for sentence in sentences:
                typer.secho(sentence, fg="red")
            raise typer.Exit(1 if sentences else 0)
        chosen = [each for each in ill if each.remedy in remedies]
        for each in chosen:
            with transaction(session) as work:
                done = lane_repair.repair(work, each)
            console.print(said(each, done=done), highlight=False)
    finally:
        close(session)
    if not chosen:
        typer.secho("No lane is in the state that this helps.", fg="red", err=True)
        raise typer.Exit(1)


def _no_such(topic: str | None, partition: int | None) -> str:
    of_topic = "" if topic is None else f" of the topic {topic}"
    numbered = "" if partition is None else f" of partition {partition}"
    return f"There is no lane{numbered}{of_topic}."


def said(each: Ill, *, done: bool) -> str:
    """What became of one lane."""
    name = f"{each.lane.topic} partition {each.lane.partition}"
    if not done:
        return f"{name} has moved on meanwhile; nothing was done."
    if each.remedy is Remedy.RESTART:
        return f"{name}: what was read up to {each.lane.next_offset} is kept; the log is read anew from {each.begin}."
    lost = each.begin - each.lane.next_offset
    return f"{name}: {lost} offsets are skipped; it is read on from {each.begin}."


def table_of(found: list[LaneStatus], log: KafkaLog, ill: list[Ill]) -> Table:
    """The lanes, with the log there is beside them, for 80 columns: what does not fit is folded, never cut off.

    Where reading began is a column of its own if it was not 0 everywhere.
    """
    begun_late = any(lane.first_offset for lane in found)
    table = Table(
        title="Lanes: partner and partition of tuntas.partner.<partner>",
        caption=f"Kafka's log is {log.log_id}.",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("Lane", no_wrap=True)
    for column in (
        *(["Read\nfrom"] if begun_late else []),
        "Next\noffset",
        "Log\nbegins",
        "Log\nends",
    ):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("State", overflow="fold")
    troubled = {each.lane.lane_id for each in ill}
    for lane in found:
        place = (lane.topic, lane.partition)
        current = lane.is_current and lane.log_id == log.log_id
        bounds = (log.begins.get(place), log.ends.get(place)) if current else (None, None)
        state = "[red]set aside[/red]" if lane.trouble else "read"
        if lane.lane_id in troubled:
            state = "[red]waits for a decision[/red]"
        table.add_row(
            f"{lane.topic.removeprefix(TOPIC_PREFIX)} {lane.partition}",
            *([f"{lane.first_offset:,}"] if begun_late else []),
            f"{lane.next_offset:,}",
            *("–" if bound is None else f"{bound:,}" for bound in bounds),
            state if current else f"earlier log {escape(lane.log_id)}",
        )
    return table
