"""How fast the log is drained, by Tuntas and by others: `python -m tests.benchmarks.bench_drain --help`.

One log on one broker, one PostgreSQL with fsync on; contenders in turn, round after round, each on an empty database,
each checked for right results. Then one worker of Tuntas once more with a clock around its steps.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
import psycopg2
import typer

from tests.benchmarks.contenders.floor import floor
from tests.benchmarks.contenders.library import library
from tests.benchmarks.contenders.streams import streams
from tests.benchmarks.contenders.tuntas import (
    environment_of,
    prepare,
    tuntas,
    tuntas_with_project,
)
from tests.benchmarks.draining import (
    Contender,
    Drained,
    DrainFailed,
    Place,
    Process,
    drain,
    running,
)
from tests.benchmarks.report import (
    Summary,
    conditions,
    console,
    print_conditions,
    print_drains,
    print_stages,
    save,
    summary,
)
from tests.benchmarks.run import run
from tests.benchmarks.season_log import SeasonLog, Told, season_log
from tests.benchmarks.servers import Servers, fill, servers
from tests.benchmarks.stages import Profile
from tests.benchmarks.storage import Relation, print_storage, relations

CACHED_SHARE: Final = 0.1
"""Of all participant records, so many fit into a worker's cache."""
EACH_RECORDS: Final = 1_500
EVENTS_RECORDS: Final = 10_000
PROFILE_SECONDS: Final = 120.0


def contenders(told: Told) -> dict[str, Callable[[], Contender]]:
    """By the short name that the command line takes, in their order."""
    cached = cached_participants(told)
    return {
        "floor": lambda: floor("kafka-python"),
        "floor-confluent": lambda: floor("confluent-kafka"),
        "library": lambda: library("each", EACH_RECORDS),
        "library-batched": lambda: library("batched", EACH_RECORDS),
        "library-events": lambda: library("batched", EVENTS_RECORDS, projected=False),
        "streams": lambda: streams("default"),
        "streams-tuned": lambda: streams("tuned"),
        "streams-events": lambda: streams("events"),
        "tuntas-1": lambda: tuntas(1, cached),
        "tuntas-2": lambda: tuntas(2, cached),
        "project": lambda: tuntas_with_project(cached, answers="off"),
        "answers": lambda: tuntas_with_project(cached, answers="on"),
    }


def cached_participants(told: Told) -> int:
    """The cache that one worker of Tuntas is given: far fewer records than there are participants."""
    return int(told.records_of_participants * CACHED_SHARE)


class Drains:
    """Runs of contenders on one log, which is on the broker already."""

    def __init__(self, servers: Servers, log: SeasonLog) -> None:
        self._servers = servers
        self._log = log
        self._runs = 0
        self.told = log.told()

    def run(self, contender: Contender) -> tuple[Told, Drained]:
        """One run on an empty database. Raises DrainFailed."""
        place_name = self._next()
        with self._servers.database(place_name) as url:
            place = self._place(place_name, url, contender.most_records)
            return place.told, drain(contender, place)

    def profile(self) -> tuple[Profile, list[Relation]]:
        """Where the time of one worker goes, and what is on disk when it is done."""
        place_name = self._next()
        with self._servers.database(place_name) as url:
            place = self._place(place_name, url, None)
            prepare(place)
            process = Process(
                ("-m", "tests.benchmarks.stages", str(place.told.records)),
                environment_of(place)
                | {
                    "TUNTAS_CACHE_PARTICIPANTS": str(cached_participants(place.told)),
                    "TUNTAS_LOG_LEVEL": "warning",
                },
            )
            with running([process], place.folder) as (child,):
                child.wait(PROFILE_SECONDS)
            printed = (place.folder / "0.log").read_bytes().strip().rsplit(b"\n", 1)[-1]
            session = psycopg2.connect(url)
            try:
                disk = relations(session, place.told.records)
            finally:
                session.close()
        return msgspec.json.decode(printed, type=Profile), disk

    def _next(self) -> str:
        self._runs += 1
        return f"drain_{self._runs}"

    def _place(self, name: str, database_url: str, most_records: int | None) -> Place:
        folder = self._servers.folder / name
        folder.mkdir()
        if most_records is None:
            return Place(self._servers, database_url, name, folder, self.told)
        window = self._log.window(most_records)
        return Place(self._servers, database_url, name, folder, window.told, window.spans)


def measure(
    servers: Servers, log: SeasonLog, names: list[str], rounds: int, *, profiled: bool
) -> Mapping[str, Any]:
    """Everything that was found, printed as well; the log is on the broker already."""
    drains = Drains(servers, log)
    known = contenders(drains.told)
    if unknown := set(names) - known.keys():
        raise typer.BadParameter(
            f"no such contender: {', '.join(sorted(unknown))}; {', '.join(known)}"
        )
    chosen = {name: known[name]() for name in (names or known)}
    runs: dict[str, list[Drained]] = {name: [] for name in chosen}
    tolds: dict[str, Told] = {}
    failures: list[str] = []
    for number in range(1, rounds + 1):
        for name, contender in chosen.items():
            try:
                tolds[name], drained = drains.run(contender)
            except DrainFailed as failed:
                failures.append(str(failed))
                console.print(f"[red]{failed}[/]", highlight=False)
                continue
            runs[name].append(drained)
            console.print(
                f"round {number}: {contender.name}: {drained.records_per_second:,.0f} records/s",
                highlight=False,
            )
    summaries: list[Summary] = [
        summary(contender, tolds[name], runs[name])
        for name, contender in chosen.items()
        if runs[name]
    ]
    print_drains(summaries)
    found: dict[str, Any] = {"contenders": summaries, "runs": runs, "failures": failures}
    if profiled:
        found["stages"], found["storage"] = drains.profile()
        print_stages(found["stages"])
        print_storage(found["storage"], drains.told.records)
    return found


def main(
    events: Annotated[int, typer.Option(help="Records in the log.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="How often each contender runs.")] = 3,
    only: Annotated[str, typer.Option(help="Contenders, with commas between; empty: all.")] = "",
    broker: Annotated[str, typer.Option(help="apache or embedded.")] = "apache",
    profile: Annotated[bool, typer.Option(help="Also time one worker step by step.")] = True,
    save_as: Annotated[
        str, typer.Option(help="Name of the file in docs/benchmarks; empty: none.")
    ] = "",
) -> None:
    """Drain one log by each contender in turn, and print what was measured."""
    log = season_log(events)
    with servers(broker) as running_servers:
        circumstances = conditions(running_servers, log)
        print_conditions(circumstances)
        fill(running_servers.broker.bootstrap, log)
        names = [name.strip() for name in only.split(",") if name.strip()]
        found = measure(running_servers, log, names, rounds, profiled=profile)
    if save_as:
        console.print(f"saved in {save(save_as, {**circumstances, **found})}")
    if found["failures"]:
        raise typer.Exit(1)


if __name__ == "__main__":
    run(main)
