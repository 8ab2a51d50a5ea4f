"""What an evaluation takes over HTTP, and what adding up takes: `python -m tests.benchmarks.bench_evaluations 100000`.

So many purchased classes of eight partners, 2,000 classes and 165 institutions are folded as a rebuild does it, into
a database of their own: bought within the last 120 days, every eighth one never reported on, some classes far more
popular than others, scores with two decimals; few are refunded, withdrawn or do not fit together. Then each evaluation
and the first page of each list is asked for again and again, one question at a time, of a `tuntas api` process beside
it. Everything shares the machine. With `--multiplied-by 10` the same is asked once more of ten times as many people
(multiplied.py). Evaluations as of an instant within a day are not among them: who did something on
that day only a ledger says, and there is none here.
"""

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
import psutil
import psycopg2
from msgspec import Struct

from domain.catalogue import State as Catalogue
from domain.catalogue import evolve as evolve_catalogue
from domain.events import (
    CertificateIssued,
    ClassAssessed,
    ClassCompleted,
    ClassProgressed,
    ClassPublished,
    ClassRedeemed,
    ClassReviewed,
    EventVoided,
    Fact,
    PackagePublished,
    PurchasePaid,
    PurchaseRefunded,
)
from domain.marks import key_of
from domain.participant import State, Touched, evolve
from domain.vocabulary import (
    ASSESSMENT_STATES,
    COMPLETION_STATES,
    FLAGS,
    PARTNER_CODES,
    PURCHASE_STATES,
)
from projections import aggregates, catalogue
from projections.days import writing as days
from projections.days.changed import Changed
from projections.days.following import Follower
from projections.days.looking import look_at_all
from projections.rebuild.days import MOST_ENTRIES
from projections.rebuild.loading import load_rows
from projections.status.record import Changes, Record, Rules
from projections.status.rows import changes
from projections.storage import schema
from projections.storage.schema import NEXT
from projections.sums import rollup
from projections.sums.deltas import Deltas
from services.embedded.free_port import free_port
from services.embedded.postgres import EmbeddedPostgres
from services.postgres.connect import connect, transaction
from services.postgres.ledger import place
from services.postgres.migrations.run import migrate
from tests.benchmarks.grown import SEASON
from tests.benchmarks.machine import machine
from tests.benchmarks.multiplied import multiply

CLASSES: Final = 250
PACKAGES: Final = 25
INSTITUTIONS: Final = 165
DAY: Final = 86_400_000_000
HOUR: Final = 3_600_000_000
DAYS: Final = 120
TOKEN: Final = "benchmark-evaluator"
PARTNER: Final = "pintaria"
PARTNER_TOKEN: Final = "benchmark-partner"
WARM_UP: Final = 5
LAST_POSITION: Final = 2**40 - 1

Event: TypeAlias = tuple[int, int, str, Fact]
"""When it happened (microseconds UTC), the participant's number, the event's id and what happened."""


class Filled(Struct):
    """What was written. ``popular`` is the class that was bought most."""

    purchased_classes: int
    seconds: float
    popular: str


def laid_down(sales_end: int) -> Rules:
    """The catalogue of one partner."""
    rules = Rules(Catalogue(), sales_end)
    facts: list[Fact] = [
        ClassPublished(f"C-{n:04}", f"Class {n}", f"Institution {n % INSTITUTIONS:03}")
        for n in range(CLASSES)
    ]
    facts += [
        PackagePublished(f"K-{n:03}", "Package", tuple(f"C-{n * 3 + i:04}" for i in range(3)))
        for n in range(PACKAGES)
    ]
    for number, fact in enumerate(facts):
        evolve_catalogue(rules.catalogue, sales_end - 900 * DAY, number, fact)
    return rules


