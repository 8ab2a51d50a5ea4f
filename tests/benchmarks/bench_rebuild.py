"""How fast the read models are rebuilt from events: `python -m tests.benchmarks.bench_rebuild --help`.

The ledger is written as workers write it (written.py), then the real command runs: with one process and with two, in
turn, on the same cores as PostgreSQL. Before that it compares each row with what the workers wrote.
"""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from time import monotonic
from typing import Annotated, Any, Final

import typer
from msgspec import Struct
from rich.table import Table

from tests.benchmarks.contenders.tuntas import environment_of, prepare
from tests.benchmarks.draining import Place
from tests.benchmarks.report import conditions, console, print_conditions, save
from tests.benchmarks.run import run
from tests.benchmarks.season_log import SeasonLog, season_log
from tests.benchmarks.servers import Servers, servers
from tests.benchmarks.written import write

SAID: Final = re.compile(r"([\d,]+) events of ([\d,]+) participant records folded in ([\d.]+) s")
STAGE: Final = re.compile(r"(\w[\w ]*) ([\d.]+) s[,.]")
OF_THAT: Final = "Of that: "
TIMEOUT_SECONDS: Final = 1_800.0
SEASON: Final = 200_000
PROCESSES: Final = (1, 2)


class Rebuilt(Struct, frozen=True):
    """What `tuntas rebuild` said of one run, and the CPU time of an event: the command's own and PostgreSQL's."""

    events: int
    participants: int
    seconds: float
    events_per_second: float
    stages: dict[str, float]
    command_us: float
    postgres_us: float


def measure(
    running_servers: Servers, log: SeasonLog, rounds: int, events: int = SEASON
) -> dict[str, Any]:
    """Rounds of the real command over a ledger of at least so many records, and a comparison; printed as well."""
    folder = running_servers.folder / "rebuild"
    folder.mkdir()
    with running_servers.database("rebuild") as url:
        place = Place(running_servers, url, "rebuild", folder, log.told())
        prepare(place)
        began = monotonic()
        write(url, log, events)
        console.print(f"ledger written in {monotonic() - began:.0f} s")
        compared = rebuild(place, "--compare")
        console.print(
            f"rebuilt and compared with what workers wrote, row by row: no difference; {compared.seconds:.1f} s",
            highlight=False,
        )
        runs: dict[int, list[Rebuilt]] = {processes: [] for processes in PROCESSES}
        for _ in range(rounds):
            for processes in PROCESSES:
                runs[processes].append(rebuild(place, "--workers", str(processes)))
    _print(runs)
    return {"rebuilds": runs, "compared": compared}


def rebuild(place: Place, *arguments: str) -> Rebuilt:
    """One run of the command; a difference or an error ends the benchmark (CalledProcessError)."""
    command, postgres = _children_seconds(), place.servers.postgres_cpu_seconds()
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "rebuild", *arguments],
        check=True,
        env={**os.environ, **environment_of(place), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    command = _children_seconds() - command
    postgres = place.servers.postgres_cpu_seconds() - postgres
    said = SAID.search(done.stdout)
    if said is None:
        raise ValueError(f"tuntas rebuild said something else: {done.stdout}")
    events, participants = (int(said[number].replace(",", "")) for number in (1, 2))
    seconds = float(said[3])
    stages = {name: float(took) for name, took in STAGE.findall(done.stdout.split(OF_THAT)[-1])}
    return Rebuilt(
        events,
        participants,
        seconds,
        events / seconds,
        stages,
        command / events * 1e6,
        postgres / events * 1e6,
    )


def _children_seconds() -> float:
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _print(runs: dict[int, list[Rebuilt]]) -> None:
    first = runs[PROCESSES[0]][0]
    table = Table(
        title=f"tuntas rebuild, {first.events:,} events of {first.participants:,} participant records "
        "(median of the rounds)"
    )
    for heading in (
        *("processes", "events/s", "min – max", "command CPU µs", "PostgreSQL CPU µs"),
        *(f"{stage}, s" for stage in first.stages),
    ):
        table.add_column(heading, justify="right")
    for processes, rounds in runs.items():
        rates = [one.events_per_second for one in rounds]
        table.add_row(
            str(processes),
            f"{median(rates):,.0f}",
            f"{min(rates):,.0f} – {max(rates):,.0f}",
            f"{median(one.command_us for one in rounds):.1f}",
            f"{median(one.postgres_us for one in rounds):.1f}",
            *(_seconds(rounds, stage) for stage in first.stages),
        )
    console.print(table)


def _seconds(rounds: Sequence[Rebuilt], stage: str) -> str:
    return f"{median(one.stages[stage] for one in rounds):.1f}"


def main(
    events: Annotated[int, typer.Option(help="Records in the ledger, in whole seasons.")] = (
        1_000_000
    ),
    season: Annotated[int, typer.Option(help="Records of one season.")] = SEASON,
    rounds: Annotated[int, typer.Option(help="How often it is rebuilt.")] = 3,
    save_as: Annotated[
        str, typer.Option(help="Name of the file in docs/benchmarks; empty: none.")
    ] = "",
) -> None:
    """Write a ledger, then rebuild its read models with one process and with two."""
    log = season_log(min(season, events))
    with servers("embedded") as running_servers:
        circumstances = conditions(running_servers, log)
        print_conditions(circumstances)
        found = measure(running_servers, log, rounds, events)
    if save_as:
        console.print(f"saved in {save(save_as, {**circumstances, **found})}")


if __name__ == "__main__":
    run(main)
