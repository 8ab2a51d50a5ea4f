"""The look of progress bars."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


def progress(*, transient: bool = False, count: bool = False) -> Progress:
    """A progress display; ``count`` shows done and total beside the bar."""
    columns = [
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        *([MofNCompleteColumn()] if count else []),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    ]
    return Progress(*columns, transient=transient, expand=True)


class RateColumn(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} a second", style="progress.data.speed")


def counting(console: Console) -> Progress:
    """A progress display of rows whose number nobody knows before: done so far, and the rate."""
    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.completed:,.0f} rows"),
        RateColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        expand=True,
    )
