"""How long until an event shows: `python -m tests.benchmarks.bench_freshness --help`.

While a season is published at a steady rate, one ingest process reads it and one API process answers. Now and then a
purchase of a participant that nobody knows yet is published beside it, and the participant's route is asked until the
purchase shows. The clock runs from before the event is handed to Kafka's client until the answer with it has arrived;
so it holds Kafka's acknowledgement, the poll of the ingest process, its batch, the COMMIT, and the API.
"""

import random
from collections.abc import Sequence
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
GAP_SECONDS: Final = 0.08
"""Between two probes: a random time up to twice this, so that probes and batches do not fall into step."""
ASK_SECONDS: Final = 0.001
LATEST_SECONDS: Final = 20.0


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


class NotShown(Exception):
    """A probe did not show in time."""


def measure(
    running_servers: Servers, log: SeasonLog, rates: Sequence[int], seconds: int
) -> dict[str, Any]:
    """Every rate in turn on one database; printed as well. The topics are empty before."""
    ensure_topics(running_servers.broker.bootstrap, PARTITIONS)
    folder = running_servers.folder / "freshness"
    folder.mkdir()
    found: list[Fresh] = []
    with running_servers.database("freshness") as url:
        place = Place(running_servers, url, "freshness", folder, log.told())
        prepare(place)
        ingest = Process(("-m", "services.cli", "ingest"), environment_of(place))
        (folder / "ingest").mkdir()
        with running([ingest], folder / "ingest") as (child,), api(place) as api_url:
            probes = Probes(running_servers.broker.bootstrap, api_url)
            try:
                probes.until_shown()  # the group has come together, connections are open
                first = 0
                for rate in rates:
                    found.append(_at(place, probes, log, first, rate, seconds, child.pid))
                    first += rate * seconds
            finally:
                probes.close()
    print_fresh(found)
    return {"freshness": found, "seconds a rate": seconds}


def _at(
    place: Place, probes: "Probes", log: SeasonLog, first: int, rate: int, seconds: int, ingest: int
) -> Fresh:
    """Probes while ``rate`` records a second are published for so many seconds."""
    arguments = [place.servers.broker.bootstrap, *map(str, (log.events, first, rate, seconds))]
    chance = random.Random(rate)
    acknowledged: list[float] = []
    shown: list[float] = []
    pacing = Process(("-m", "tests.benchmarks.pacing", *arguments))
    folder = Path(place.folder / f"pacing-{rate}")
    folder.mkdir()
    with running([pacing], folder) as (publisher,):
        sleep(WARM_SECONDS)
        began, cpu = perf_counter(), cpu_seconds([ingest])
        while publisher.poll() is None:
            sleep(chance.uniform(0, 2 * GAP_SECONDS))
            ack, visible = probes.until_shown()
            if publisher.poll() is None:  # otherwise part of it fell into the quiet behind
                acknowledged.append(ack * 1e3)
                shown.append(visible * 1e3)
        share = (cpu_seconds([ingest]) - cpu) / (perf_counter() - began)
        left = probes.sent + first + rate * seconds - _read(place)
        publisher.wait()
    paced = msgspec.json.decode((folder / "0.log").read_bytes(), type=Paced)
    return Fresh(
        rate,
        paced.records / paced.seconds,
        paced.behind_seconds * 1e3,
        len(shown),
        median(acknowledged),
        median(shown),
        percentile(shown, 90),
        percentile(shown, 99),
        max(shown),
        share,
        left,
    )


class Probes:
    """Publishes purchases of unknown participants and asks for them."""

    def __init__(self, bootstrap: str, api_url: str) -> None:
        address = urlsplit(api_url)
        self.sent = 0
        self._producer = Producer(bootstrap, client_id="benchmark-probe")
        self._http = HTTPConnection(address.hostname or "", address.port, timeout=5)

    def close(self) -> None:
        self._producer.close()
        self._http.close()

    def until_shown(self) -> tuple[float, float]:
        """Seconds until one new event was acknowledged, and until the API showed it. Raises NotShown."""
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
                "items": [{"class_code": "C-0001", "price": 250_000}],
                "amount": 250_000,
            },
        )
        began = perf_counter()
        self._producer.send(f"tuntas.partner.{PARTNER}", who.encode(), headers, value)
        self._producer.flush()
        acknowledged = perf_counter() - began
        while True:
            self._http.request(
                "GET",
                f"/v1/participants/{who}/classes",
                headers={"Authorization": f"Bearer {TOKEN}"},
            )
            answer = self._http.getresponse()
            body = answer.read()
            spent = perf_counter() - began
            if answer.status == 200 and NOTHING not in body:
                return acknowledged, spent
            if spent > LATEST_SECONDS:
                raise NotShown(f"not shown after {spent:.0f} s; the last answer: {body[:500]!r}")
            sleep(ASK_SECONDS)


def _read(place: Place) -> int:
    """Records that the lanes have behind them."""
    session = psycopg2.connect(place.database_url)
    try:
        with session.cursor() as work:
            work.execute(READ)
            ((read,),) = work.fetchall()
    finally:
        session.close()
    return int(read)


def print_fresh(found: Sequence[Fresh]) -> None:
    """A line a rate."""
    table = Table(
        title="From handing an event to Kafka until the API shows it (1 ingest, 1 API process)"
    )
    for heading in (
        *("records/s", "published/s", "probes", "acknowledged p50 ms", "shown p50 ms"),
        *("p90", "p99", "max", "ingest CPU", "left unread"),
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
        )
    console.print(table)


def main(
    rates: Annotated[
        str, typer.Option(help="Records a second, with commas between.")
    ] = "2000,10000",
    seconds: Annotated[int, typer.Option(help="How long each rate is held.")] = 20,
    save_as: Annotated[
        str, typer.Option(help="Name of the file in docs/benchmarks; empty: none.")
    ] = "",
) -> None:
    """Publish at steady rates and ask until probes show."""
    wanted = [int(rate) for rate in rates.split(",")]
    log = season_log(needed(wanted, seconds))
    with servers() as running_servers:
        circumstances = conditions(running_servers, log)
        print_conditions(circumstances)
        found = measure(running_servers, log, wanted, seconds)
    if save_as:
        console.print(f"saved in {save(save_as, {**circumstances, **found})}")


def needed(rates: Sequence[int], seconds: int) -> int:
    """The least length of a log that lasts for all the rates."""
    return sum(rates) * seconds


if __name__ == "__main__":
    run(main)