def lived(
    chance: random.Random, number: int, weights: list[float], now: int
) -> list[tuple[int, Fact]]:
    """What one participant's partner reports: one to three purchases, most of them followed by learning."""
    told: list[tuple[int, Fact]] = []
    for purchase in range(chance.choice((1, 1, 1, 2, 3))):
        bought = now - chance.randrange(DAYS * 24) * HOUR - chance.randrange(HOUR)
        invoice, paid = f"INV-{SEASON}-{number}-{purchase}", len(told)
        if chance.random() < 0.05:
            package = chance.randrange(PACKAGES)
            codes = [f"C-{package * 3 + index:04}" for index in range(3)]
            told.append((bought, PurchasePaid(invoice, f"K-{package:03}")))
        else:
            codes = [f"C-{chance.choices(range(CLASSES), cum_weights=weights)[0]:04}"]
            told.append((bought, PurchasePaid(invoice, None, ((codes[0], 250_000),), 250_000)))
        for code in codes:
            if chance.random() < 0.125:
                continue
            told += learning(chance, code, bought)
        told += unusual(chance, invoice, f"{number}-{paid}", (codes[0], bought))
    return told


def unusual(
    chance: random.Random, invoice: str, paid: str, of: tuple[str, int]
) -> list[tuple[int, Fact]]:
    """What happens to few purchases, of a class at a time; ``paid`` is the id of the payment."""
    code, bought = of
    draw = chance.random()
    if draw < 0.01:
        return [(bought + DAY, PurchaseRefunded(invoice))]
    if draw < 0.013:
        return [(bought + 20 * DAY, EventVoided(paid, "a mistake"))]
    if draw < 0.014:
        return [(bought - DAY, ClassRedeemed(code))]
    if draw < 0.015:
        return [(bought + DAY, ClassAssessed(code, "performance"))]
    if draw < 0.016:
        return [(bought + DAY, CertificateIssued(code, "no."))]
    return []


def learning(chance: random.Random, code: str, bought: int) -> list[tuple[int, Fact]]:
    """What a partner reports of one class."""
    facts: list[Fact] = [
        ClassRedeemed(code),
        ClassAssessed(code, "pre_test", chance.uniform(0, 60)),
    ]
    facts += [ClassProgressed(code, 25.0 * n) for n in range(1, chance.randint(2, 4))]
    if chance.random() < 0.7:
        score = round(chance.uniform(30, 100), 2)
        facts += [ClassCompleted(code), ClassAssessed(code, "post_test", score)]
        facts += [CertificateIssued(code, "no."), ClassReviewed(code, chance.randint(1, 5))]
    pace = chance.randrange(2 * DAY)
    return [(bought + (index + 1) * pace, fact) for index, fact in enumerate(facts)]


Tell: TypeAlias = Callable[[Any, int, list[Event]], None]
"""Is given a transaction, a partner's id, and everything that it tells of its participants."""


