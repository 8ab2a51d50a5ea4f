"""`tuntas simulate`: a believable season as CloudEvents, one a line."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.simulator import as_json_lines
from services.simulator import simulate as simulate_season


def simulate(
    events: Annotated[int, typer.Option(min=0, help="How many records.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Another number, another season.")] = 1,
    partner: Annotated[
        str | None, typer.Option(help="Only this partner's records of the season.")
    ] = None,
    expected: Annotated[
        Path | None,
        typer.Option(help="Also write the answers that are to be expected, as JSON, to this file."),
    ] = None,
) -> None:
    """Print a simulated season of the eight partners as CloudEvents, JSON Lines, the same for the same seed.

    The expected answers are computed from the printed records alone, without the code that answers in production.
    """
    try:
        records = list(simulate_season(events, seed, partner=partner))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    for line in as_json_lines(records):
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
    if expected is not None:
        from services.simulator.expected import write_expected  # noqa: PLC0415 - slow to start

        write_expected(expected, records)
