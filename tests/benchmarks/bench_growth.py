"""Whether draining slows down as the ledger grows: `python -m tests.benchmarks.bench_growth --help`.

The log is one season over and over, each time with participants, purchases and event ids of its own but on the same
catalogue, so a log of any length needs no more memory. Tuntas drains all of it at once; the rate is read at the end of
every season.

With `--ledgers 1000000,50000000` the ledger is made that large in the database instead (tests/benchmarks/grown.py), and
at each size seasons are drained on top of it and one API process is asked for participants. What a server of that size
would be given can be set: `--settings shared_buffers=6GB`.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import accumulate
from time import monotonic, sleep
from typing import Annotated, Any, Final

import psutil
import psycopg2
import typer
from msgspec import Struct
from psycopg2.extensions import connection
from rich.table import Table

from services.kafka.producer import publish
from services.kafka.topics import ensure_topics
from services.simulator import SimulatedRecord
from tests.benchmarks.api import TOKEN, api
from tests.benchmarks.bench_read import ASKED, DRAW
from tests.benchmarks.contenders.tuntas import READ, environment_of, prepare
from tests.benchmarks.draining import DrainFailed, Place, Process, last_words, running
from tests.benchmarks.grown import add_copies
from tests.benchmarks.load import Loaded, load
from tests.benchmarks.report import conditions, console, print_conditions, save
from tests.benchmarks.run import run
from tests.benchmarks.season_log import PARTITIONS, SeasonLog, is_participants, season_log
from tests.benchmarks.servers import Servers, cpu_seconds, servers
from tests.benchmarks.storage import print_storage, relations

EVENT_ID: Final = re.compile(rb"\b([a-z]{2,3}-[0-9a-f]{8}-[a-z])\b")
PERSON: Final = re.compile(rb"\b(PRK|INV)-000")
LOOK_SECONDS: Final = 0.05
ANSWER_SECONDS: Final = 10
TIMEOUT_SECONDS: Final = 3_600.0


class Leg(Struct, frozen=True):
    """One season's length of the way: how many records there were at its end, and how it went."""

    records: int
    records_per_second: float
    client_cpu_us: float
    postgres_cpu_us: float


def season(log: SeasonLog, number: int) -> Iterator[SimulatedRecord]:
    """The season; from the second on of other people, under other ids, without what publishes the catalogue."""
    if number == 0:
        yield from log.records
        return
    person, event_id = rb"\g<1>-%03d" % number, rb"\g<1>%d" % number
    for record in filter(is_participants, log.records):
        yield SimulatedRecord(
            partner=record.partner,
            topic=record.topic,
            key=PERSON.sub(person, record.key),
            headers=[(name, EVENT_ID.sub(event_id, text)) for name, text in record.headers],
            value=EVENT_ID.sub(event_id, PERSON.sub(person, record.value)),
            event_id="",
            shape=record.shape,
            outcome=record.outcome,
            reason=record.reason,
        )


def measure(
    running_servers: Servers, log: SeasonLog, seasons: int, workers: int, cached: int
) -> dict[str, Any]:
    """The legs of the way and what is on disk at its end; printed as well. The topics are empty before."""
    bootstrap = running_servers.broker.bootstrap
    ensure_topics(bootstrap, PARTITIONS)
    ends = list(accumulate(publish(bootstrap, season(log, n)) for n in range(seasons)))
    with _made(running_servers, log, workers, cached) as (place, processes, session):
        legs = _legs(place, processes, session, ends)
        disk = relations(session, ends[-1])
    table = Table(
        title=f"Draining as the ledger grows ({workers} worker(s), {cached:,} records cached)"
    )
    for heading in (
        "records so far",
        "records/s",
        "ratio to the first",
        "client CPU µs",
        "PostgreSQL CPU µs",
    ):
        table.add_column(heading, justify="right")
    for leg in legs:
        table.add_row(
            f"{leg.records:,}",
            f"{leg.records_per_second:,.0f}",
            f"{leg.records_per_second / legs[0].records_per_second:.2f}",
            f"{leg.client_cpu_us:.1f}",
            f"{leg.postgres_cpu_us:.1f}",
        )
    console.print(table)
    print_storage(disk, ends[-1])
    return {"legs": legs, "storage": disk, "workers": workers, "cached participants": cached}