def fill(database_url: str, wanted: int, tell: Tell | None = None) -> Filled:
    """At least so many purchased classes, with their sums."""
    began = time.perf_counter()
    now = time.time_ns() // 1000
    session = connect(database_url, "fill", statement_timeout_seconds=0)
    migrate(session)
    rules = laid_down(now - 60 * DAY)
    chance = random.Random(1)
    weights = [sum(1 / (n + 10) for n in range(upto + 1)) for upto in range(CLASSES)]
    written = 0
    with transaction(session) as work:
        catalogue.set_package_sales_end(work, rules.package_sales_end)
        work.execute(schema.tables(NEXT))
    for partner_id in PARTNER_CODES:
        with transaction(session) as work:
            write_catalogue(work, partner_id, rules)
            by = (chance, weights, now)
            written += fill_partner(work, partner_id, rules, wanted // 8, by, tell)
    with transaction(session) as work:
        work.execute(f"DROP SCHEMA {schema.LIVE} CASCADE")
        work.execute(f"ALTER SCHEMA {NEXT} RENAME TO {schema.LIVE}")
    session.autocommit = True
    with session.cursor() as work:
        work.execute("VACUUM ANALYZE")
    session.close()
    return Filled(written, time.perf_counter() - began, "C-0000")


def write_catalogue(work: Any, partner_id: int, rules: Rules) -> None:
    changed = [catalogue.publication(*each) for each in rules.catalogue.published.items()]
    catalogue.heads(work, [partner_id], lock=True)
    catalogue.write_changes(work, {partner_id: rules}, {partner_id: changed}, 0)
    catalogue.write_all(work, NEXT, partner_id, rules)
    work.execute("UPDATE control.catalogue_head SET applied_revision = revision")
    rollup.follow_institutions(work, NEXT)
    head = catalogue.heads(work, [partner_id])[partner_id]
    Follower(NEXT).put_rules(work, partner_id, *head)


def fill_partner(
    work: Any,
    partner_id: int,
    rules: Rules,
    wanted: int,
    by: tuple[random.Random, list[float], int],
    tell: Tell | None,
) -> int:
    chance, weights, now = by
    written, into, deltas = 0, Changes(), Deltas()
    told: list[Event] = []
    people: list[Record] = []
    over_time = Changed(partner_id, rules.catalogue)
    number = 0
    while written < wanted:
        number += 1
        state = State()
        touched: list[Touched] = []
        person = partner_id * 10**9 + number
        for index, (happened, fact) in enumerate(lived(chance, number, weights, now)):
            event_id = f"{number}-{index}"
            touched.append(evolve(state, happened, key_of(event_id), fact))
            if tell is not None:
                told.append((happened, person, event_id, fact))
        before = len(into.classes)
        people.append(Record(person, state))
        changes(person, state, touched, rules, into)
        look_at_all(person, state, rules, over_time)
        if over_time.entries > MOST_ENTRIES:
            days.add(work, over_time, NEXT)
            over_time = Changed(partner_id, rules.catalogue)
        written += len(into.classes) - before
        if len(into.classes) > 5_000 or written >= wanted:
            write_people(work, partner_id, people)
            people = []
            load_rows(work, NEXT, partner_id, into.classes, into.purchases)
            for row in into.classes:
                deltas.class_row(partner_id, row.class_code, row.package_codes, row.counted, 1)
            for bought in into.purchases:
                columns = (bought.package_code, bought.complete, bought.unresolved)
                more = (bought.after_sales_end, bought.unallocated)
                deltas.purchase_row(partner_id, (*columns, *more), 1)
            rollup.add(work, deltas.counts(), NEXT)
            into, deltas = Changes(), Deltas()
    days.add(work, over_time, NEXT)
    if tell is not None:
        tell(work, partner_id, told)
    return written


def write_people(work: Any, partner_id: int, people: list[Record]) -> None:
    """Their snapshots, as an intake would leave them, and the lane that writes them."""
    aggregates.prepare(work)
    # Behind everything that a lane can have: what is told is in the snapshots.
    places = dict.fromkeys((record.person for record in people), place(partner_id, LAST_POSITION))
    aggregates.put_snapshots(work, aggregates.stage_snapshots(partner_id, people, places))
    work.execute(
        "INSERT INTO control.participant (lane_id, partner_id, person) SELECT %s, %s, * FROM unnest(%s)",
        (partner_id, partner_id, list(places)),
    )
    work.execute(
        "INSERT INTO vault.person (person, participant_id) SELECT person, 'PRK-' || person FROM unnest(%s) AS person",
        (list(places),),
    )


class Served(NamedTuple):
    """An API process, a connection to it, and to its database."""

    api: psutil.Process
    connection: http.client.HTTPConnection
    database_url: str

    def cpu_ms(self) -> tuple[float, float]:
        """CPU time so far, in milliseconds: of the API, and of the PostgreSQL processes that answer it."""
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'tuntas api'"
        with psycopg2.connect(self.database_url) as session, session.cursor() as work:
            work.execute(query)
            backends = [psutil.Process(pid) for (pid,) in work.fetchall()]
        return cpu_ms([self.api]), cpu_ms(backends)


def cpu_ms(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes) * 1000


@contextmanager
def serving(database_url: str) -> Iterator[Served]:
    """An API process of its own."""
    port = free_port()
    environment = os.environ | {
        "TUNTAS_DATABASE_URL": database_url,
        "TUNTAS_KAFKA_BOOTSTRAP": "127.0.0.1:1",  # the API asks Kafka nothing
        "TUNTAS_API_PORT": str(port),
        "TUNTAS_EVALUATOR_TOKENS": TOKEN,
        "TUNTAS_PARTNER_TOKENS": f"{PARTNER}:{PARTNER_TOKEN}",
        "TUNTAS_LOG_LEVEL": "warning",
    }
    server = subprocess.Popen([sys.executable, "-m", "services.cli", "api"], env=environment)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        for _ in range(200):
            try:
                connection.request("GET", "/livez")
                connection.getresponse().read()
                break
            except OSError:
                connection.close()
                time.sleep(0.1)
        yield Served(psutil.Process(server.pid), connection, database_url)
    finally:
        server.terminate()
        server.wait()


def ask(connection: http.client.HTTPConnection, path: str) -> tuple[float, Any]:
    """Milliseconds to the last byte, and the answer."""
    began = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
    answer = connection.getresponse()
    body = answer.read()
    took = (time.perf_counter() - began) * 1000
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {body!r}")
    return took, json.loads(body)


def measure(served: Served, path: str, times: int) -> str:
    """One line: the path, least, median and 99th percentile, CPU time of API and PostgreSQL, and what was purchased."""
    for _ in range(WARM_UP):
        answer = ask(served.connection, path)[1]
    before = served.cpu_ms()
    taken = sorted(ask(served.connection, path)[0] for _ in range(times))
    api, postgres = (
        (now - then) / times for now, then in zip(served.cpu_ms(), before, strict=True)
    )
    percent = quantiles(taken, n=100, method="inclusive")
    purchased = answer.get("purchased", "")
    return f"{path:96} {taken[0]:9.2f} {percent[49]:9.2f} {percent[98]:9.2f} {api:9.2f} {postgres:9.2f} {purchased:>10}"


def whole_list(served: Served, path: str, as_of: str) -> str:
    """One line: a list as of a time, its pages, the seconds of all of them together and of the longest one."""
    before, taken, cursor = served.cpu_ms(), [], ""
    while True:
        mark = "&" if "?" in path else "?"
        took, page = ask(served.connection, f"{path}{mark}as_of={as_of}{cursor}")
        taken.append(took / 1000)
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    api, postgres = ((now - then) / 1000 for now, then in zip(served.cpu_ms(), before, strict=True))
    return (
        f"{path}, as of {as_of}: {len(taken)} pages, {sum(taken):.1f} s, the longest {max(taken):.1f} s;"
        f" CPU of API {api:.1f} s, of PostgreSQL {postgres:.1f} s"
    )


def routes(popular: str) -> list[str]:
    return [
        f"/v1/classes/pintaria/{popular}/evaluation",
        "/v1/classes/pintaria/C-0249/evaluation",
        "/v1/packages/pintaria/K-001/evaluation",
        "/v1/institutions/Institution%20000/evaluation",
        "/v1/partners/pintaria/evaluation",
        "/v1/partners",
        "/v1/institutions?limit=100",
    ]


def series(popular: str) -> list[str]:
    """A year by week, and a year by day."""
    since = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 365 * 86_400))
    places = [
        f"classes/pintaria/{popular}",
        "packages/pintaria/K-001",
        "institutions/Institution%20000",
        "partners/pintaria",
    ]
    by = {"week": 100, "day": 366}
    return [
        f"/v1/{place}/series?by={name}&from={since}&limit={limit}"
        for name, limit in by.items()
        for place in places
    ]


