"""What answers are made from: the database, the catalogue in memory, and how far it all is behind."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from copy import copy
from typing import Final

from msgspec.structs import replace

from projections.reading import intake
from projections.reading.by_partner import ALL_PARTNERS
from projections.reading.catalogue import CatalogueCache, Known, version
from projections.reading.intake import Backlog, Freshness, Lane, freshness
from projections.reading.kafka_log import Asked, KafkaLog
from projections.reading.session import Session
from services.http.access import Caller
from services.http.database import Database
from services.http.kafka_view import AskedOnce, KafkaView
from services.http.long_questions import LongQuestions
from services.http.pacing import PacedSession
from services.http.parameters import now

STALE_SECONDS: Final = 0.25
EXPIRED_SECONDS: Final = 0.5


class FreshnessCache:
    """How far answers are behind, at most half a second old."""

    def __init__(self, database: Database, asked: Callable[[], Asked | None]) -> None:
        """``asked``: what Kafka said last; None: nobody asks it."""
        self._database = database
        self._asked = asked
        self._lanes: Sequence[Lane] = ()
        self._changes: dict[int, int] = {}
        self._changes_since: dict[int, int] = {}
        self._read_at = float("-inf")
        self._behind: dict[int, Backlog] = {}
        self._compared_at: tuple[KafkaLog | None, float] = (None, self._read_at)
        self._reading = asyncio.Lock()
        self._ahead: asyncio.Task[None] | None = None

    async def of(self, partner_ids: Iterable[int]) -> Freshness:
        """How far the answers about some partners are behind. Raises DatabaseAway."""
        age = time.monotonic() - self._read_at
        if age > EXPIRED_SECONDS:
            await self._read()
        elif age > STALE_SECONDS and (self._ahead is None or self._ahead.done()):
            # Read ahead of the expiry, so that under load no answer waits for it.
            self._ahead = asyncio.create_task(self._read())
            self._ahead.add_done_callback(_seen)
        asked = self._asked()
        log, unknown = (None, None) if asked is None else (asked.log, asked.unknown)
        if self._compared_at[0] is not log or self._compared_at[1] != self._read_at:
            self._behind = self._dated(intake.backlog(self._lanes, self._changes, log))
            self._compared_at = (log, self._read_at)
        return freshness(self._behind, partner_ids, now(), unknown)

    async def close(self) -> None:
        """Ends what is read ahead."""
        if self._ahead is not None:
            self._ahead.cancel()
            await asyncio.wait([self._ahead])

    async def _read(self) -> None:
        asked_at = time.monotonic()
        async with self._reading:
            if self._read_at >= asked_at:
                return
            began = time.monotonic()
            self._lanes, self._changes = await self._database.read(_lanes_and_changes)
            seen = now()
            self._changes_since = {
                partner_id: self._changes_since.get(partner_id, seen)
                for partner_id, count in self._changes.items()
                if count
            }
            self._read_at = began

    def _dated(self, behind: dict[int, Backlog]) -> dict[int, Backlog]:
        """The backlog with a time for catalogue changes that wait while no lane lags: since they were seen first."""
        return {
            partner_id: replace(of, since=self._changes_since.get(partner_id))
            if of.since is None
            else of
            for partner_id, of in behind.items()
        }


async def _lanes_and_changes(session: Session) -> tuple[list[Lane], dict[int, int]]:
    return await intake.lanes(session, ALL_PARTNERS), await intake.changes(session)


def _seen(task: "asyncio.Task[None]") -> None:
    """Takes note of a failure: the reader that meets the expiry asks again and reports it."""
    if not task.cancelled():
        task.exception()


class Sources:
    """Everything that routes read from: of all, or of one token."""

    def __init__(self, database_url: str) -> None:
        self._shares: dict[bytes, Sources] = {}
        self.database = Database(database_url)
        self.catalogue = CatalogueCache()
        self.kafka: KafkaView | AskedOnce | None = None
        """Asks Kafka, where it is named: in the API's own process."""
        self.freshness = FreshnessCache(self.database, self.asked)
        self.long_questions = LongQuestions()

    async def close(self) -> None:
        """Ends reading, and closes the connections."""
        await self.freshness.close()
        await self.database.close()

    def of(self, caller: Caller) -> "Sources":
        """The same for a caller's token, whose questions take turns where they are many."""
        shared = self._shares.get(caller.share)
        if shared is None:
            shared = self._shares[caller.share] = copy(self)
            shared.database = self.database.share()
            shared.long_questions = self.long_questions.share()
        return shared

    def asked(self) -> Asked | None:
        """What Kafka said last; None: nobody asks it."""
        return None if self.kafka is None else self.kafka.asked

    async def known(self, session: Session) -> Known:
        """The catalogue, not older than the session's snapshot."""
        return await self.catalogue.at_least(session, await version(session))

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[tuple[PacedSession, Known]]:
        """A connection in one snapshot, and the catalogue for its rows. Raises DatabaseAway."""
        async with self.database.snapshot() as session:
            yield session, await self.known(session)
