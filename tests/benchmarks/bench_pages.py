"""What each page takes on the server, and how long it is: `python -m tests.benchmarks.bench_pages 1000000`.

Some thousand purchased classes are folded as bench_evaluations folds them, with what worklists follow of each and
96,000 rejected records beside them. Their rows are copied, for other people, until there are so many, and sums are
multiplied; sums by day stay as they are: of how many classes they are does not lengthen them. The ledger has the events
of all, in the order in which they happened, and each partner has declared its totals until yesterday noon. Then each
page is asked for again and again by a browser's session, one question at a time, of a `tuntas api` process on the same
machine, as an evaluator and as a partner: now, and as of a day. Copies have their events under other ids, so the
history of a class is not among the pages; and all was delivered today.
"""

import argparse
import http.client
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from operator import itemgetter
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from domain.days import begin_of, day_of
from domain.events import DECLARATION_STREAM, TotalsDeclared
from domain.vocabulary import PARTNER_CODES, PARTNERS
from projections.storage import facts
from services.embedded.postgres import EmbeddedPostgres
from services.postgres.connect import connect
from services.postgres.ledger import EventRow, LaneEvents, copy_events
from services.projector import happened, only_rejected
from tests.benchmarks.bench_evaluations import (
    PARTNER,
    PARTNER_TOKEN,
    TOKEN,
    Event,
    Served,
    ask,
    fill,
    serving,
)
from tests.benchmarks.grown import SEASON, add_copies
from tests.benchmarks.machine import machine

MOST_MS: Final = 60.0
MOST_BYTES: Final = 60 * 1024
WARM_UP: Final = 3
LONGEST_SECONDS: Final = 8.0
"""A page that takes long is asked for less often."""

NOON: Final = 12 * 3600 * 1_000_000
"""So many microseconds before a midnight."""

FOLDED: Final = 100_000
OTHERS: Final = 1_000_000
"""Between the numbers of a person and of its copy."""

_COPY: Final = f"person + copy::bigint * {OTHERS}"
_NUMBER: Final = "to_char(copy, 'FM000')"
MOVED: Final = {
    "vault.person": {"person": _COPY, "participant_id": f"'PRK-' || ({_COPY})"},
    "projections.purchased_class": {"person": _COPY},
    "projections.purchase": {
        "person": _COPY,
        "purchase_id": f"replace(purchase_id, 'INV-{SEASON}', 'INV-' || {_NUMBER})",
    },
    "ledger.snapshot": {
        "person": _COPY,
        "state": f"decode(replace(encode(state, 'hex'), encode('INV-{SEASON}', 'hex'),"
        f" encode(('INV-' || {_NUMBER})::bytea, 'hex')), 'hex')",
    },
    "control.participant": {"person": _COPY},
    "projections.watched_class": {"person": _COPY},
    "ledger.stored_event": {
        "place": "place + copy",
        "person": _COPY,
        "event_id": "event_id || '-' || copy",
    },
}
ORIGINALS: Final = f"SELECT person FROM vault.person WHERE person %% 1000000000 < {OTHERS}"
SUMS: Final = ("projections.rollup", "projections.institution_rollup")
REJECTIONS: Final = """
INSERT INTO ledger.lane (log_id, topic, partition, partner_id, next_offset, high_water, epoch, rejected, last_read)
SELECT 'log', 'tuntas.partner.' || partner, part, id, %(each)s, %(each)s, 1, %(each)s, now()
FROM unnest(%(partners)s) WITH ORDINALITY AS of (partner, id), generate_series(0, 5) AS part;
INSERT INTO ledger.rejection (
    lane_id, kafka_offset, partner_id, reason, detail, event_id, record, record_size, recorded, sent
)
SELECT lane_id, n, partner_id, (ARRAY['invalid_data', 'not_json', 'unknown_type'])[1 + n %% 3],
       '`data.percent` must be a number from 0 to 100, without quotes.', 'e-' || lane_id || '-' || n,
       '{"specversion": "1.0", "time": "2026-06-01T12:00:00+07:00"}', 59,
       now() - n * interval '1 minute', now() - n * interval '1 minute'
FROM ledger.lane, generate_series(0, %(each)s - 1) AS n;
"""


