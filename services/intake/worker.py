"""The ingest service: reads the lanes that Kafka assigns to this process, batch after batch.

The offsets that count are in the lane rows. Whenever something breaks (the database or the broker is away, another
worker owns a lane, an answer to COMMIT was lost) the worker says so, drops everything it holds, waits, and starts
again from the lane rows. Nothing that was not committed was ever promised to anybody.
"""

import logging
import threading
from collections.abc import Callable

from services.intake.judging import StaleRules
from services.intake.pace import Pace
from services.intake.reading import Reading
from services.kafka.admission import Admission
from services.kafka.consumer import PartnerConsumer
from services.kafka.failures import KafkaFailure
from services.postgres.connect import close
from services.postgres.errors import PostgresError
from services.postgres.waiting import WaitingConnection
from services.resume import run_until_stopped
from services.xapi.activities import NO_PARTNERS, Activities

log = logging.getLogger("tuntas.intake")


class Worker:
    """One ingest process. Start as many as there are cores; Kafka divides the lanes among them."""

    def __init__(
        self,
        connect: Callable[[], WaitingConnection],
        subscribe: Callable[[], PartnerConsumer],
        *,
        batch_records: int,
        poll_seconds: float,
        cached_participants: int,
        activities: Activities = NO_PARTNERS,
    ) -> None:
        """``connect`` and ``subscribe`` open what the worker needs, again after each failure."""
        self._connect = connect
        self._subscribe = subscribe
        self._pace = Pace(batch_records)
        self._poll_seconds = poll_seconds
        self._cached_participants = cached_participants
        self._activities = activities
        self._admission = Admission()

    def run(self, stop: threading.Event) -> None:
        """Reads until ``stop`` is set; a batch that was begun is finished. Never gives up on broken infrastructure.

        Raises AccessRefused where Kafka refuses this client before it was ever in the group.
        """
        broken = (PostgresError, KafkaFailure, StaleRules)
        run_until_stopped(self._run_until_broken, stop, broken, log)

    def _run_until_broken(self, stop: threading.Event) -> None:
        session = self._connect()
        try:
            with self._admission.sought():
                self._read(session, stop)
        finally:
            close(session)

    def _read(self, session: WaitingConnection, stop: threading.Event) -> None:
        consumer = self._subscribe()
        try:
            reading = Reading(
                session, consumer, self._cached_participants, self._pace, self._activities
            )
            reading.run(stop, self._poll_seconds)
        finally:
            self._admission.is_granted |= consumer.has_joined
            consumer.close()