def lists() -> list[str]:
    """The first page by each filter, and by some of two."""
    filters = [
        "",
        *(f"completion={state}" for state in COMPLETION_STATES),
        *(f"assessment={state}" for state in ASSESSMENT_STATES),
        *(f"purchase={state}" for state in PURCHASE_STATES),
        *(f"flag={flag}" for flag in FLAGS),
        "package_code=K-001",
        "package_code=K-001&completion=never_reported",
        "institution=Institution%20000&flag=evidence_before_purchase",
    ]
    packages = [
        "",
        "complete=true",
        "after_sales_end=true",
        "unresolved=true",
        "package_code=K-001",
    ]
    return [f"/v1/purchased-classes?{each}" for each in filters] + [
        f"/v1/package-purchases?{each}" for each in packages
    ]


def sizes(database_url: str) -> list[tuple[str, int, int, int]]:
    """Table, rows, bytes of the table and of its indexes."""
    with psycopg2.connect(database_url) as session, session.cursor() as work:
        found = []
        for table in ("purchased_class", "rollup", "institution_rollup", "day_block"):
            work.execute(
                f"SELECT count(*), pg_table_size('projections.{table}'), pg_indexes_size('projections.{table}')"
                f" FROM projections.{table}"
            )
            found.append((table, *(work.fetchone() or (0, 0, 0))))
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("purchased_classes", type=int, nargs="?", default=100_000)
    parser.add_argument("--times", type=int, default=200, help="questions a route")
    parser.add_argument("--only-over-time", action="store_true", help="no lists of classes")
    parser.add_argument(
        "--multiplied-by", type=int, default=1, help="then of so many times as many people"
    )
    parser.add_argument("--keep", type=Path, help="a folder for the database, used again")
    asked = parser.parse_args()
    print(" · ".join(f"{name}: {value}" for name, value in machine().items()))
    with (
        TemporaryDirectory(prefix="tuntas-bench-") as temporary,
        EmbeddedPostgres((asked.keep or Path(temporary)) / "postgres") as server,
    ):
        told = (asked.keep or Path(temporary)) / "filled.json"
        if told.exists():
            url = server.database_url("evaluations")
            filled = msgspec.json.decode(told.read_bytes(), type=Filled)
        else:
            url = server.create_database("evaluations")
            filled = fill(url, asked.purchased_classes)
            told.write_bytes(msgspec.json.encode(filled))
        report(url, filled, asked.times, only_over_time=asked.only_over_time)
        if asked.multiplied_by > 1:
            began = time.perf_counter()
            multiply(url, asked.multiplied_by)
            seconds = time.perf_counter() - began
            rows = filled.purchased_classes * asked.multiplied_by
            filled = Filled(rows, seconds, filled.popular)
            told.write_bytes(msgspec.json.encode(filled))
            report(url, filled, asked.times, only_over_time=asked.only_over_time)


