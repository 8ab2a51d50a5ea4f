"""Questions that judge many rows again: few at once, with an end, and page by page."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
from httpx import AsyncClient, Response

from projections.reading import evaluations_days
from services.http import listing, long_questions, turns
from services.simulator import simulate
from tests.projections.kept import Kept
from tests.services.http.conftest import Api, bearer, running

EVALUATION = "/v1/partners/pintaria/evaluation"
THEN = {"as_of": "2020-12-31T12:00:00+07:00"}
END_OF_DAY = {"as_of": "2020-12-31T23:59:59.999999+07:00"}
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'tuntas api' AND wait_event_type = 'Lock'
"""


@pytest.fixture
def told(database_url: str) -> Iterator[Kept]:
    """A small season, added up."""
    kept = Kept(database_url)
    kept.tell(simulate(1_000, seed=3))
    kept.settle()
    yield kept
    kept.close()


@pytest.fixture(autouse=True)
def by_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sums over time answer: every question as of a time judges rows."""
    monkeypatch.setattr(evaluations_days, "MOST_BEHIND", -1)


@contextmanager
def held_up(database_url: str) -> Iterator[Any]:
    """Whoever judges people again waits; gives a function that counts who does."""
    with psycopg2.connect(database_url) as holding, holding.cursor() as work:
        work.execute("LOCK TABLE ledger.snapshot IN ACCESS EXCLUSIVE MODE")

        def waiting() -> int:
            work.execute("SELECT pg_stat_clear_snapshot()")
            work.execute(WAITING)
            return int((work.fetchone() or (0,))[0])

        yield waiting
    holding.close()


def asking(client: AsyncClient, path: str, **query: str) -> "asyncio.Task[Response]":
    return asyncio.create_task(client.get(path, params=query, headers=bearer()))


async def until_waiting(waiting: Any, wanted: int) -> None:
    async with asyncio.timeout(20):
        while waiting() < wanted:  # noqa: ASYNC110 - what it waits for is in the database
            await asyncio.sleep(0.01)


def test_few_long_questions_are_answered_at_once_and_others_meanwhile(told: Kept, api: Api) -> None:
    async def story(client: AsyncClient) -> list[Response]:
        paths = ["/v1/partners", "/v1/institutions", EVALUATION] * 2
        with held_up(told.url) as waiting:
            long = [asking(client, path, **THEN) for path in paths]
            await until_waiting(waiting, long_questions.AT_ONCE_OF_SHARE)
            quick = [await asking(client, path) for path in paths[:2] * 5]
            assert waiting() == long_questions.AT_ONCE_OF_SHARE
            assert not any(each.done() for each in long)
        return [*quick, *await asyncio.gather(*long)]

    answers = api.run(story)
    assert {answer.status_code for answer in answers} == {200}


def test_the_end_of_a_day_does_not_wait_for_long_questions(
    told: Kept, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluations_days, "MOST_BEHIND", 0)

    async def story(client: AsyncClient) -> Response:
        with held_up(told.url) as waiting:
            path = "/v1/purchased-classes"
            long = [asking(client, path, **THEN) for _ in range(2 * long_questions.AT_ONCE)]
            await until_waiting(waiting, long_questions.AT_ONCE_OF_SHARE)
            answer = await asyncio.wait_for(asking(client, EVALUATION, **END_OF_DAY), 20)
        await asyncio.gather(*long)
        return answer

    answer = api.run(story)
    assert answer.status_code == 200
    assert answer.json()["purchased"] > 0


def refusal(answer: Response) -> str:
    """The sentence of an answer that says to ask again."""
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "1"
    return str(answer.json()["detail"])


def test_a_long_question_is_given_up_after_its_time(
    told: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_questions, "ANSWER_SECONDS", 0.5)

    async def story(client: AsyncClient) -> list[Response]:
        with held_up(told.url):
            asked = [asking(client, EVALUATION, **THEN) for _ in range(2 * long_questions.AT_ONCE)]
            return await asyncio.gather(*asked)

    with running(told.url) as api:
        sentences = {refusal(answer) for answer in api.run(story)}
        assert sentences == {
            "this question took more than 0.5 seconds; ask about less, or for the list as a file"
        }
        monkeypatch.undo()
        assert api.status(EVALUATION, **THEN) == 200


def test_a_long_question_does_not_wait_for_its_turn_for_ever(
    told: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.2)

    async def story(client: AsyncClient) -> list[Response]:
        with held_up(told.url) as waiting:
            asked = [
                asking(client, EVALUATION, **THEN) for _ in range(long_questions.AT_ONCE_OF_SHARE)
            ]
            await until_waiting(waiting, long_questions.AT_ONCE_OF_SHARE)
            one_more = await asking(client, EVALUATION, **THEN)
        return [one_more, *await asyncio.gather(*asked)]

    with running(told.url) as api:
        one_more, *others = api.run(story)
        assert refusal(one_more).startswith("2 questions of this token with as_of over many rows")
        assert {answer.status_code for answer in others} == {200}


@pytest.mark.parametrize("path", ["/v1/partners", "/v1/institutions"])
def test_a_page_ends_after_its_time_and_the_next_one_goes_on(
    told: Kept, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    with running(told.url) as api:
        whole = api.items(path, **THEN)
        monkeypatch.setattr(listing, "PAGE_SECONDS", 0)
        assert len(api.get(path, **THEN)["items"]) == 1 < len(whole)
        assert api.items(path, **THEN) == whole
