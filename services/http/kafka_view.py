"""What the API knows of Kafka: it asks by itself, so that a dead intake is not taken for one with nothing to do."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from domain.telling import tell
from projections.reading import intake
from projections.reading.by_partner import ALL_PARTNERS
from projections.reading.kafka_log import Asked, KafkaLog, Place
from projections.reading.session import Session
from services.http.away import DatabaseAway
from services.http.database import Database
from services.kafka.failures import KafkaFailure
from services.kafka.log_watch import LogWatch
from services.logs import pairs
from services.unworkable import Unworkable

LOOK_SECONDS: Final = 2.0
STALE_SECONDS: Final = 10.0
"""What was said longer ago is not passed off as what is."""

log = logging.getLogger("tuntas.api")


class AskedOnce:
    """In the place of a view: what Kafka said when a command asked it."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked


class KafkaView:
    """Kafka's own word, some seconds old at most, from `start` to `close`."""

    def __init__(
        self, open_watch: Callable[[], LogWatch], topics: Sequence[str], database: Database
    ) -> None:
        """``open_watch`` connects; ``topics`` are those of the partners that are read."""
        self._open_watch = open_watch
        self._topics = topics
        self._database = database
        self._watch: LogWatch | None = None
        self._log: KafkaLog | None = None
        self._answered = float("-inf")
        self._unknown = tell("Kafka has not been asked yet")
        self._is_away = False
        self._next_offsets: dict[Place, int] = {}
        self._thread = ThreadPoolExecutor(1, "kafka")
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to ask, again and again."""
        self._looking = asyncio.create_task(self._look_on())

    async def close(self) -> None:
        """Asks no more, and disconnects."""
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking
        watch, self._watch = self._watch, None
        if watch is not None:
            self._thread.submit(watch.close)
        self._thread.shutdown(wait=False)

    @property
    def asked(self) -> Asked:
        """Kafka's latest answer, or why there is none that is still true."""
        if self._log is None:
            return Asked(unknown=self._unknown)
        silent = time.monotonic() - self._answered
        if silent > STALE_SECONDS:
            return Asked(
                unknown=tell(
                    "Kafka has not answered for %(seconds)s seconds", seconds=round(silent)
                )
            )
        return Asked(self._log)

    async def _look_on(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with suppress(DatabaseAway):
                await self._database.read(self._read_offsets)
            try:
                self._log = await loop.run_in_executor(self._thread, self._look)
                self._answered = time.monotonic()
                if self._is_away:
                    log.info("Kafka answers again")
                self._is_away = False
            except (KafkaFailure, Unworkable) as failure:
                if not self._is_away:
                    log.warning("Kafka is not asked %s", pairs(why=str(failure)))
                self._is_away = True
                self._log = None
                self._unknown = tell("Kafka cannot be asked")
            await asyncio.sleep(LOOK_SECONDS)

    async def _read_offsets(self, session: Session) -> None:
        lanes = await intake.lanes(session, ALL_PARTNERS)
        self._next_offsets = {
            (lane.topic, lane.partition): lane.next_offset for lane in lanes if lane.is_current
        }

    def _look(self) -> KafkaLog:
        """On the thread that the watch belongs to; a watch that failed is thrown away."""
        watch = self._watch or self._open_watch()
        try:
            found = watch.look(self._topics, self._next_offsets)
        except BaseException:
            self._watch = None
            watch.close()
            raise
        self._watch = watch
        return found