def report(url: str, filled: Filled, times: int, *, only_over_time: bool) -> None:
    """Asks everything, and prints a line for each question."""
    print(f"{filled.purchased_classes:,} class rows written in {filled.seconds:.0f} s")
    for table, rows, table_bytes, index_bytes in sizes(url):
        print(
            f"{table:20} {rows:>10,} rows {table_bytes >> 20:>6} MiB + {index_bytes >> 20:>5} MiB indexes"
        )
    with serving(url) as served:
        names = ("least", "median", "p99", "API CPU", "PG CPU")
        print(f"\n{'route (milliseconds)':96}", *(f"{name:>9}" for name in names), " purchased")
        for path in routes(filled.popular) + ([] if only_over_time else lists()):
            print(measure(served, path, times))
        midnight = time.strftime(
            "%Y-%m-%dT23:59:59%%2B07:00", time.gmtime(time.time() - 30 * 86_400)
        )
        noon = midnight.replace("T23:59:59", "T12:00:00")
        for path in routes(filled.popular):
            mark = "&" if "?" in path else "?"
            print(measure(served, f"{path}{mark}as_of={midnight}", times))
        for path in series(filled.popular):
            print(measure(served, path, times))
        sold = "/v1/package-purchases"
        bought = ask(served.connection, f"{sold}?partner=pintaria&as_of={noon}")[1]["items"][0]
        for path in (sold, f"/v1/purchases/pintaria/{bought['purchase_id']}"):
            print(measure(served, f"{path}?as_of={noon}", 20))
        for path in ("/v1/partners", "/v1/institutions?limit=1000"):
            print(whole_list(served, path, midnight))


if __name__ == "__main__":
    main()