LANE: Final = """
INSERT INTO ledger.lane (
    lane_id, log_id, topic, partition, partner_id, position, accepted, next_offset, high_water, epoch, last_read
)
SELECT partner_id, 'log', 'tuntas.partner.' || %(partner)s, 6, partner_id, last, last, last, last, 1, now()
FROM (SELECT %(partner_id)s AS partner_id, %(last)s AS last) AS of;
SELECT setval('ledger.lane_number', 100);
"""
APART: Final = """
UPDATE {table} SET place = -place;
UPDATE {table} SET place = (-place >> 40 << 40) + (-place & (1::bigint << 40) - 1) * %(times)s
"""
"""Leaves room for the copies of an event between it and the next one. In two steps, as no two may share a place."""
FOLLOWED: Final = """
UPDATE ledger.lane SET position = last, accepted = last, next_offset = last, high_water = last
FROM (SELECT (place >> 40)::integer AS lane_id, max(place & (1::bigint << 40) - 1) AS last
      FROM ledger.stored_event GROUP BY 1) AS of_events
WHERE lane.lane_id = of_events.lane_id;
INSERT INTO projections.day_lane (partner_id, lane_id, position) SELECT partner_id, lane_id, position FROM ledger.lane;
INSERT INTO ledger.delivery_lane (partner_id, lane_id, position, next_offset)
SELECT partner_id, lane_id, position, next_offset FROM ledger.lane;
INSERT INTO ledger.delivery_day (partner_id, day, accepted, duplicate, rejected)
SELECT partner_id, current_date, sum(accepted), sum(duplicate), sum(rejected) FROM ledger.lane GROUP BY 1;
INSERT INTO ledger.code_lane (partner_id, lane_id, position) SELECT partner_id, lane_id, position FROM ledger.lane;
INSERT INTO projections.day_place (partner_id, day, blocks)
SELECT partner_id, day, array_agg(block ORDER BY block)
FROM (SELECT DISTINCT partner_id, floor((extract(epoch FROM happened) + 25200) / 86400)::integer AS day,
                      place >> 7 AS block
      FROM ledger.stored_event) AS of_events
GROUP BY partner_id, day;
"""


class Found(NamedTuple):
    """Of one page: milliseconds to the last byte, and of CPU of API and PostgreSQL together; its length in bytes."""

    path: str
    least: float
    median: float
    p99: float
    cpu: float
    size: int
    times: int

    @property
    def is_within(self) -> bool:
        return self.p99 <= MOST_MS and self.size <= MOST_BYTES

    def __str__(self) -> str:
        mark = " " if self.is_within else "!"
        times = " ".join(f"{each:7.1f}" for each in (self.least, self.median, self.p99, self.cpu))
        figures = f"{times} {self.size / 1024:6.1f} {self.times:5}"
        return f"{mark} {figures}  {self.path}"


