"""Reads as the API does, in one snapshot, while everything else goes on; and what such an answer must agree with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import asyncpg

from projections.reading.catalogue import CatalogueCache
from services.http.database import SESSION_SETTINGS
from tests.simulation import answers, ledgers
from tests.simulation.kafka import Log
from tests.simulation.scheduler import NEVER, Scheduler

BEHIND: Final = (
    "SELECT EXISTS (SELECT FROM control.catalogue_head WHERE applied_revision < revision)"
)


class StepSession:
    """A connection each of whose queries is a step."""

    def __init__(self, session: Any, scheduler: Scheduler, pid: int) -> None:
        self._session = session
        self._scheduler = scheduler
        self._pid = pid

    async def fetch(self, query: str, *values: Any) -> Sequence[Any]:
        self._scheduler.pause()
        with self._scheduler.statement(self._pid, query, NEVER):
            rows: Sequence[Any] = await self._session.fetch(query, *values)
        return rows

    async def fetchrow(self, query: str, *values: Any) -> Any:
        rows = await self.fetch(query, *values)
        return rows[0] if rows else None


class Snapshots:
    """Asks within snapshots, as the API does, by a connection that is opened when it is first needed, and kept."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._loop = asyncio.Runner()
        self._session: Any = None

    def ask(self, work: Callable[[Any], Awaitable[None]]) -> None:
        """Blocks until it is done; what goes wrong ends the connection."""
        self._loop.run(self._ask(work))

    def close(self) -> None:
        if self._session is not None:
            self._session.terminate()
        self._loop.close()

    async def _ask(self, work: Callable[[Any], Awaitable[None]]) -> None:
        if self._session is None:
            settings = SESSION_SETTINGS | {"plan_cache_mode": "force_custom_plan"}
            self._session = await asyncpg.connect(self._database_url, server_settings=settings)
        session, self._session = self._session, None
        try:
            async with session.transaction(isolation="repeatable_read", readonly=True):
                await work(session)
        except BaseException:
            session.terminate()
            raise
        self._session = session


class Reader:
    """One process that is asked again and again. ``answers``: how many it gave."""

    def __init__(self, scheduler: Scheduler, snapshots: Snapshots, log: Log) -> None:
        self.ledgers = self.answers = 0
        self._scheduler = scheduler
        self._snapshots = snapshots
        self._log = log
        self._catalogue = CatalogueCache()
        self._chance = scheduler.chance

    def look(self) -> None:
        """Asks once; what does not hold ends the run."""
        try:
            self._snapshots.ask(self._look)
        except AssertionError as error:
            raise AssertionError(f"while everything went on, an answer said: {error}") from error

    async def _look(self, session: Any) -> None:
        steps = StepSession(session, self._scheduler, session.get_server_pid())
        ledger = await ledgers.ledger_of(steps)
        ledgers.check(ledger, self._log.lanes)
        self.ledgers += 1
        expected = ledgers.expected_of(ledger, self._log.lanes)
        ((is_behind,),) = await steps.fetch(BEHIND)
        people = sorted({item["participant_id"] for item in expected.purchased_classes})
        if is_behind or not people:
            return
        asked = self._chance.choice(people)
        await answers.check_person(steps, self._catalogue, expected, asked)
        self.answers += 1
