"""How many cores and disks a programme needs, from measured costs: `python -m tests.benchmarks.model --help`.

The costs are those of `tests.benchmarks.bench_costs` (docs/benchmarks/costs.json). Everything here is arithmetic on
them: it says what follows if a record costs as much on the planned machines as it did on the measured one.
"""

from math import ceil
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from msgspec import Struct
from rich.table import Table

from tests.benchmarks.bench_costs import Costs
from tests.benchmarks.report import FOLDER, console
from tests.benchmarks.run import run

DAY_SECONDS: Final = 86_400
HOUR_SECONDS: Final = 3_600
PAGE_BYTES: Final = 8_192
RANDOM_PAGES: Final = 3
"""Of one record, pages that no record nearby touches either: a leaf of event_id_once, one of event_person, a page of
purchased_class. Each is written whole into the WAL when it is touched first behind a checkpoint."""


BOUNDED: Final = frozenset(
    {
        *("projections.rollup", "projections.institution_rollup", "projections.delta"),
        *("projections.class", "projections.package", "control.catalogue_change"),
    }
)
"""Tables that grow with the catalogue and with distinct values, not with events: counted a record, they exaggerate."""


class Measured(Struct, frozen=True):
    """What the model reads of the file."""

    machine: dict[str, str]
    costs: Costs


class Wave(Struct, frozen=True, kw_only=True):
    """People admitted in one day, all of whose events come within it: more than any real day brings."""

    name: str
    people: int
    classes: int
    events: int
    """Of one class of one person."""
    peak_hour_share: float
    """Of the day's events, so many come in its busiest hour."""

    @property
    def records(self) -> int:
        return self.people * self.classes * self.events

    @property
    def peak(self) -> float:
        """Records a second in the busiest hour."""
        return self.records * self.peak_hour_share / HOUR_SECONDS


class Load(Struct, frozen=True, kw_only=True):
    """What some records a second take. Cores are busy to the utilisation at most."""

    workers: int
    worker_cores: float
    postgres_cores: float
    project_cores: float
    wal_bytes_a_second: float
    wal_bytes_a_second_at_most: float
    """If every page that a record touches at random is written whole."""


class Programme(Struct, frozen=True, kw_only=True):
    """What so many events come to over the years. Hours are of processes that share their cores with nobody."""

    disk_bytes: float
    index_bytes: dict[str, float]
    rebuild_hours: float
    followed_a_second: float
    """Records a second whose sums the project service adds up: one process at a time does."""
    read_again_hours: dict[int, float]
    """By number of workers: reading all of it again from Kafka into an empty ledger."""


def load(costs: Costs, records_a_second: float, utilisation: float) -> Load:
    worker = records_a_second * costs.worker_us / 1e6
    postgres = records_a_second * (costs.postgres_us + costs.project_postgres_us) / 1e6
    return Load(
        workers=max(1, ceil(worker / utilisation)),
        worker_cores=worker / utilisation,
        postgres_cores=postgres / utilisation,
        project_cores=records_a_second * costs.project_us / 1e6 / utilisation,
        wal_bytes_a_second=records_a_second * costs.wal_bytes,
        wal_bytes_a_second_at_most=records_a_second * (costs.wal_bytes + RANDOM_PAGES * PAGE_BYTES),
    )


def disk_bytes(costs: Costs) -> float:
    """Of one record, in the tables and indexes that grow with records."""
    return sum(one.size for one in costs.storage if one.table not in BOUNDED) / costs.records


def programme(costs: Costs, records: int) -> Programme:
    indexes = {
        one.index: one.size / costs.records * records
        for one in costs.storage
        if one.index in {"event_id_once", "event_person", "purchased_class_pkey"}
    }
    rebuilt = records * costs.accepted / costs.records
    per_record = {workers: read_again_us(costs, workers) for workers in (1, 2, 4, 8)}
    return Programme(
        disk_bytes=disk_bytes(costs) * records,
        index_bytes=indexes,
        rebuild_hours=rebuilt * (costs.rebuild_us + costs.rebuild_postgres_us) / 1e6 / HOUR_SECONDS,
        followed_a_second=1e6 / (costs.project_us + costs.project_postgres_us),
        read_again_hours={
            workers: records * each / 1e6 / HOUR_SECONDS for workers, each in per_record.items()
        },
    )


def read_again_us(costs: Costs, workers: int) -> float:
    """Microseconds on the clock a record, as if a worker and its PostgreSQL backend never worked at the same time."""
    return (costs.worker_us + costs.postgres_us) / workers


