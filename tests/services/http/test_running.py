"""The API over a database that is away, empty, or comes back; and what Prometheus reads of it."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.embedded.postgres import EmbeddedPostgres
from services.http.database import SESSION_SETTINGS, Database, Session
from services.simulator.expected import Expected
from tests.services.http.conftest import Api, bearer, running
from tests.services.http.desk import Desk
from tests.services.http.test_refusals import LISTS, PATHS, problem


def test_before_its_tables_are_made_it_is_alive_but_not_ready(empty_database_url: str) -> None:
    with running(empty_database_url) as api:
        assert api.ask("/livez").status_code == 200
        problem(api.ask("/readyz"), 503)
        for path in PATHS:
            answer = api.ask(path, headers=bearer())
            assert "tables" in problem(answer, 503)["detail"]
            assert answer.headers["retry-after"] == "1"
        Desk(empty_database_url)
        assert api.ask("/readyz").status_code == 200
        assert api.get("/v1/purchased-classes")["items"] == []


@pytest.mark.parametrize(
    "database_url", ["postgresql://tuntas@127.0.0.1:1/tuntas", "postgresql://x@/y?host=/nowhere"]
)
def test_without_a_database_it_is_alive_but_not_ready(database_url: str) -> None:
    with running(database_url) as api:
        assert api.ask("/livez").status_code == 200
        assert "database_up 0.0" in api.ask("/metrics", headers=bearer()).text
        problem(api.ask("/readyz"), 503)
        for path in PATHS:
            problem(api.ask(path, headers=bearer()), 503)
        for path in LISTS:
            problem(api.ask(path, headers={**bearer(), "Accept": "text/csv"}), 503)


@pytest.mark.slow
def test_it_resumes_by_itself_when_the_database_comes_back(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data")
    with server:
        database_url = server.create_database("coming_and_going")
        Desk(database_url).session.close()
        with running(database_url) as api:
            assert api.get("/v1/purchased-classes")["items"] == []
            server.kill()
            problem(api.ask("/v1/purchased-classes", headers=bearer()), 503)
            problem(api.ask("/readyz"), 503)
            assert api.ask("/livez").status_code == 200
            server.start()
            assert api.ask("/readyz").status_code == 200
            assert api.get("/v1/purchased-classes")["items"] == []


def test_a_lost_connection_is_not_noticed_by_readers(database_url: str) -> None:
    desk = Desk(database_url)
    with running(database_url) as api:
        assert api.get("/v1/purchased-classes")["items"] == []
        desk.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            SESSION_SETTINGS["application_name"],
        )
        assert api.get("/v1/participants/PRK-1/classes")["items"] == []
        assert api.get("/v1/purchased-classes")["items"] == []


def test_a_question_that_takes_too_long_is_given_up(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Desk(database_url)
    monkeypatch.setitem(SESSION_SETTINGS, "statement_timeout", "50ms")

    async def slow(session: Session) -> None:
        await session.fetch("SELECT pg_sleep(5)")

    async def ask() -> None:
        database = Database(database_url)
        try:
            await database.read(slow)
        finally:
            await database.close()

    with pytest.raises(Exception, match="too long"):
        asyncio.run(ask())


def test_readers_cannot_write(database_url: str) -> None:
    Desk(database_url)

    async def write(session: Session) -> None:
        await session.fetch("DELETE FROM ledger.stored_event")

    async def ask() -> None:
        database = Database(database_url)
        try:
            await database.read(write)
        finally:
            await database.close()

    with pytest.raises(Exception, match="read-only"):
        asyncio.run(ask())


def test_an_error_of_the_server_is_a_problem_too(
    season_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.http.routing._encode", lambda _answer: 1 / 0)
    body = problem(season_api.ask("/v1/intake", headers=bearer(), crash=True), 500)
    assert "division" not in str(body)


def test_prometheus_reads_requests_and_the_intake(season_api: Api, expected: Expected) -> None:
    season_api.get("/v1/participants/PRK-1/classes")
    season_api.get("/v1/participants/PRK-2/classes")
    season_api.status("/v1/purchases/tokopedia/nothing")
    season_api.ask("/nowhere")
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(
            season_api.ask("/metrics", headers=bearer()).text
        )
        for sample in family.samples
    }
    template = "/v1/participants/{participant_id}/classes"
    assert samples["tuntas_http_requests_total", template, "200"] >= 2
    assert (
        samples["tuntas_http_requests_total", "/v1/purchases/{partner}/{purchase_id}", "404"] >= 1
    )
    assert samples["tuntas_http_requests_total", "404", "none"] >= 1
    assert samples["tuntas_http_request_seconds_count", template] >= 2
    assert samples["tuntas_database_up",] == 1
    for topic, counts in expected.counts.items():
        for outcome in ("accepted", "duplicate", "rejected"):
            key = ("tuntas_intake_records_total", *sorted(("0", "log", outcome, topic)))
            assert samples[key] == counts[outcome]
        assert samples["tuntas_intake_lag", "0", "log", topic] == 0