class Visitor:
    """A browser that is logged in."""

    def __init__(self, served: Served, token: str) -> None:
        port = served.connection.port
        self._served = served
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        site = f"http://127.0.0.1:{port}"
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Origin": site}
        body = urlencode({"token": token, "next": "/"})
        self._connection.request("POST", "/login", body, {**sent, "Sec-Fetch-Site": "same-origin"})
        answer = self._connection.getresponse()
        answer.read()
        self._headers = {
            "Accept": "text/html",
            "Accept-Language": "id",
            "Cookie": (answer.getheader("Set-Cookie") or "").partition(";")[0],
        }

    def page(self, path: str) -> tuple[float, int]:
        """Milliseconds to its last byte, and its bytes. Ends the program where it is not there."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        size = len(answer.read())
        took = (time.perf_counter() - began) * 1000
        if answer.status not in {200, 303}:  # what is found alone is led to
            raise SystemExit(f"{path}: {answer.status}")
        return took, size

    def measured(self, path: str, times: int) -> Found:
        """The page, asked for ``times`` times, or as often as fits into some seconds."""
        for _ in range(WARM_UP):
            took, size = self.page(path)
        times = max(10, min(times, int(LONGEST_SECONDS * 1000 / took)))
        before = sum(self._served.cpu_ms())
        taken = [self.page(path)[0] for _ in range(times)]
        cpu = (sum(self._served.cpu_ms()) - before) / times
        percent = quantiles(taken, n=100, method="inclusive")
        return Found(path, min(taken), percent[49], percent[98], cpu, size, times)


def pages_of_partner(served: Served) -> list[str]:
    """Every page that a partner sees as well, with something on it."""
    item = ask(served.connection, f"/v1/purchased-classes?partner={PARTNER}&completion=completed")
    sold = ask(served.connection, f"/v1/package-purchases?partner={PARTNER}&complete=false")
    person, purchase = item[1]["items"][0]["participant_id"], sold[1]["items"][0]
    popular = f"/classes/{PARTNER}/C-0000"
    lists = [
        "",
        "completion=in_progress",
        "completion=never_reported",
        "completion=completed&assessment=failed",
        "flag=completed_without_assessment",
        "order=last_reported_at&stalled_since=2020-09-01",
        "order=-last_reported_at",
        "title=class%2012",
        "institution=Institution%20000",
        "purchase=refunded",
        "package_code=K-001",
    ]
    return [
        "/",
        f"/participants/{person}/classes",
        *(f"/purchased-classes?{each}" for each in lists),
        *(f"/package-purchases?{each}" for each in ("", "complete=false", "unresolved=true")),
        f"/purchases/{PARTNER}/{purchase['purchase_id']}",
        *(f"/purchases?{each}" for each in ("", "refunded=true", "amount_differs=true")),
        *(
            f"/classes?order={order}"
            for order in ("-purchased", "purchased", "-completed", "rating_mean")
        ),
        "/classes?title=class%2012",
        *(f"/packages?order={order}" for order in ("-sold", "complete")),
        f"{popular}/evaluation",
        f"{popular}/reviews",
        f"/packages/{PARTNER}/K-001/evaluation",
        f"/partners/{PARTNER}/evaluation",
        f"/partners/{PARTNER}/deliveries",
        *(
            f"{place}/series?by={by}"
            for place in (popular, f"/packages/{PARTNER}/K-001", f"/partners/{PARTNER}")
            for by in ("day", "week", "month")
        ),
        "/intake",
        "/rejections",
        "/rejections?reason=invalid_data&resolved=false",
        f"/events/{PARTNER}/never-sent",
        "/check",
        f"/compare?kind=class&a={PARTNER}/C-0000&b={PARTNER}/C-0001",
        *(f"/find?q={text}" for text in ("class%2012", person, purchase["purchase_id"], "nothing")),
        "/words",
    ]


def pages_of_evaluator(served: Served) -> list[str]:
    """Every page."""
    person = ask(served.connection, "/v1/purchased-classes?completion=completed")[1]["items"][0]
    institution = f"/institutions/{quote('Institution 000')}"
    return [
        *pages_of_partner(served),
        *(f"/first-completions?state={state}" for state in ("ready", "missing", "none")),
        f"/participants/{person['participant_id']}/first-completion",
        *(f"/institutions?order={order}" for order in ("-purchased", "completed")),
        f"{institution}/evaluation",
        *(f"{institution}/series?by={by}" for by in ("day", "week", "month")),
        "/compare?kind=partner&a=pintaria&b=tokopedia&c=sisnaker&d=bukalapak",
        "/compare?kind=institution&a=Institution%20000&b=Institution%20001",
    ]


HAS_NO_DAY: Final = ("/check", "/words", "/intake", "/rejections", "/events", "/find")


def as_of(paths: Sequence[str], day: str) -> Iterator[str]:
    """Those pages of ``paths`` that say what was so on a day, as of that day."""
    for path in paths:
        if not path.startswith(HAS_NO_DAY) and not path.endswith("/deliveries"):
            yield f"{path}{'&' if '?' in path else '?'}as_of={day}"


def tell(work: Any, partner_id: int, told: list[Event]) -> None:
    """Writes a partner's events into a lane of its own, in the order in which they happened."""
    in_order = sorted(told, key=itemgetter(0))
    rows: list[EventRow] = [
        (number, event_id, happened, person, "", fact.topic, facts.encode(fact), None, None)
        for number, (happened, person, event_id, fact) in enumerate(in_order)
    ]
    until = begin_of(day_of(time.time_ns() // 1000)) - NOON
    said = facts.encode(TotalsDeclared(until, events=len(rows)))
    declared = (len(rows), "totals", until, 0, DECLARATION_STREAM, TotalsDeclared.topic, said)
    rows.append((*declared, None, None))
    of = {"partner": PARTNER_CODES[partner_id], "partner_id": partner_id, "last": len(rows)}
    work.execute(LANE, of)
    copy_events(work, [LaneEvents(partner_id, partner_id, 1, rows)], time.time_ns() // 1000)


@contextmanager
def filled(folder: Path, purchased_classes: int) -> Iterator[str]:
    """The URL of a database with so many purchased classes; one that the folder has already is taken as it is."""
    is_there = (folder / "postgres").exists()
    with EmbeddedPostgres(folder / "postgres") as server:
        if is_there:
            yield server.database_url("pages")
            return
        url = server.create_database("pages")
        written = fill(url, min(FOLDED, purchased_classes), tell)
        copies = round(purchased_classes / written.purchased_classes) - 1
        with closing(connect(url, "fill", statement_timeout_seconds=0)) as session:
            session.autocommit = True
            with session.cursor() as work:
                work.execute(REJECTIONS, {"each": 2_000, "partners": list(PARTNERS)})
                for table in SUMS:
                    work.execute(f"UPDATE {table} SET n = n * %s", (copies + 1,))
                work.execute("VACUUM ANALYZE")
            session.autocommit = False
            if copies:
                with session, session.cursor() as work:
                    for table in ("ledger.stored_event", "ledger.snapshot"):
                        work.execute(APART.format(table=table), {"times": copies + 1})
                add_copies(session, 1, copies, MOVED, ORIGINALS)
            with session, session.cursor() as work:
                work.execute(FOLLOWED)
                work.execute("SELECT count(*) FROM projections.purchased_class")
                print(f"{(work.fetchone() or (0,))[0]:,} purchased classes")

            @contextmanager
            def opened() -> Iterator[Any]:
                with session, session.cursor() as work:
                    yield work

            for follow in (happened.count, only_rejected.find):
                while follow(opened):
                    pass
        yield url


def main() -> int:
    """0, or 1 where a page is not within its bounds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("purchased_classes", type=int, nargs="?", default=100_000)
    parser.add_argument("--times", type=int, default=100, help="questions a page")
    parser.add_argument("--keep", type=Path, help="a folder for the database, used again")
    parser.add_argument("--only", default="", help="pages whose path holds this")
    parser.add_argument("--without", default=" ", help="but none whose path holds this")
    asked = parser.parse_args()
    print(" · ".join(f"{name}: {value}" for name, value in machine().items()))
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 30 * 86_400))
    beyond: list[Found] = []
    with (
        TemporaryDirectory(prefix="tuntas-bench-") as folder,
        filled(asked.keep or Path(folder), asked.purchased_classes) as url,
        serving(url) as served,
    ):
        for who, token, paths in (
            ("an evaluator", TOKEN, pages_of_evaluator(served)),
            ("a partner", PARTNER_TOKEN, pages_of_partner(served)),
        ):
            visitor = Visitor(served, token)
            wanted = [
                path
                for path in (*paths, *as_of(paths, day))
                if asked.only in path and asked.without not in path
            ]
            print(f"\nas {who}:\n    least     p50     p99     CPU    KiB times  (milliseconds)")
            for path in wanted:
                found = visitor.measured(path, asked.times)
                print(found, flush=True)
                beyond += [] if found.is_within else [found]
    print(f"{len(beyond)} pages take more than {MOST_MS:.0f} ms or {MOST_BYTES >> 10} KiB")
    return int(bool(beyond))


if __name__ == "__main__":
    sys.exit(main())
