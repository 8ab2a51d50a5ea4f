"""What a benchmark found, for people (tables) and for programs (one JSON file)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from tests.benchmarks.draining import Contender, Drained
from tests.benchmarks.machine import machine, server_versions, versions
from tests.benchmarks.season_log import PARTITIONS, SeasonLog, Told
from tests.benchmarks.servers import Servers
from tests.benchmarks.stages import STAGES, Profile

FOLDER: Final = Path(__file__).parents[2] / "docs" / "benchmarks"
console: Final = Console(width=140, soft_wrap=False)


class Summary(Struct, frozen=True):
    """All rounds of one contender: medians, and the least and the most records a second."""

    name: str
    does: str
    settings: Mapping[str, str]
    records: int
    rounds: int
    records_per_second: float
    least: float
    most: float
    client_cpu_us: float
    postgres_cpu_us: float
    begun_after_seconds: float
    results: Mapping[str, tuple[int, int]]


def summary(contender: Contender, told: Told, runs: Sequence[Drained]) -> Summary:
    """The rounds of a contender that read what ``told`` tells."""
    rates = [run.records_per_second for run in runs]
    return Summary(
        contender.name,
        contender.does,
        contender.settings,
        told.records,
        len(runs),
        median(rates),
        min(rates),
        max(rates),
        median(run.client_cpu_us for run in runs),
        median(run.postgres_cpu_us for run in runs),
        median(run.begun_after_seconds for run in runs),
        runs[-1].results,
    )


def conditions(servers: Servers, log: SeasonLog) -> dict[str, Any]:
    """Machine, versions and the log, as they were."""
    told = log.told()
    return {
        "machine": machine(),
        "servers": server_versions(servers),
        "packages": versions(),
        "log": {
            "records": told.records,
            "seed": log.seed,
            "topics": 8,
            "partitions a topic": PARTITIONS,
            "bytes a record": round(record_bytes(log), 1),
            "repeated": f"{told.duplicate / told.records:.1%}",
            "rejected": f"{told.rejected / told.records:.2%}",
            "participant records": told.records_of_participants,
            "order": "each participant's events spread over the whole log"
            if log.is_spread
            else "the season as it comes",
        },
    }


def record_bytes(log: SeasonLog) -> float:
    """Mean size of a record: value, headers and key."""
    sizes = (
        len(record.value)
        + len(record.key)
        + sum(len(name) + len(text) for name, text in record.headers)
        for record in log.records
    )
    return sum(sizes) / len(log.records)


def print_conditions(found: Mapping[str, Mapping[str, object]]) -> None:
    """A line a group."""
    for group, values in found.items():
        text = ", ".join(f"{name} {value}" for name, value in values.items())
        console.print(f"[bold]{group}[/]: {text}", highlight=False)


def print_drains(summaries: Sequence[Summary]) -> None:
    """Rates of all contenders and the ratio to the first one of Tuntas, then what each does."""
    reference = next((s for s in summaries if s.name.startswith("Tuntas")), summaries[0])
    table = Table(title="From topic to committed: records a second (median of the rounds)")
    for heading in (
        *("contender", "records/s", "min – max", "rounds", f"ratio to {reference.name}", "records"),
        *("client CPU µs", "PostgreSQL CPU µs", "clock starts at s"),
    ):
        table.add_column(heading, justify="left" if heading == "contender" else "right")
    for one in summaries:
        table.add_row(
            one.name,
            f"{one.records_per_second:,.0f}",
            f"{one.least:,.0f} – {one.most:,.0f}",
            str(one.rounds),
            f"{one.records_per_second / reference.records_per_second:.2f}",
            f"{one.records:,}",
            f"{one.client_cpu_us:.1f}",
            f"{one.postgres_cpu_us:.1f}",
            f"{one.begun_after_seconds:.1f}",
        )
    console.print(table)
    for one in summaries:
        settings = ", ".join(f"{name} {value}" for name, value in one.settings.items())
        right = ", ".join(f"{name} {found:,}" for name, (found, _) in one.results.items())
        console.print(
            f"[bold]{one.name}[/]: {one.does} ({settings}). As expected: {right}.", highlight=False
        )


def print_stages(profile: Profile) -> None:
    """Microseconds a record by stage."""
    share = 1e6 / profile.records
    table = Table(
        title=f"One worker, step by step: µs a record over {profile.records:,} records, {profile.wall:.1f} s "
        f"on the clock ({profile.records / profile.wall:,.0f} records/s with the clock around)",
        caption="Two threads: one fetches and decodes while the other writes. So the clock's sum is more than "
        "what passed, and includes waiting for the other; CPU is this process's alone, PostgreSQL's comes on top.",
    )
    for heading in ("stage", "clock", "CPU", "calls"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for stage, spent in profile.stages.items():
        table.add_row(
            STAGES[stage], f"{spent.wall * share:.2f}", f"{spent.cpu * share:.2f}", str(spent.calls)
        )
    table.add_section()
    table.add_row(
        "all",
        f"{sum(s.wall for s in profile.stages.values()) * share:.2f}",
        f"{sum(s.cpu for s in profile.stages.values()) * share:.2f}",
        "",
    )
    console.print(table)


def save(name: str, found: Mapping[str, Any], folder: Path = FOLDER) -> Path:
    """Writes what was found beside the documentation; returns where."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    return path
