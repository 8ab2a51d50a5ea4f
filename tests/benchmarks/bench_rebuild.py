"""How fast the read models are rebuilt from events: `python -m tests.benchmarks.bench_rebuild --help`."""

import os
import re
import subprocess
import sys
from statistics import median
from typing import Annotated, Any, Final

import typer
from msgspec import Struct

from tests.benchmarks.contenders.tuntas import environment_of
from tests.benchmarks.drained import filled
from tests.benchmarks.draining import Place
from tests.benchmarks.report import conditions, console, print_conditions, save
from tests.benchmarks.run import run
from tests.benchmarks.season_log import SeasonLog, season_log
from tests.benchmarks.servers import Servers, fill, servers

SAID: Final = re.compile(r"([\d,]+) events of ([\d,]+) participant records folded in ([\d.]+) s")
TIMEOUT_SECONDS: Final = 1_800.0


class Rebuilt(Struct, frozen=True):
    """What `tuntas rebuild` said of one run."""

    events: int
    participants: int
    seconds: float
    events_per_second: float


def measure(running_servers: Servers, log: SeasonLog, rounds: int) -> dict[str, Any]:
    """Rounds of the real command, then one that compares every row with the live one; printed as well."""
    with filled(running_servers, log, "rebuild") as there:
        runs = [rebuild(there.place) for _ in range(rounds)]
        compared = rebuild(there.place, "--compare")
    rates = [one.events_per_second for one in runs]
    console.print(
        f"[bold]tuntas rebuild[/]: {median(rates):,.0f} events/s ({min(rates):,.0f} – {max(rates):,.0f}, "
        f"{rounds} rounds) over {runs[0].events:,} events of {runs[0].participants:,} participant records; compared "
        f"row by row with the live tables without a difference: {compared.events_per_second:,.0f} events/s",
        highlight=False,
    )
    return {"rebuilds": runs, "compared": compared}


def rebuild(place: Place, *arguments: str) -> Rebuilt:
    """One run of the command; a difference or an error ends the benchmark (CalledProcessError)."""
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "rebuild", *arguments],
        check=True,
        env={**os.environ, **environment_of(place), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    said = SAID.search(done.stdout)
    if said is None:
        raise ValueError(f"tuntas rebuild said something else: {done.stdout}")
    events, participants = (int(said[number].replace(",", "")) for number in (1, 2))
    seconds = float(said[3])
    return Rebuilt(events, participants, seconds, events / seconds)


def main(
    events: Annotated[int, typer.Option(help="Records in the log.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="How often it is rebuilt.")] = 3,
    save_as: Annotated[
        str, typer.Option(help="Name of the file in docs/benchmarks; empty: none.")
    ] = "",
) -> None:
    """Fill a database through the intake, then rebuild its read models."""
    log = season_log(events)
    with servers() as running_servers:
        circumstances = conditions(running_servers, log)
        print_conditions(circumstances)
        fill(running_servers.broker.bootstrap, log)
        found = measure(running_servers, log, rounds)
    if save_as:
        console.print(f"saved in {save(save_as, {**circumstances, **found})}")


if __name__ == "__main__":
    run(main)
