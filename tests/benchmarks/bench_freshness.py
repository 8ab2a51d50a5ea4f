"""How long until an event shows: `python -m tests.benchmarks.bench_freshness --help`.

While a season is published at a steady rate, in the order in which it comes, ingest processes read it and one API
process answers. Now and then a purchase of a participant that nobody knows yet is published beside it, and the
participant's route is asked until the purchase shows. The clock runs from before the event is handed to Kafka's client
until the answer with it has arrived; so it holds Kafka's acknowledgement, the poll of the ingest process, its batch,
the COMMIT, and the API.

With `--project` the project service runs beside, and the evaluation of the class that all probes buy is asked as well,
until it has counted the purchase. `--workers 2 --project --taken 0.5` is a whole system whose machine others use too.
"""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
import psycopg2
import typer
from msgspec import Struct
from rich.table import Table

from services.cloudevents.encode import encode_structured
from services.kafka.producer import Producer
from services.kafka.topics import ensure_topics
from tests.benchmarks.api import TOKEN, api
from tests.benchmarks.contenders.tuntas import READ, environment_of, prepare
from tests.benchmarks.draining import Place, Process, running
from tests.benchmarks.load import percentile
from tests.benchmarks.pacing import Paced
from tests.benchmarks.report import conditions, console, print_conditions, save
from tests.benchmarks.run import run
from tests.benchmarks.season_log import PARTITIONS, SeasonLog, season_log
from tests.benchmarks.servers import Servers, cpu_seconds, servers

PARTNER: Final = "sisnaker"
NOTHING: Final = b'"items":[]'
WARM_SECONDS: Final = 3.0
CLASS: Final = "C-PROBE"
"""Nobody else buys it."""
UNFOLLOWED: Final = """
SELECT coalesce(sum(lane.position - coalesce(followed.position, 0)), 0)
FROM ledger.lane LEFT JOIN projections.day_lane AS followed USING (partner_id, lane_id)
"""
GAP_SECONDS: Final = 0.08
"""Between two probes: a random time up to twice this, so that probes and batches do not fall into step."""
ASK_SECONDS: Final = 0.01
ASK_EVALUATION_SECONDS: Final = 0.1
"""What is wanted of it are two seconds; asking takes as much of a core as all the records."""
LATEST_SECONDS: Final = 60.0


class Fresh(Struct, frozen=True):
    """One rate. Milliseconds from before sending: until Kafka acknowledged, until the answer showed it."""

    rate: int
    published_per_second: float
    producer_behind_ms: float
    probes: int
    acknowledged_p50_ms: float
    shown_p50_ms: float
    shown_p90_ms: float
    shown_p99_ms: float
    shown_max_ms: float
    ingest_cpu_share: float
    """Of one core."""
    left_unread: int
    """Records not read yet when the last one had been published."""
    evaluated_p50_ms: float | None = None
    """Until the class's evaluation counted it; None: there was no project service."""
    evaluated_p99_ms: float | None = None
    evaluated_max_ms: float | None = None
    project_cpu_share: float | None = None
    left_unfollowed: int | None = None
    """Events that the sums over time did not hold yet then."""


class System(Struct, frozen=True):
    """What runs: how many ingest processes, the project service or not, and how much of a core others take."""

    workers: int = 1
    project: bool = False
    taken: float = 0.0


ALONE: Final = System()


class NotShown(Exception):
    """A probe did not show in time."""


def measure(
    running_servers: Servers,
    log: SeasonLog,
    rates: Sequence[int],
    seconds: int,
    system: System = ALONE,
) -> dict[str, Any]:
    """Every rate in turn on one database; printed as well. The topics are empty before."""
    ensure_topics(running_servers.broker.bootstrap, PARTITIONS)
    folder = running_servers.folder / "freshness"
    folder.mkdir()
    found: list[Fresh] = []
    with running_servers.database("freshness") as url:
        place = Place(running_servers, url, "freshness", folder, log.told())
        prepare(place)
        environment = environment_of(place)
        ingest = Process(("-m", "services.cli", "ingest"), environment)
        project = Process(("-m", "services.cli", "project"), environment)
        busy = Process(("-m", "tests.benchmarks.busy", str(system.taken)))
        started = [ingest] * system.workers + [project] * system.project
        (folder / "services").mkdir()
        with (
            running([*started, *[busy] * (system.taken > 0)], folder / "services") as children,
            api(place) as api_url,
        ):
            pids = [child.pid for child in children]
            measured = Measured(pids[: system.workers], pids[system.workers : len(started)])
            probes = Probes(running_servers.broker.bootstrap, api_url, system.project)
            try:
                probes.until_shown()  # the group has come together, connections are open
                first = 0
                for rate in rates:
                    found.append(_at(place, probes, log, first, rate, seconds, measured))
                    first += rate * seconds
            finally:
                probes.close()
    print_fresh(found, system)
    return {"freshness": found, "seconds a rate": seconds, "system": system}


