"""What one partner's garbage costs the others: `python -m tests.benchmarks.bench_neighbours --help`.

Seven partners send steadily, and the eighth as they do, garbage only, or ten times as much; in turn, round after round,
with one worker. Then a log is drained with and without one record in a hundred that is no JSON, side by side.
"""

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Annotated, Any, Final
from uuid import uuid4

import typer
from rich.table import Table

from services.kafka.producer import Producer
from services.kafka.topics import ensure_topics
from services.settings import read_settings
from services.simulator import simulate
from services.wiring import prepare_database
from tests.benchmarks.report import console, save
from tests.benchmarks.run import run
from tests.benchmarks.servers import Servers, servers
from tests.end_to_end.running_system import PARTITIONS, RunningSystem, remove_topics
from tests.faults.shares import Shared, shared

KINDS: Final = ("clean", "garbage", "flood")
POISON_SHARE: Final = 0.01


@contextmanager
def system(of: Servers) -> Iterator[RunningSystem]:
    """A system on empty topics and a database of its own; nothing runs yet."""
    remove_topics(of.broker.bootstrap)
    with of.database(f"neighbours_{uuid4().hex[:8]}") as url:
        folder = Path(tempfile.mkdtemp(dir=of.folder))
        found = RunningSystem(folder, of.broker.bootstrap, url)
        ensure_topics(found.bootstrap, PARTITIONS)
        prepare_database(read_settings(found.settings))
        try:
            yield found
        finally:
            found.stop_all()


def steadily(of: Servers, rate: int, seconds: float, rounds: int) -> dict[str, list[Shared]]:
    """What the seven got, by kind, of each round."""
    got: dict[str, list[Shared]] = {kind: [] for kind in KINDS}
    with system(of) as running:
        running.start_ingest()
        running.wait_until(running.lanes_are_owned, "every lane has an owner")
        shared(running, "clean", rate, 2.0)
        for number in range(rounds):
            for kind in KINDS if number % 2 == 0 else reversed(KINDS):
                found = shared(running, kind, rate, seconds)
                got[kind].append(found)
                console.print(f"{kind}: {found}", highlight=False)
    return got


def drained(of: Servers, events: int, *, poisoned: bool) -> float:
    """Records a second of a log that is there before the worker begins."""
    chance = random.Random(7)
    with system(of) as running:
        sent = 0
        with Producer(running.bootstrap) as producer:
            for record in simulate(events, 20_200_630):
                bad = poisoned and chance.random() < POISON_SHARE
                value = b"{halo" if bad else record.value
                producer.send(record.topic, record.key, record.headers, value)
                sent += 1
            producer.flush()
        running.start_ingest()
        running.wait_until(lambda: running.records_read() > 0, "the first batch")
        began, before = monotonic(), running.records_read()
        running.wait_until_read(sent)
        return (sent - before) / (monotonic() - began)


def main(
    rate: Annotated[int, typer.Option(help="Records a second of each of the seven.")] = 200,
    seconds: Annotated[float, typer.Option(help="How long each is sent.")] = 10.0,
    rounds: Annotated[int, typer.Option(help="How often each is measured.")] = 3,
    events: Annotated[int, typer.Option(help="Records in the log that is drained.")] = 60_000,
    broker: Annotated[str, typer.Option(help="apache or embedded.")] = "apache",
    save_as: Annotated[str, typer.Option(help="Name of a file in docs/benchmarks.")] = "",
) -> None:
    """Measure, and print medians and their ratios to the clean run."""
    found: dict[str, Any] = {"rate": rate, "seconds": seconds, "rounds": rounds, "events": events}
    with servers(broker) as running:
        got = steadily(running, rate, seconds, rounds)
        rates: dict[str, list[float]] = {"clean": [], "1 % poison": []}
        for number in range(rounds):
            names = list(rates) if number % 2 == 0 else list(reversed(rates))
            for name in names:
                rates[name].append(drained(running, events, poisoned=name != "clean"))
                console.print(f"{name}: {rates[name][-1]:,.0f} records/s", highlight=False)
    table = Table(
        "the eighth sends", "seven, pace kept", "of clean", "p50 ms", "of clean", "p99 ms"
    )
    clean = got["clean"]
    for kind, each in got.items():
        pace = median(one.pace for one in each)
        p50 = median(one.p50 for one in each)
        table.add_row(
            kind,
            f"{pace:.2f}",
            f"{pace / median(one.pace for one in clean):.2f}",
            f"{p50 * 1e3:.0f}",
            f"{p50 / median(one.p50 for one in clean):.2f}",
            f"{median(one.p99 for one in each) * 1e3:.0f}",
        )
    console.print(table)
    ratio = median(rates["1 % poison"]) / median(rates["clean"])
    console.print(f"drained with 1 % poison: {ratio:.2f} of the clean run", highlight=False)
    if save_as:
        console.print(f"saved in {save(save_as, {**found, 'shares': got, 'drained': rates})}")


if __name__ == "__main__":
    run(main)