def waves(people: int, peak_hour_share: float) -> list[Wave]:
    """The ends of what the programme saw, and its middle: 1 to 4 classes a person, 10 to 25 events a class."""
    shapes = (("least", 1, 10), ("middle", 2, 17), ("most", 4, 25))
    return [
        Wave(
            name=name,
            people=people,
            classes=classes,
            events=events,
            peak_hour_share=peak_hour_share,
        )
        for name, classes, events in shapes
    ]


def print_waves(costs: Costs, planned: list[Wave], utilisation: float) -> None:
    table = Table(
        title=f"A day's wave of {planned[0].people:,} people (cores at most {utilisation:.0%} busy)",
        caption=f"{planned[0].peak_hour_share:.0%} of the day's events in its busiest hour",
    )
    loads = [load(costs, wave.peak, utilisation) for wave in planned]
    table.add_column("")
    for wave in planned:
        table.add_column(f"{wave.name}: {wave.classes} × {wave.events}", justify="right")
    rows = {
        "events of the day": [f"{wave.records:,}" for wave in planned],
        "records/s, mean": [f"{wave.records / DAY_SECONDS:,.0f}" for wave in planned],
        "records/s, busiest hour": [f"{wave.peak:,.0f}" for wave in planned],
        "workers (processes)": [str(each.workers) for each in loads],
        "their cores": [f"{each.worker_cores:.2f}" for each in loads],
        "PostgreSQL cores": [f"{each.postgres_cores:.2f}" for each in loads],
        "project service's cores": [f"{each.project_cores:.2f}" for each in loads],
        "WAL MB/s as measured": [f"{each.wal_bytes_a_second / 1e6:.1f}" for each in loads],
        "WAL MB/s at most": [f"{each.wal_bytes_a_second_at_most / 1e6:.1f}" for each in loads],
        "WAL of the day, GB": [f"{wave.records * costs.wal_bytes / 1e9:.0f}" for wave in planned],
        "disk of the day, GB": [
            f"{programme(costs, wave.records).disk_bytes / 1e9:.0f}" for wave in planned
        ],
    }
    for name, values in rows.items():
        table.add_row(name, *values)
    console.print(table)


def print_programme(costs: Costs, events: int, people: int) -> None:
    found = programme(costs, events)
    table = Table(title=f"{events:,} events of {people:,} people")
    table.add_column("")
    table.add_column("", justify="right")
    table.add_row("disk", f"{found.disk_bytes / 1e9:,.0f} GB")
    for name, size in found.index_bytes.items():
        table.add_row(f"of it the index {name}", f"{size / 1e9:,.0f} GB")
    table.add_row("disk a person", f"{found.disk_bytes / people / 1e3:,.1f} kB")
    table.add_row("rebuild of the read models, one process", f"{found.rebuild_hours:,.1f} h")
    table.add_row("records/s that the project service follows", f"{found.followed_a_second:,.0f}")
    for workers, hours in found.read_again_hours.items():
        table.add_row(f"reading it all again, {workers} worker(s)", f"{hours:,.1f} h")
    console.print(table)


def main(
    costs_file: Annotated[Path, typer.Option(help="What bench_costs saved.")] = FOLDER
    / "costs.json",
    events: Annotated[int, typer.Option(help="Of the whole programme.")] = 500_000_000,
    people: Annotated[int, typer.Option(help="Of the whole programme.")] = 20_000_000,
    wave: Annotated[int, typer.Option(help="People admitted in one day.")] = 800_000,
    peak_hour_share: Annotated[
        float,
        typer.Option(help="Share of a day's events in its busiest hour; 0.0417 is an even day."),
    ] = 0.2,
    utilisation: Annotated[float, typer.Option(help="How busy a core may be.")] = 0.6,
) -> None:
    """Print what a programme and its busiest day need."""
    measured = msgspec.json.decode(costs_file.read_bytes(), type=Measured)
    costs = measured.costs
    console.print(
        f"Measured with {costs.records:,} records on {measured.machine['processor']}, "
        f"{measured.machine['date']}, load {measured.machine['load before']}"
    )
    for name, amount in (
        ("worker, µs a record", costs.worker_us),
        ("PostgreSQL for it, µs", costs.postgres_us),
        ("project service, µs", costs.project_us),
        ("PostgreSQL for it, µs", costs.project_postgres_us),
        ("WAL, bytes", costs.wal_bytes),
        ("on disk, bytes", disk_bytes(costs)),
        ("rebuild, µs an event", costs.rebuild_us),
        ("PostgreSQL for it, µs", costs.rebuild_postgres_us),
    ):
        console.print(f"  {amount:8.1f}  {name}", highlight=False)
    print_waves(costs, waves(wave, peak_hour_share), utilisation)
    print_programme(costs, events, people)


if __name__ == "__main__":
    run(main)