class Grown(Struct, frozen=True):
    """Seasons drained, and participants asked for, on top of a ledger of ``events``."""

    events: int
    legs: list[Leg]
    """A season each. Ahead of the first is a checkpoint: PostgreSQL logs every page whole that it changes first."""
    answers: Loaded
    worker_rss_mib: float
    """The most memory that a worker had in its hands."""


def measure_grown(
    running_servers: Servers,
    log: SeasonLog,
    sizes: Sequence[int],
    drained: int,
    workers: int,
    cached: int,
) -> dict[str, Any]:
    """``drained`` seasons on top of a ledger of each size; printed as well. The topics are empty before."""
    bootstrap = running_servers.broker.bootstrap
    ensure_topics(bootstrap, PARTITIONS)
    found: list[Grown] = []
    with _made(running_servers, log, workers, cached) as (place, processes, session):
        ends = publish(bootstrap, season(log, 0))
        _legs(place, processes, session, [ends])
        seasons = 1
        for size in sizes:
            copies = max(0, size // place.told.accepted - seasons)
            if copies:
                session.autocommit = False
                add_copies(session, seasons, seasons + copies - 1)
                session.autocommit = True
                seasons += copies
            all_ends = []
            for _ in range(drained):
                ends += publish(bootstrap, season(log, seasons))
                all_ends.append(ends)
                seasons += 1
            watched = Memory()
            legs = _legs(place, processes, session, all_ends, watched)
            with session.cursor() as work:
                work.execute(DRAW, (ASKED,))
                paths = [f"/v1/participants/{who}/classes" for (who,) in work.fetchall()]
            with api(place) as address:
                answers = load(address, paths, TOKEN, ANSWER_SECONDS, place.folder)
            found.append(Grown(size, legs, answers, watched.most_mib))
    print_grown(found, workers)
    return {"grown": found, "workers": workers, "cached participants": cached}


def print_grown(found: Sequence[Grown], workers: int) -> None:
    """Each size, season by season, and its rates as a share of those at the smallest."""
    table = Table(title=f"Seasons on top of a large ledger, {workers} worker(s)")
    for heading in (
        "events before",
        "season",
        "records/s",
        "ratio to the first size",
        "client CPU µs",
        "PostgreSQL CPU µs",
        "worker MiB",
        "answers/s",
        "p50 ms",
        "p99 ms",
    ):
        table.add_column(heading, justify="right")
    for one in found:
        for number, leg in enumerate(one.legs, start=1):
            last = number == len(one.legs)
            table.add_row(
                f"{one.events:,}" if number == 1 else "",
                str(number),
                f"{leg.records_per_second:,.0f}",
                f"{leg.records_per_second / found[0].legs[number - 1].records_per_second:.2f}",
                f"{leg.client_cpu_us:.1f}",
                f"{leg.postgres_cpu_us:.1f}",
                f"{one.worker_rss_mib:.0f}" if last else "",
                f"{one.answers.requests_per_second:,.0f}" if last else "",
                f"{one.answers.p50_ms:.2f}" if last else "",
                f"{one.answers.p99_ms:.2f}" if last else "",
            )
    console.print(table)


@contextmanager
def _made(
    running_servers: Servers, log: SeasonLog, workers: int, cached: int
) -> Iterator[tuple[Place, list[Process], connection]]:
    """An empty database to drain into, the workers that do, and a session on it in autocommit."""
    folder = running_servers.folder / "growth"
    folder.mkdir()
    with running_servers.database("growth") as url:
        place = Place(running_servers, url, "growth", folder, log.told())
        prepare(place)
        environment = environment_of(place) | {"TUNTAS_CACHE_PARTICIPANTS": str(cached)}
        process = Process(("-m", "services.cli", "ingest"), environment)
        with closing(psycopg2.connect(url)) as session:
            session.autocommit = True
            yield place, [process] * workers, session


class Memory:
    """The most resident memory that one of some processes was seen with."""

    def __init__(self) -> None:
        self.most_mib = 0.0

    def look(self, pids: Sequence[int]) -> None:
        """Looks once."""
        for pid in pids:
            with suppress(psutil.NoSuchProcess):
                rss = psutil.Process(pid).memory_info().rss
                self.most_mib = max(self.most_mib, rss / 2**20)


def _legs(
    place: Place,
    processes: list[Process],
    session: connection,
    ends: Sequence[int],
    memory: Memory | None = None,
) -> list[Leg]:
    legs: list[Leg] = []
    with session.cursor() as work:
        work.execute(READ)
        already = work.fetchall()[0][0]
    servers_of = place.servers
    with running(processes, place.folder) as children:
        pids = [child.pid for child in children]
        deadline = monotonic() + TIMEOUT_SECONDS
        last: tuple[int, float, float, float] | None = None
        while len(legs) < len(ends):
            if monotonic() > deadline or any(child.poll() is not None for child in children):
                raise DrainFailed(f"stopped after {len(legs)} seasons\n{last_words(place.folder)}")
            sleep(LOOK_SECONDS)
            if memory is not None:
                memory.look(pids)
            with session.cursor() as work:
                work.execute(READ)
                ((read,),) = work.fetchall()
            if read > already and (last is None or read >= ends[len(legs)]):
                now = (
                    int(read),
                    monotonic(),
                    cpu_seconds(pids),
                    servers_of.postgres_cpu_seconds(),
                )
                if last is not None:
                    count, seconds, client, postgres = (
                        b - a for a, b in zip(last, now, strict=True)
                    )
                    legs.append(
                        Leg(now[0], count / seconds, client / count * 1e6, postgres / count * 1e6)
                    )
                last = now
    return legs


def main(
    seasons: Annotated[int, typer.Option(help="How often the season is repeated.")] = 3,
    events: Annotated[int, typer.Option(help="Records of one season.")] = 200_000,
    workers: Annotated[int, typer.Option(help="Ingest processes.")] = 1,
    cached: Annotated[
        int, typer.Option(help="TUNTAS_CACHE_PARTICIPANTS; 0: a tenth of a season's.")
    ] = 0,
    ledgers: Annotated[
        str, typer.Option(help="Sizes to make the ledger in the database, with commas between.")
    ] = "",
    drained: Annotated[
        int, typer.Option(help="With --ledgers: so many seasons are drained at each size.")
    ] = 3,
    settings: Annotated[
        str, typer.Option(help="Of PostgreSQL, as in shared_buffers=6GB,wal_compression=off")
    ] = "",
    broker: Annotated[str, typer.Option(help="apache or embedded.")] = "apache",
    save_as: Annotated[
        str, typer.Option(help="Name of the file in docs/benchmarks; empty: none.")
    ] = "",
) -> None:
    """Drain a log of many seasons and print the rate of each."""
    log = season_log(events)
    of_postgres = dict(pair.split("=", 1) for pair in settings.split(",") if pair)
    with servers(broker, settings=of_postgres) as running_servers:
        circumstances = conditions(running_servers, log)
        print_conditions(circumstances)
        cached = cached or log.told().records_of_participants // 10
        sizes = [int(size) for size in ledgers.split(",") if size]
        if sizes:
            found = measure_grown(running_servers, log, sizes, drained, workers, cached)
        else:
            found = measure(running_servers, log, seasons, workers, cached)
    if save_as:
        console.print(f"saved in {save(save_as, {**circumstances, **found})}")


if __name__ == "__main__":
    run(main)
