"""What Prometheus reads: requests by route and status, how long they took, and the intake's counters."""

import time
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.vocabulary import PARTNER_CODES, PARTNERS
from projections.reading.heartbeats import Heard, living
from projections.reading.intake import Freshness, Lane
from projections.reading.kafka_log import Asked
from projections.reading.recent import Recent
from services.http.safe_headers import made_safe

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
NO_ROUTE = "none"


class Observed(Struct, frozen=True):
    """What the database, and Kafka where it is asked, say of the intake."""

    lanes: Sequence[Lane]
    heard: Sequence[Heard]
    behind: Freshness = Freshness(None, None)
    asked: Asked | None = None
    answers_behind: Mapping[int, int] | None = None
    """By partner id; None: answers are not told."""
    recent: Sequence[Recent] = ()
    missing: Mapping[int, int] = MappingProxyType({})
    """Of running numbers, by partner id."""


class Measures:
    """The measures of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "tuntas_http_requests_total",
            "Requests by route template and status.",
            ("route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "tuntas_http_request_seconds",
            "Time to the last byte of an answer, by route template.",
            ("route",),
            buckets=BUCKETS,
            registry=self._registry,
        )

    def count(self, route: str, status: int, seconds: float) -> None:
        """Counts one request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def exposition(self, observed: Observed | None) -> bytes:
        """Everything in Prometheus' text format; None: the database does not answer."""
        registry = CollectorRegistry()
        registry.register(_Collected(_intake(observed)))
        return generate_latest(self._registry) + generate_latest(registry)


class _Collected:
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def _intake(observed: Observed | None) -> list[Metric]:
    up = GaugeMetricFamily("tuntas_database_up", "1 when the database answers, else 0.")
    up.add_metric([], 0 if observed is None else 1)
    if observed is None:
        return [up]
    return [
        up,
        *_services(observed),
        *_freshness(observed),
        *_lanes(observed.lanes),
        *_answers(observed.answers_behind),
        *_recent(observed.recent),
        _missing(observed.missing),
    ]


def _missing(numbers: Mapping[int, int]) -> Metric:
    family = GaugeMetricFamily(
        "tuntas_missing_events",
        "Events that never arrived, as a partner's running numbers say; absent where it numbers none.",
        labels=("partner",),
    )
    for partner_id, count in numbers.items():
        family.add_metric((PARTNER_CODES[partner_id],), count)
    return family


def _recent(found: Sequence[Recent]) -> list[Metric]:
    """Of every partner, so that an alarm ends; 0 where hardly any recent record was rejected."""
    mostly = GaugeMetricFamily(
        "tuntas_intake_mostly_rejected",
        "1 when more than half of a partner's recent records were rejected, else 0.",
        labels=("partner",),
    )
    rejected = GaugeMetricFamily(
        "tuntas_intake_recent_rejected",
        "How many of a partner's recent records were rejected, where that is 20 or more.",
        labels=("partner",),
    )
    by_partner = {each.partner: each for each in found}
    for partner in PARTNERS:
        of = by_partner.get(partner)
        mostly.add_metric((partner,), int(of is not None and of.mostly_rejected))
        rejected.add_metric((partner,), 0 if of is None else of.rejected)
    return [mostly, rejected]


def _answers(behind: Mapping[int, int] | None) -> list[Metric]:
    if behind is None:
        return []
    family = GaugeMetricFamily(
        "tuntas_answers_behind_events",
        "Events and catalogue changes of which nobody was told yet what they change in answers.",
        labels=("partner",),
    )
    for partner_id, events in behind.items():
        family.add_metric((PARTNER_CODES[partner_id],), events)
    return [family]


def _services(observed: Observed) -> list[Metric]:
    running = GaugeMetricFamily(
        "tuntas_processes",
        "Processes that were heard of within seconds, and whether they work or wait for something broken.",
        labels=("service", "state"),
    )
    for service in ("ingest", "project"):
        alive = living(observed.heard, service)
        waiting = sum(each.trouble is not None for each in alive)
        running.add_metric((service, "working"), len(alive) - waiting)
        running.add_metric((service, "waiting"), waiting)
    return [running]


def _freshness(observed: Observed) -> list[Metric]:
    """How far answers are behind; what is not known is absent, and tuntas_kafka_up says why."""
    found: list[Metric] = []
    if observed.asked is not None:
        kafka = GaugeMetricFamily("tuntas_kafka_up", "1 when Kafka says what it holds, else 0.")
        kafka.add_metric([], 0 if observed.asked.log is None else 1)
        found.append(kafka)
    for name, meaning, figure in (
        (
            "events",
            "Records not read and catalogue changes not applied yet.",
            observed.behind.events,
        ),
        ("seconds", "For how long the oldest of them has waited.", observed.behind.seconds),
    ):
        if figure is not None:
            family = GaugeMetricFamily(f"tuntas_behind_{name}", meaning)
            family.add_metric([], figure)
            found.append(family)
    return found


def _lanes(lanes: Iterable[Lane]) -> list[Metric]:
    """Counters of every log that was read; what is still to be read of those that are current."""
    labels = ("topic", "partition", "log")
    records = CounterMetricFamily(
        "tuntas_intake_records",
        "Kafka records that were read, by outcome.",
        labels=(*labels, "outcome"),
    )
    skipped = CounterMetricFamily(
        "tuntas_intake_skipped_offsets", "Kafka offsets that hold no record.", labels=labels
    )
    unknown = CounterMetricFamily(
        "tuntas_intake_unknown_fields", "Fields of events that were ignored.", labels=labels
    )
    lag = GaugeMetricFamily(
        "tuntas_intake_lag", "Kafka offsets that are not read yet.", labels=labels
    )
    next_offset = GaugeMetricFamily(
        "tuntas_intake_next_offset", "The Kafka offset that is read next.", labels=labels
    )
    for lane in lanes:
        values = (lane.topic, str(lane.partition), lane.log_id)
        for outcome in ("accepted", "duplicate", "rejected"):
            records.add_metric((*values, outcome), getattr(lane, outcome))
        skipped.add_metric(values, lane.skipped)
        unknown.add_metric(values, lane.unknown_fields)
        if lane.is_current:
            next_offset.add_metric(values, lane.next_offset)
        if lane.is_current and lane.lag is not None:
            lag.add_metric(values, lane.lag)
    return [records, skipped, unknown, lag, next_offset]


class Measured:
    """The application with every request counted."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = made_safe(message)
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            self._measures.count(_template(scope), status, time.perf_counter() - began)


def _template(scope: Scope) -> str:
    """The path template of the route that the request went to."""
    template: str | None = getattr(scope.get("endpoint"), "template", None)
    if template is None:
        template = getattr(scope.get("route"), "path_format", None)
    return template or NO_ROUTE
