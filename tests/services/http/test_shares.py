"""No token's questions keep another's from being answered, and whoever waits too long is told so."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg2
import pytest
from httpx import ASGITransport, AsyncClient, Response

from services.http import long_questions, turns
from services.http.app import create_app
from services.http.database import EXPORTS_OF_SHARE, QUESTIONS_OF_SHARE
from services.http.pacing import Pace
from services.http.turns import Turns
from services.simulator import simulate
from tests.projections.kept import Kept
from tests.services.http.conftest import EVALUATOR, TOKENS, bearer, settings_for
from tests.services.http.test_long_questions import THEN, WAITING, until_waiting
from tests.services.http.test_refusals import problem

ONE, OTHER = EVALUATOR, TOKENS["pintaria"]
LIST, PERSON = "/v1/purchased-classes", "/v1/participants/nobody/classes"


@pytest.fixture
def told(database_url: str) -> Iterator[Kept]:
    """A small season, added up."""
    kept = Kept(database_url)
    kept.tell(simulate(1_000, seed=3))
    kept.settle()
    yield kept
    kept.close()


@contextmanager
def held_up(database_url: str, table: str) -> Iterator[Any]:
    """Whoever reads a table waits; gives a function that counts who does."""
    with psycopg2.connect(database_url) as holding, holding.cursor() as work:
        work.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")

        def waiting() -> int:
            work.execute("SELECT pg_stat_clear_snapshot()")
            work.execute(WAITING)
            return int((work.fetchone() or (0,))[0])

        yield waiting
    holding.close()


@asynccontextmanager
async def asked(database_url: str) -> AsyncIterator[tuple[AsyncClient, Any]]:
    """A client of an API, and the application itself."""
    app = create_app(settings_for(database_url))
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://api") as client,
    ):
        yield client, app


def asking(
    client: AsyncClient, path: str, token: str, accept: str = "*/*", **query: str
) -> "asyncio.Task[Response]":
    headers = {**bearer(token), "Accept": accept}
    return asyncio.create_task(client.get(path, params=query, headers=headers))


def test_one_tokens_questions_leave_connections_for_anothers(
    told: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 1.0)

    async def story() -> None:
        async with asked(told.url) as (client, _):
            await asking(client, "/v1/partners", OTHER)
            with held_up(told.url, "vault.person") as waiting:
                many = [asking(client, PERSON, ONE) for _ in range(30)]
                await until_waiting(waiting, QUESTIONS_OF_SHARE)
                for _ in range(5):
                    assert (await asking(client, "/v1/partners", OTHER)).status_code == 200
                done, _ = await asyncio.wait(many, timeout=10, return_when="FIRST_COMPLETED")
                for each in done:
                    refused = await each
                    assert "of this token are being" in problem(refused, 503)["detail"]
                    assert refused.headers["retry-after"]
                assert waiting() == QUESTIONS_OF_SHARE
            answers = [(await each).status_code for each in many]
            assert answers.count(200) >= QUESTIONS_OF_SHARE
            assert set(answers) == {200, 503}

    asyncio.run(story())


def test_one_tokens_long_questions_leave_turns_for_anothers(told: Kept) -> None:
    async def story() -> None:
        async with asked(told.url) as (client, _):
            paths = ("/v1/partners", LIST, "/v1/package-purchases", "/v1/institutions")
            with held_up(told.url, "projections.purchased_class, projections.purchase") as waiting:
                many = [asking(client, path, ONE, **THEN) for path in paths * 3]
                await until_waiting(waiting, long_questions.AT_ONCE_OF_SHARE)
                others = [asking(client, path, OTHER, **THEN) for path in paths]
                await until_waiting(waiting, long_questions.AT_ONCE)
                await asyncio.sleep(0.1)
                assert waiting() == long_questions.AT_ONCE
            answers = await asyncio.gather(*many, *others)
            assert {answer.status_code for answer in answers} == {200}

    asyncio.run(story())


def test_a_long_question_of_somebody_who_left_is_not_answered_any_further(told: Kept) -> None:
    async def story() -> None:
        async with asked(told.url) as (client, app):
            left = asyncio.Event()

            async def receive() -> dict[str, Any]:
                await left.wait()
                return {"type": "http.disconnect"}

            async def send(_message: Any) -> None: ...

            with held_up(told.url, "projections.purchased_class") as waiting:
                scope = scope_of(LIST, ONE, b"as_of=2020-12-31T00:00:00Z")
                question = asyncio.create_task(app(scope, receive, send))
                await until_waiting(waiting, 1)
                left.set()
                await asyncio.wait_for(question, 5)
            assert (await asking(client, "/v1/partners", ONE)).status_code == 200

    asyncio.run(story())


def scope_of(path: str, token: str, query: bytes = b"", accept: str = "*/*") -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(b"authorization", f"Bearer {token}".encode()), (b"accept", accept.encode())],
        "server": ("api", 80),
        "client": ("127.0.0.1", 1),
        "state": {},
    }


def test_exports_that_are_not_read_leave_room_for_anothers(
    told: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.5)

    async def story() -> None:
        async with asked(told.url) as (client, app):
            left = asyncio.Event()
            begun = asyncio.Semaphore(0)

            async def receive() -> dict[str, Any]:
                await left.wait()
                return {"type": "http.disconnect"}

            async def send(_message: Any) -> None:
                begun.release()
                await asyncio.Event().wait()  # nobody reads

            unread = []
            for _ in range(EXPORTS_OF_SHARE):
                scope = scope_of(LIST, ONE, accept="text/csv")
                unread.append(asyncio.create_task(app(scope, receive, send)))
                await begun.acquire()
            refused = await asking(client, LIST, ONE, "text/csv")
            assert "2 exports of this token" in problem(refused, 503)["detail"]
            assert refused.headers["retry-after"]
            assert (await asking(client, LIST, OTHER, "text/csv")).status_code == 200
            assert (await asking(client, LIST, ONE)).status_code == 200
            left.set()  # what the server does to whoever does not read
            await asyncio.wait_for(asyncio.gather(*unread), 10)
            assert (await asking(client, LIST, ONE, "text/csv")).status_code == 200

    asyncio.run(story())


def test_a_head_of_an_export_reads_nothing(told: Kept) -> None:
    async def story() -> None:
        async with asked(told.url) as (client, _):
            for _ in range(3 * EXPORTS_OF_SHARE):
                headers = {**bearer(ONE), "Accept": "text/csv"}
                answer = await client.head(LIST, headers=headers)
                assert answer.status_code == 200
                assert answer.headers["content-type"].startswith("text/csv")
                assert answer.content == b""

    asyncio.run(story())


def test_between_the_steps_of_long_questions_short_ones_go_on() -> None:
    async def story() -> None:
        pace = Pace()
        steps = 0

        async def long() -> None:
            nonlocal steps
            for _ in range(50):
                await pace.turn()
                steps += 1
                time.sleep(0.001)  # noqa: ASYNC251 - a step of judging holds the process

        many = [asyncio.create_task(long()) for _ in range(12)]
        await asyncio.sleep(0)
        pace.short += 1
        for _ in range(20):
            before = steps
            await asyncio.sleep(0)  # one round of the event loop
            assert steps - before <= 1
        pace.short -= 1
        await asyncio.gather(*many)
        assert steps == 600

    asyncio.run(story())


def test_a_step_that_nobody_waits_for_any_more_is_passed_over() -> None:
    async def story() -> None:
        pace = Pace()
        first, second = (asyncio.create_task(pace.turn()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait_for(second, 5)
        await asyncio.wait_for(pace.turn(), 5)

    asyncio.run(story())


def test_a_turn_that_nobody_waits_for_any_more_is_the_next_ones() -> None:
    async def story() -> None:
        few = Turns(1, "questions")
        await few.take()
        first, second, third = (asyncio.create_task(few.take()) for _ in range(3))
        await asyncio.sleep(0)
        first.cancel()
        few.release()
        second.cancel()  # it has the turn by now, and does not take it any more
        await asyncio.wait_for(third, 5)
        assert second.cancelled() or second.done()
        few.release()
        await asyncio.wait_for(few.take(), 5)

    asyncio.run(story())