class Measured(Struct, frozen=True):
    """Processes whose processor time is counted, by their ids."""

    ingest: Sequence[int]
    project: Sequence[int]

    def cpu_seconds(self) -> tuple[float, float]:
        return cpu_seconds(self.ingest), cpu_seconds(self.project)


def _at(
    place: Place,
    probes: "Probes",
    log: SeasonLog,
    first: int,
    rate: int,
    seconds: int,
    measured: Measured,
) -> Fresh:
    """Probes while ``rate`` records a second are published for so many seconds."""
    arguments = [place.servers.broker.bootstrap, *map(str, (log.events, first, rate, seconds))]
    chance = random.Random(rate)
    found: list[Seen] = []
    pacing = Process(("-m", "tests.benchmarks.pacing", *arguments))
    folder = Path(place.folder / f"pacing-{rate}")
    folder.mkdir()
    with running([pacing], folder) as (publisher,):
        sleep(WARM_SECONDS)
        began, cpu = perf_counter(), measured.cpu_seconds()
        while publisher.poll() is None:
            sleep(chance.uniform(0, 2 * GAP_SECONDS))
            seen = probes.until_shown()
            if publisher.poll() is None:  # otherwise part of it fell into the quiet behind
                found.append(seen)
        passed = perf_counter() - began
        ingest, project = (
            (now - before) / passed for now, before in zip(measured.cpu_seconds(), cpu, strict=True)
        )
        left = probes.sent + first + rate * seconds - _count(place, READ)
        unfollowed = _count(place, UNFOLLOWED) if measured.project else None
        publisher.wait()
    paced = msgspec.json.decode((folder / "0.log").read_bytes(), type=Paced)
    shown = [seen.shown * 1e3 for seen in found]
    evaluated = [seen.evaluated * 1e3 for seen in found if seen.evaluated is not None]
    return Fresh(
        rate,
        paced.records / paced.seconds,
        paced.behind_seconds * 1e3,
        len(shown),
        median(seen.acknowledged * 1e3 for seen in found),
        median(shown),
        percentile(shown, 90),
        percentile(shown, 99),
        max(shown),
        ingest,
        left,
        median(evaluated) if evaluated else None,
        percentile(evaluated, 99) if evaluated else None,
        max(evaluated, default=None),
        project if evaluated else None,
        unfollowed,
    )


class Seen(Struct, frozen=True):
    """A probe: seconds from before it was sent until it was acknowledged, shown, and counted in evaluations."""

    acknowledged: float
    shown: float
    evaluated: float | None


