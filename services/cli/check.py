"""`tuntas check`: what the intake would say to a file, without sending it."""

import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from domain.vocabulary import PARTNERS
from services.cli.wording import counted
from services.intake.offline import Checked, check_lines
from services.xapi.activities import NO_PARTNERS, ActivitiesRefused, read_activities


def check(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="JSON Lines; - is standard input.")],
    partner: Annotated[
        str | None,
        typer.Option(
            help="The partner whose topic it is meant for; else each line's own source says so, and of an"
            " xAPI statement, which has none, --classes."
        ),
    ] = None,
    classes: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            envvar="TUNTAS_XAPI_CLASSES",
            help="Which class an xAPI activity is, as the intake has it from the same variable.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Show at most so many bad lines; 0: all.")] = 50,
) -> None:
    """Validate JSON Lines offline as the intake would, line by line, with reasons, as if they were sent now.

    Lines that would be accepted and look odd (unknown fields, a percent of 1 or less, a participant_id that looks like
    a telephone number) are counted by kind, with the last of each.
    A line may be an xAPI statement; the header and the key of its record, which are not in the file, count as right.
    Ends with exit code 1 when any line would be rejected.
    """
    if partner is not None and partner not in PARTNERS:
        raise typer.BadParameter(f"{partner!r} is none of: {', '.join(PARTNERS)}")
    try:
        activities = NO_PARTNERS if classes is None else read_activities(classes)
    except ActivitiesRefused as refused:
        raise typer.BadParameter(f"{classes} {refused}") from None
    console = Console()
    name = Path(file.name).name
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    hinted: Counter[str] = Counter()
    last: dict[str, str] = {}
    unknown_fields = 0
    shown = 0
    with file:
        for line in check_lines(file, partner, time.time_ns() // 1_000_000, activities):
            outcomes[line.outcome] += 1
            unknown_fields += line.unknown_fields
            for hint in line.hints:
                hinted[hint.kind] += 1
                last[hint.kind] = f"{name}:{line.number}: {hint.detail}"
            if line.reason is None:
                continue
            reasons[line.reason] += 1
            if not limit or shown < limit:
                shown += 1
                _print(console, name, line)
    hidden = outcomes["rejected"] - shown
    if hidden:
        console.print(f"… and {hidden:,} more; `--limit 0` shows all.", style="dim")
    table = Table(title=f"{escape(name)}: {counted(outcomes.total(), 'line')}")
    table.add_column("Would be")
    table.add_column("Lines", justify="right")
    for outcome in ("accepted", "duplicate", "rejected"):
        table.add_row(outcome, f"{outcomes[outcome]:,}")
    for reason, count in reasons.most_common():
        table.add_row(f"  {reason}", f"{count:,}", style="red")
    console.print(table)
    for kind, count in hinted.most_common():
        console.print(
            f"[yellow]{kind}[/yellow] {count:,}: {escape(last[kind])}",
            highlight=False,
            soft_wrap=True,
        )
    if unknown_fields:
        console.print(
            f"{counted(unknown_fields, 'field')} that the contract does not name would be ignored."
        )
    raise typer.Exit(1 if outcomes["rejected"] else 0)


def _print(console: Console, name: str, line: Checked) -> None:
    console.print(
        f"{escape(name)}:{line.number}: [red]{line.reason}[/red] {escape(line.detail or '')}",
        highlight=False,
        soft_wrap=True,
    )
