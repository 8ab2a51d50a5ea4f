"""An API over a database that a season of simulated events went into."""

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from http.cookies import SimpleCookie
from itertools import count
from typing import Any, TypeVar
from urllib.parse import urlencode

import pytest
from httpx import ASGITransport, AsyncClient, Response
from msgspec.structs import replace

from domain.events import PARTICIPANT_STREAM, PartnerEvent
from domain.vocabulary import PARTNER_IDS
from services.cloudevents.decode import decode
from services.embedded.postgres import EmbeddedPostgres
from services.http.app import create_app
from services.http.pages.login import COOKIE
from services.http.serve import server, sockets
from services.intake.batch import Decoded
from services.settings import Settings, read_settings
from services.simulator import SimulatedRecord, simulate
from services.simulator.expected import Expected, expected_answers
from tests.raw_record import raw_record
from tests.services.http.desk import Desk

T = TypeVar("T")

NETWORKS = count(1)

EVALUATOR = "token-of-an-evaluator"
TOKENS = {partner: f"token-of-{partner}" for partner in PARTNER_IDS}
METRICS = "token-of-prometheus"
SEASON_EVENTS = 4_000
BATCH_RECORDS = 1_000


def settings_for(database_url: str, **others: str) -> Settings:
    return read_settings(
        {
            "TUNTAS_DATABASE_URL": database_url,
            **others,
            "TUNTAS_EVALUATOR_TOKENS": EVALUATOR,
            "TUNTAS_METRICS_TOKENS": METRICS,
            "TUNTAS_PARTNER_TOKENS": ",".join(f"{p}:{token}" for p, token in TOKENS.items()),
        }
    )


def bearer(token: str = EVALUATOR) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Api:
    """The application in an event loop of its own, and a client of it with an evaluator's token."""

    def __init__(self, runner: asyncio.Runner, transport: ASGITransport, database_url: str) -> None:
        self.database_url = database_url
        self.host = ""
        """Where requests come from; empty: each from an address of its own, so that no limit is met."""
        self._sessions: dict[str, dict[str, str]] = {}
        self._runner = runner
        self._transport = transport
        self._client = AsyncClient(transport=transport, base_url="http://api")
        # Cookies are sent by the tests that mean them.
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def ask(
        self,
        path: str,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        *,
        body: bytes | None = None,
        crash: bool = False,
    ) -> Response:
        """The response to a request as it stands; with ``crash`` an error of the server's own is let pass."""
        self._transport.raise_app_exceptions = not crash
        self._transport.client = (self.host or f"fd00:0:0:{next(NETWORKS):x}::1", 1)
        return self._runner.run(
            self._client.request(
                method, path, params=query or None, headers=dict(headers or {}), content=body
            )
        )

    def run(self, story: Callable[[AsyncClient], Coroutine[Any, Any, T]]) -> T:
        """What comes of a story of requests at the same time."""
        return self._runner.run(story(self._client))

    def get(self, path: str, token: str = EVALUATOR, **query: Any) -> Any:
        """The JSON of a successful answer."""
        answer = self.ask(path, query, bearer(token))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def session(self, token: str = EVALUATOR) -> dict[str, str]:
        """The cookie of a login; where there is no database for one, a cookie that could be of one."""
        if token not in self._sessions:
            answer = self.ask("/login", method="POST", body=urlencode({"token": token}).encode())
            given = SimpleCookie(answer.headers.get("set-cookie", ""))
            if COOKIE not in given:
                return {"Cookie": f"{COOKIE}={'A' * 43}"}
            self._sessions[token] = {"Cookie": f"{COOKIE}={given[COOKIE].value}"}
        return self._sessions[token]

    def status(self, path: str, token: str = EVALUATOR, **query: Any) -> int:
        return self.ask(path, query, bearer(token)).status_code

    def items(self, path: str, token: str = EVALUATOR, **query: Any) -> list[Any]:
        """Every item of a list, page by page."""
        found: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, token, **query, **cursor)
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            assert page["items"], "a page that goes on lists something here"
            cursor = {"cursor": page["next_cursor"]}


@pytest.fixture
def desk(database_url: str) -> Desk:
    """A worker on an empty database."""
    return Desk(database_url)


@contextmanager
def running(database_url: str) -> Iterator[Api]:
    """The API over a database, started and stopped as a server would."""
    app = create_app(settings_for(database_url))
    with asyncio.Runner() as runner:
        lifespan = app.router.lifespan_context(app)
        runner.run(lifespan.__aenter__())
        try:
            yield Api(runner, ASGITransport(app), database_url)
        finally:
            runner.run(lifespan.__aexit__(None, None, None))


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[str, int]]:
    """Host and port of the API as a real server, in a thread of its own."""
    running_server = server(settings)
    thread = threading.Thread(target=running_server.run, args=(sockets(settings),), name="api")
    thread.start()
    while not running_server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    host, port = running_server.servers[0].sockets[0].getsockname()[:2]
    try:
        yield host, port
    finally:
        running_server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def api(database_url: str) -> Iterator[Api]:
    """The API over this test's own database."""
    with running(database_url) as api:
        yield api


@pytest.fixture(scope="session")
def season() -> list[SimulatedRecord]:
    return list(simulate(SEASON_EVENTS, seed=7))


@pytest.fixture(scope="session")
def expected(season: list[SimulatedRecord]) -> Expected:
    return expected_answers(season)


@pytest.fixture(scope="session")
def season_database(
    postgres_server: EmbeddedPostgres, season: list[SimulatedRecord]
) -> Iterator[str]:
    """The URL of a database that holds the season, added up; tests only read it."""
    database_url = postgres_server.create_database("season_of_http")
    desk = Desk(database_url)
    write_season(desk, season)
    desk.add_up()
    yield database_url
    postgres_server.drop_database("season_of_http")


@pytest.fixture(scope="session")
def season_api(season_database: str) -> Iterator[Api]:
    """The API over the season's database."""
    with running(season_database) as api:
        yield api


def write_season(desk: Desk, season: Iterable[SimulatedRecord]) -> None:
    """Everything through the intake's own writer, catalogue first: a lane a topic."""
    lanes = {partner: desk.lane(partner) for partner in PARTNER_IDS}
    catalogue: dict[str, list[Decoded]] = defaultdict(list)
    others: dict[str, list[Decoded]] = defaultdict(list)
    offsets: dict[str, int] = defaultdict(int)
    for record in season:
        partner = record.topic.rpartition(".")[2]
        outcome = decode(partner, record.key, record.headers, record.value)
        offset = offsets[partner]
        offsets[partner] += 1
        raw = raw_record(record.key, record.value)
        published = isinstance(outcome, PartnerEvent) and not outcome.stream.startswith(
            PARTICIPANT_STREAM
        )
        (catalogue if published else others)[partner].append(Decoded(offset, outcome, raw))
    for partner, lane in lanes.items():
        # Offsets follow the order of writing, so that the lane stays gapless.
        records = [
            replace(record, offset=offset)
            for offset, record in enumerate(catalogue[partner] + others[partner])
        ]
        for start in range(0, len(records), BATCH_RECORDS):
            desk.write(lane, records[start : start + BATCH_RECORDS])
        desk.follow_catalogue(partner)
