"""The look of progress bars."""

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


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
