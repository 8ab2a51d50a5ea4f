"""Connections come back whatever a question ends in, and long reading leaves some for others."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from services.http.away import DatabaseAway
from services.http.database import CONNECTIONS, EXPORTS, Database, Session


def run(database_url: str, story: Callable[[Database], Coroutine[Any, Any, None]]) -> None:
    """A story of a database, in an event loop of its own; it must not wait for ever."""

    async def told() -> None:
        database = Database(database_url)
        try:
            await asyncio.wait_for(story(database), 30)
        finally:
            await database.close()

    asyncio.run(told())


async def one(session: Session) -> Any:
    return await session.fetchval("SELECT 1")


async def backend(session: Session) -> Any:
    return await session.fetchval("SELECT pg_backend_pid()")


async def refused(session: Session) -> Any:
    return await session.fetchval("SELECT 1 / 0")


async def crashing(session: Session) -> Any:
    await session.fetchval("SELECT 1")
    raise LookupError


async def slow(session: Session) -> Any:
    return await session.fetchval("SELECT pg_sleep(60)")


@pytest.mark.parametrize(
    ("question", "failure"),
    [(refused, asyncpg.DivisionByZeroError), (crashing, LookupError)],
)
def test_failing_questions_use_no_connection_up(
    database_url: str, question: Callable[[Session], Awaitable[Any]], failure: type[Exception]
) -> None:
    async def story(database: Database) -> None:
        for _ in range(2 * CONNECTIONS):
            with pytest.raises(failure):
                await database.read(question)
        assert await database.read(one) == 1

    run(database_url, story)


def test_a_question_that_nobody_waits_for_any_more_uses_no_connection_up(
    database_url: str,
) -> None:
    async def story(database: Database) -> None:
        for _ in range(2 * CONNECTIONS):
            asking = asyncio.create_task(database.read(slow))
            await database.read(one)
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
        assert await database.read(one) == 1

    run(database_url, story)


def test_questions_one_after_another_share_a_connection(database_url: str) -> None:
    async def story(database: Database) -> None:
        assert len({await database.read(backend) for _ in range(20)}) == 1

    run(database_url, story)


def test_more_questions_than_connections_wait_their_turn(database_url: str) -> None:
    async def story(database: Database) -> None:
        answers = await asyncio.gather(*(database.read(backend) for _ in range(10 * CONNECTIONS)))
        assert len(answers) == 10 * CONNECTIONS
        assert len(set(answers)) <= CONNECTIONS

    run(database_url, story)


def test_long_reading_leaves_connections_for_others(database_url: str) -> None:
    async def story(database: Database) -> None:
        stop = asyncio.Event()

        async def read_for_long() -> None:
            async with database.snapshot():
                await stop.wait()

        readers = [asyncio.create_task(read_for_long()) for _ in range(2 * CONNECTIONS)]
        answers = await asyncio.gather(*(database.read(backend) for _ in range(50)))
        assert len(set(answers)) <= CONNECTIONS - EXPORTS
        stop.set()
        await asyncio.gather(*readers)

    run(database_url, story)


def test_long_reading_that_is_broken_off_uses_no_connection_up(database_url: str) -> None:
    async def story(database: Database) -> None:
        async def broken_off() -> None:
            async with database.snapshot() as session:
                await crashing(session)

        for _ in range(3 * EXPORTS):
            with pytest.raises(LookupError):
                await broken_off()
        async with database.snapshot() as session:
            assert await one(session) == 1

    run(database_url, story)


def test_a_snapshot_does_not_see_what_is_written_later(database_url: str) -> None:
    async def story(database: Database) -> None:
        writer = await asyncpg.connect(database_url)
        await writer.execute("CREATE TABLE numbers (n integer)")
        async with database.snapshot() as session:
            assert await session.fetchval("SELECT count(*) FROM numbers") == 0
            await writer.execute("INSERT INTO numbers VALUES (1)")
            assert await session.fetchval("SELECT count(*) FROM numbers") == 0
        async with database.snapshot() as session:
            assert await session.fetchval("SELECT count(*) FROM numbers") == 1
        await writer.close()

    run(database_url, story)


def test_when_it_is_closed_it_says_so(database_url: str) -> None:
    async def story(database: Database) -> None:
        assert await database.read(one) == 1
        await database.close()
        with pytest.raises(DatabaseAway):
            await database.read(one)

    run(database_url, story)


def test_whoever_leads_is_asked(database_url: str) -> None:
    """Reading only, a session is none that asyncpg would count as read-write."""

    async def story(database: Database) -> None:
        assert await database.read(one) == 1

    run(f"{database_url}&target_session_attrs=read-write", story)


def test_while_none_leads_the_database_is_away(database_url: str) -> None:
    async def story(database: Database) -> None:
        with pytest.raises(DatabaseAway):
            await database.read(one)

    run(f"{database_url}&target_session_attrs=standby", story)