class Probes:
    """Publishes purchases of unknown participants and asks for them, and for the evaluation of what they buy."""

    def __init__(self, bootstrap: str, api_url: str, evaluated: bool) -> None:
        address = urlsplit(api_url)
        self.sent = 0
        self._evaluated = evaluated
        self._producer = Producer(bootstrap, client_id="benchmark-probe")
        self._http = HTTPConnection(address.hostname or "", address.port, timeout=5)

    def close(self) -> None:
        self._producer.close()
        self._http.close()

    def until_shown(self) -> Seen:
        """How long it took until one new event was acknowledged, and until the API showed it. Raises NotShown."""
        self.sent += 1
        who = f"PROBE-{self.sent:06d}"
        headers, value = encode_structured(
            {
                "id": f"probe-{self.sent:06d}-e",
                "source": f"/partners/{PARTNER}",
                "type": "id.tuntas.purchase.paid.v1",
                "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            },
            {
                "purchase_id": f"INV-{who}",
                "participant_id": who,
                "items": [{"class_code": CLASS, "price": 250_000}],
                "amount": 250_000,
            },
        )
        began = perf_counter()
        self._producer.send(f"tuntas.partner.{PARTNER}", who.encode(), headers, value)
        self._producer.flush()
        acknowledged = perf_counter() - began
        shown = self._until(
            f"/v1/participants/{who}/classes",
            lambda body: NOTHING not in body,
            began,
            ASK_SECONDS,
        )
        counted = f'"purchased":{self.sent},'.encode()
        evaluated = (
            self._until(
                f"/v1/classes/{PARTNER}/{CLASS}/evaluation",
                lambda body: counted in body,
                began,
                ASK_EVALUATION_SECONDS,
            )
            if self._evaluated
            else None
        )
        return Seen(acknowledged, shown, evaluated)

    def _until(
        self, path: str, is_there: Callable[[bytes], bool], began: float, wait: float
    ) -> float:
        """Seconds since ``began`` until an answer has it."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        while True:
            self._http.request("GET", path, headers=headers)
            answer = self._http.getresponse()
            body = answer.read()
            spent = perf_counter() - began
            if answer.status == 200 and is_there(body):
                return spent
            if spent > LATEST_SECONDS:
                raise NotShown(f"not shown after {spent:.0f} s; the last answer: {body[:500]!r}")
            sleep(wait)


def _count(place: Place, question: str) -> int:
    session = psycopg2.connect(place.database_url)
    try:
        with session.cursor() as work:
            work.execute(question)
            ((count,),) = work.fetchall()
    finally:
        session.close()
    return int(count)


def print_fresh(found: Sequence[Fresh], system: System = ALONE) -> None:
    """A line a rate."""
    ran = f"{system.workers} ingest, 1 API process"
    if system.project:
        ran += ", 1 project"
    if system.taken:
        ran += f", {system.taken:.0%} of a core taken by others"
    table = Table(title=f"From handing an event to Kafka until the API shows it ({ran})")
    for heading in (
        *("records/s", "published/s", "probes", "acknowledged p50 ms", "shown p50 ms"),
        *("p90", "p99", "max", "ingest CPU", "left unread"),
        *("evaluated p50 ms", "p99", "max", "project CPU", "left unfollowed")[: 5 * system.project],
    ):
        table.add_column(heading, justify="right")
    for one in found:
        table.add_row(
            f"{one.rate:,}",
            f"{one.published_per_second:,.0f}",
            str(one.probes),
            f"{one.acknowledged_p50_ms:.1f}",
            f"{one.shown_p50_ms:.1f}",
            f"{one.shown_p90_ms:.1f}",
            f"{one.shown_p99_ms:.1f}",
            f"{one.shown_max_ms:.1f}",
            f"{one.ingest_cpu_share:.0%}",
            f"{one.left_unread:,}",
            *_evaluated(one),
        )
    console.print(table)


def _evaluated(one: Fresh) -> list[str]:
    if one.project_cpu_share is None:
        return []
    return [
        f"{one.evaluated_p50_ms:.0f}",
        f"{one.evaluated_p99_ms:.0f}",
        f"{one.evaluated_max_ms:.0f}",
        f"{one.project_cpu_share:.0%}",
        f"{one.left_unfollowed:,}",
    ]


def main(
    rates: Annotated[
        str, typer.Option(help="Records a second, with commas between.")
    ] = "2000,10000",
    seconds: Annotated[int, typer.Option(help="How long each rate is held.")] = 20,
    workers: Annotated[int, typer.Option(help="Ingest processes.")] = 1,
    project: Annotated[bool, typer.Option(help="Run the project service, too.")] = False,
    taken: Annotated[float, typer.Option(help="How much of a core others take.")] = 0.0,
    save_as: Annotated[
        str, typer.Option(help="Name of the file in docs/benchmarks; empty: none.")
    ] = "",
) -> None:
    """Publish at steady rates and ask until probes show."""
    wanted = [int(rate) for rate in rates.split(",")]
    log = season_log(needed(wanted, seconds), is_spread=False)
    with servers() as running_servers:
        circumstances = conditions(running_servers, log)
        print_conditions(circumstances)
        found = measure(running_servers, log, wanted, seconds, System(workers, project, taken))
    if save_as:
        console.print(f"saved in {save(save_as, {**circumstances, **found})}")


def needed(rates: Sequence[int], seconds: int) -> int:
    """The least length of a log that lasts for all the rates."""
    return sum(rates) * seconds


if __name__ == "__main__":
    run(main)
