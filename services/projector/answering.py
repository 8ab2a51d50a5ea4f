"""Tells on ``tuntas.answers.<partner>`` whenever the answer about a purchased class changed.

At least once, and in order for each class. Before Kafka is given something it is noted that it may arrive, and when
Kafka has it, what was told. One process tells at a time, and what an earlier one may still have on its way is refused
by Kafka once this one has begun (transactional ids). It runs beside the project service's other duties, on a thread and
a connection of its own: when Kafka does not take answers, sums and rejections go on.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from typing import Final, NamedTuple, Protocol

from psycopg2.extensions import connection

from domain.vocabulary import ANSWER_TOPIC_PREFIX, PARTNER_CODES
from projections.answers import following
from projections.answers.following import Behind, Looking, Transaction
from projections.answers.told import Change
from services.cloudevents.answer import AnswerChanged, encode, shape, withdrawn_headers
from services.kafka.failures import KafkaFailure
from services.kafka.producer import STRUCTURED
from services.logs import pairs
from services.postgres.connect import close, transaction
from services.postgres.errors import PostgresError
from services.resume import run_until_stopped

log: Final = logging.getLogger("tuntas.answers")

LOOK_SECONDS: Final = 0.2
CLAIM_SECONDS: Final = 2.0
"""A process that may not tell, as another one does, asks again after so long."""


class Message(NamedTuple):
    """One message. ``value`` None: Kafka's tombstone."""

    topic: str
    key: bytes
    headers: Sequence[tuple[str, bytes]]
    value: bytes | None


class Outbox(Protocol):
    """Where messages go. No other outbox that was opened earlier delivers anything any more."""

    def log_of(self, topic: str) -> str:
        """What tells the topic from one that is made under its name later."""

    def deliver(self, messages: Sequence[Message]) -> None:
        """Returns when Kafka has all of them, and raises KafkaFailure otherwise. Blocks."""


OpenOutbox = Callable[[], AbstractContextManager[Outbox]]


class Answering:
    """Tells the changes of some partners' answers."""

    def __init__(
        self, connect: Callable[[], connection], open_outbox: OpenOutbox, partner_ids: Iterable[int]
    ) -> None:
        """``connect`` opens the connection, again after each failure; as ``open_outbox`` does."""
        self._connect = connect
        self._open_outbox = open_outbox
        self._partner_ids = sorted(partner_ids)
        self._failed: int | None = None

    def run(self, stop: threading.Event) -> None:
        """Tells until ``stop`` is set. Never gives up on broken infrastructure: says so, waits and resumes."""
        run_until_stopped(self._run_until_broken, stop, (PostgresError, KafkaFailure), log)

    def _run_until_broken(self, stop: threading.Event) -> None:
        session = self._connect()
        opened: Transaction = partial(transaction, session)
        try:
            while not stop.is_set():
                with opened() as cursor:
                    is_ours = following.claim(cursor)
                if is_ours:
                    break
                stop.wait(CLAIM_SECONDS)
            else:
                return
            with self._open_outbox() as outbox:
                telling = Telling(opened, outbox, self._partner_ids)
                while not stop.is_set():
                    if not self._look(telling, stop):
                        stop.wait(LOOK_SECONDS)
        finally:
            close(session)

    def _look(self, telling: "Telling", stop: threading.Event) -> int:
        """Looks once at each partner that there is something to do for; returns how many those were."""
        found = telling.behind()
        # One whose messages were refused last time comes last: the others do not wait for it.
        found.sort(key=lambda of: of.partner_id == self._failed)
        for of in found:
            if stop.is_set():
                break
            self._failed = of.partner_id
            telling.tell(of, stop)
            self._failed = None
        return len(found)


class Telling:
    """What one outbox is told."""

    def __init__(self, opened: Transaction, outbox: Outbox, partner_ids: Iterable[int]) -> None:
        self._opened = opened
        self._outbox = outbox
        self._looking = Looking({})
        self._shape = shape()
        self._topics: Mapping[int, str] = {
            partner_id: ANSWER_TOPIC_PREFIX + PARTNER_CODES[partner_id]
            for partner_id in partner_ids
        }

    def behind(self) -> list[Behind]:
        """The partners that there is something to do for."""
        told_in = {
            partner_id: f"{self._outbox.log_of(topic)}/{self._shape}"
            for partner_id, topic in self._topics.items()
        }
        with self._opened() as cursor:
            found = following.behind(cursor, told_in)
            for of in found:
                if of.told_in != told_in[of.partner_id]:
                    following.begin(cursor, of, told_in[of.partner_id])
                    log.info("told from the beginning %s", pairs(partner_id=of.partner_id))
        return found

    def tell(self, of: Behind, stop: threading.Event) -> None:
        """One step: what the catalogue changed, then some events of each lane."""
        if of.told_revision is not None and of.told_revision != of.revision:
            for people in following.touched_by_catalogue(self._opened, of):
                if self._tell_of(of.partner_id, people, stop) is None:
                    return
            with self._opened() as cursor:
                following.followed(cursor, of)
        with self._opened() as cursor:
            step = following.step(cursor, of.partner_id)
        told = self._tell_of(of.partner_id, step.persons, stop)
        if told is None:
            return
        with self._opened() as cursor:
            following.looked_at(cursor, of.partner_id, step)
        if step.lane_ids:
            log.info(
                "told %s",
                pairs(partner_id=of.partner_id, looked_at=len(step.persons), answers=told),
            )

    def _tell_of(self, partner_id: int, people: Sequence[int], stop: threading.Event) -> int | None:
        """Tells what changed of some participants; returns how many answers, None: it was stopped in between."""
        topic = self._topics[partner_id]
        told = 0
        for start in range(0, len(people), following.PARTICIPANTS):
            if stop.is_set():
                return None
            page = people[start : start + following.PARTICIPANTS]
            with self._opened() as cursor:
                looked = self._looking.changes(cursor, partner_id, page, self._outbox.log_of(topic))
                following.note(cursor, partner_id, looked.under_way)
            if looked.changes:
                now = datetime.now(UTC)
                self._outbox.deliver([message(topic, change, now) for change in looked.changes])
                with self._opened() as cursor:
                    following.note(cursor, partner_id, looked.told)
            told += len(looked.changes)
        return told


def message(topic: str, change: Change, now: datetime) -> Message:
    """The message about one change."""
    key = change.key
    if change.answer is None:
        headers = withdrawn_headers(change.event_id, key, now)
        return Message(topic, key.encode(), headers, None)
    event = AnswerChanged(id=change.event_id, subject=key, time=now, data=change.answer)
    return Message(topic, key.encode(), STRUCTURED, encode(event))
