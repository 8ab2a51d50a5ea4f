"""What one record costs, in CPU, WAL and disk: `python -m tests.benchmarks.bench_costs --help`.

One worker drains a log, then one project process follows it, then the read models are rebuilt; nothing runs side by
side. CPU time is counted, not time on the clock, so that a busy machine disturbs it less. `tests.benchmarks.model`
makes a plan of it.
"""

from resource import RUSAGE_CHILDREN, getrusage
from time import monotonic, sleep
from typing import Annotated, Any, Final

import psycopg2
import typer
from msgspec import Struct
from psycopg2.extensions import connection

from tests.benchmarks.bench_rebuild import rebuild
from tests.benchmarks.contenders.tuntas import environment_of, tuntas
from tests.benchmarks.draining import DrainFailed, Place, Process, drain, last_words, running
from tests.benchmarks.report import conditions, console, print_conditions, save
from tests.benchmarks.run import run
from tests.benchmarks.season_log import SeasonLog, season_log
from tests.benchmarks.servers import Servers, cpu_seconds, fill, servers
from tests.benchmarks.storage import Relation, relations
from tests.end_to_end.running_system import UNSETTLED

LOOK_SECONDS: Final = 0.05
FOLLOW_SECONDS: Final = 300.0
WAL: Final = "SELECT wal_bytes::bigint, wal_fpi FROM pg_stat_wal"
FOLLOWER: Final = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tuntas project'"


class Costs(Struct, frozen=True, kw_only=True):
    """A record's share, of all records read. CPU in microseconds."""

    records: int
    accepted: int
    worker_us: float
    postgres_us: float
    """Of PostgreSQL, while the worker drained."""
    project_us: float
    project_postgres_us: float
    wal_bytes: float
    """Of intake and project together, full-page images included."""
    full_page_images: float
    """Whole pages in the WAL, a record."""
    rebuild_us: float
    """Of one event: the command's own, and PostgreSQL's while it ran."""
    rebuild_postgres_us: float
    storage: list[Relation]


def measure(running_servers: Servers, log: SeasonLog) -> Costs:
    """The costs; the log is on the broker already."""
    told = log.told()
    folder = running_servers.folder / "costs"
    folder.mkdir()
    with running_servers.database("costs") as url:
        place = Place(running_servers, url, "costs", folder, told)
        session = psycopg2.connect(url)
        session.autocommit = True
        try:
            before = _wal(session)
            drained = drain(tuntas(1, told.records_of_participants // 10), place)
            project, project_postgres = _follow(place, session)
            after = _wal(session)
            disk = relations(session, told.records)
        finally:
            session.close()
        command, postgres = _children_seconds(), running_servers.postgres_cpu_seconds()
        rebuilt = rebuild(place, "--workers", "1")
        command = _children_seconds() - command
        postgres = running_servers.postgres_cpu_seconds() - postgres
    return Costs(
        records=told.records,
        accepted=told.accepted,
        worker_us=drained.client_cpu_us,
        postgres_us=drained.postgres_cpu_us,
        project_us=project / told.records * 1e6,
        project_postgres_us=project_postgres / told.records * 1e6,
        wal_bytes=(after[0] - before[0]) / told.records,
        full_page_images=(after[1] - before[1]) / told.records,
        rebuild_us=command / rebuilt.events * 1e6,
        rebuild_postgres_us=postgres / rebuilt.events * 1e6,
        storage=disk,
    )


def _follow(place: Place, session: connection) -> tuple[float, float]:
    """CPU seconds of the project process and of PostgreSQL, from its first connection until nothing is left to do."""
    process = Process(("-m", "services.cli", "project"), environment_of(place))
    with running([process], place.folder) as (child,):
        deadline = monotonic() + FOLLOW_SECONDS
        begun: tuple[float, float] | None = None
        while True:
            now = cpu_seconds([child.pid]), place.servers.postgres_cpu_seconds()
            if begun is None and _rows(session, FOLLOWER) != [(0,)]:
                begun = now
            if begun is not None and not _rows(session, UNSETTLED):
                return now[0] - begun[0], now[1] - begun[1]
            if child.poll() is not None or monotonic() > deadline:
                raise DrainFailed(f"the project process did not finish\n{last_words(place.folder)}")
            sleep(LOOK_SECONDS)


def _wal(session: connection) -> tuple[int, int]:
    """Bytes and full-page images of the server's WAL so far."""
    sleep(1.2)  # statistics of backends that are idle are at most a second old
    ((size, images),) = _rows(session, WAL)
    return int(size), int(images)


def _rows(session: connection, statement: str) -> list[tuple[Any, ...]]:
    with session.cursor() as work:
        work.execute(statement)
        return work.fetchall()


def _children_seconds() -> float:
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(
    events: Annotated[int, typer.Option(help="Records in the log.")] = 60_000,
    broker: Annotated[str, typer.Option(help="apache or embedded.")] = "apache",
    save_as: Annotated[
        str, typer.Option(help="Name of the file in docs/benchmarks; empty: none.")
    ] = "costs",
) -> None:
    """Measure what one record costs, and save it for the model."""
    log = season_log(events)
    with servers(broker) as running_servers:
        circumstances = conditions(running_servers, log)
        print_conditions(circumstances)
        fill(running_servers.broker.bootstrap, log)
        costs = measure(running_servers, log)
    for name in costs.__struct_fields__:
        if name != "storage":
            console.print(f"{name}: {getattr(costs, name):,.1f}", highlight=False)
    if save_as:
        console.print(f"saved in {save(save_as, {**circumstances, 'costs': costs})}")


if __name__ == "__main__":
    run(main)
