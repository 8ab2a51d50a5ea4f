"""eventsourcing's recorder interfaces as views on one lane of the ledger.

The library's own PostgreSQL recorders need psycopg 3; this project writes on psycopg2. What the interfaces promise
is checked by the suites that the library ships (tests/recorder_conformance/).
Source: eventsourcing 9.5, eventsourcing/persistence.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event
from time import time_ns
from typing import Any, Final
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    OperationalError,
    ProcessRecorder,
    ProgrammingError,
    StoredEvent,
    Subscription,
    Tracking,
    TrackingRecorder,
)
from psycopg2.extensions import cursor

from projections.storage import people
from projections.storage.copy import bigint_array, text_array
from projections.storage.sql import load
from services.postgres import vault
from services.postgres.errors import LedgerConflict, PostgresError, StatementRefused
from services.postgres.lane_rows import LaneState
from services.postgres.ledger import LaneEvents, copy_events
from services.postgres.pool import ConnectionPool
from services.postgres.recorded_events import (
    notification_of,
    participants_of,
    person_and_stream,
    row_of,
    stored_as,
    stored_event_of,
)
from services.postgres.topic_numbers import topic_numbers

SQL: Final = load("services.postgres", "lane_recorder.sql")

POLL_SECONDS: Final = 0.05


POSITIONS_AT_ONCE: Final = 1_000
"""So many positions of a lane are looked at in one query, however few of them have a wanted topic."""


@contextmanager
def as_the_interface_says() -> Iterator[None]:
    """A block whose PostgresErrors are raised as the library's exceptions for the same thing."""
    try:
        yield
    except LedgerConflict as error:
        raise IntegrityError(str(error)) from error
    except StatementRefused as error:
        raise ProgrammingError(str(error)) from error
    except PostgresError as error:
        raise OperationalError(str(error)) from error


class LaneView:
    """What all recorders of a lane share: the lane and the way to the database."""

    def __init__(self, pool: ConnectionPool, lane: LaneState) -> None:
        self.pool = pool
        self.lane = lane
        self._names = {"lane_id": lane.lane_id, "partner_id": lane.partner_id}

    @contextmanager
    def transaction(self) -> Iterator[cursor]:
        with as_the_interface_says(), self.pool.transaction() as work:
            yield work


class LaneAggregateRecorder(LaneView, AggregateRecorder):
    """Events of streams. As the interface wants it, ``insert_events`` answers None here."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        self._insert(stored_events, **kwargs)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        originator = str(originator_id)
        bounds = {"gt": gt, "lte": lte, "limit": limit}
        with self.transaction() as work:
            numbers = vault.known_numbers(work, participants_of([originator]))
            of = person_and_stream(originator, numbers)
            if of is None:
                return []
            names = self._names | bounds | {"person": of[0], "stream": of[1]}
            work.execute(SQL["select_events_backwards" if desc else "select_events"], names)
            return [stored_event_of(originator, *row[2:]) for row in work.fetchall()]

    def _insert(
        self, stored_events: Sequence[StoredEvent], tracking: Tracking | None = None
    ) -> Sequence[int] | None:
        """The positions of the events, which get the lane's next ones, without gaps."""
        if not stored_events and tracking is None:
            return None
        originators = [str(event.originator_id) for event in stored_events]
        with self.transaction() as work:
            persons = vault.numbers(work, participants_of(originators))
        with self.transaction() as work:
            first = self._reserve(work, stored_events, persons)
            if tracking is not None:
                move_tracking(work, self.lane, tracking)
            recorded = time_ns() // 1000
            numbers = topic_numbers(work, {event.topic for event in stored_events})
            rows = [row_of(event, recorded, persons) for event in stored_events]
            events = LaneEvents(self.lane.lane_id, self.lane.partner_id, first, rows)
            copy_events(work, [events], recorded, topic_numbers=numbers)
            # Whoever wrote these expected nothing behind them.
            written = bigint_array(persons.values())
            work.execute(SQL["forget_snapshots"], self._names | {"persons": written})
        return range(first, first + len(stored_events))

    def _reserve(
        self, work: cursor, stored_events: Sequence[StoredEvent], persons: Mapping[str, int]
    ) -> int:
        """The first new position, with the lane locked; raises IntegrityError for a known version."""
        work.execute(SQL["reserve"], self._names | {"count": len(stored_events)})
        ((first,),) = work.fetchall()
        new = {
            (*stored_as(str(event.originator_id), persons), event.originator_version)
            for event in stored_events
        }
        streams = {(person, stream) for person, stream, _ in new}
        wanted = {
            "persons": bigint_array(person for person, _ in streams),
            "streams": text_array(stream for _, stream in streams),
            "versions": [version for *_, version in new],
        }
        work.execute(SQL["versions"], self._names | wanted)
        if len(new) < len(stored_events) or not new.isdisjoint(work.fetchall()):
            raise IntegrityError("a version of a stream is recorded once")
        position: int = first
        return position


class LaneApplicationRecorder(LaneAggregateRecorder, ApplicationRecorder):
    """Events of streams, and all of the lane's events in order: position = notification id."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        positions = self._insert(stored_events, **kwargs)
        return None if positions is None else list(positions)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        first = 1 if start is None else start if inclusive_of_start else start + 1
        found: list[Notification] = []
        with self.transaction() as work:
            end = self._positions(work) if stop is None else min(stop, self._positions(work))
            while first <= end and len(found) < limit:
                last = min(end, first + max(limit, POSITIONS_AT_ONCE) - 1)
                bounds = {"start": first, "last": last, "limit": limit - len(found)}
                names = self._names | bounds | {"topics": text_array(topics)}
                work.execute(SQL["select_notifications"], names)
                rows = work.fetchall()
                who = people.names(work, (person for _, person, *_ in rows if person))
                found += [notification_of(row, who) for row in rows]
                first = last + 1
        return found

    def max_notification_id(self) -> int | None:
        with self.transaction() as work:
            return self._positions(work) or None

    def _positions(self, work: cursor) -> int:
        work.execute(SQL["max_position"], self._names)
        ((position,),) = work.fetchall()
        return int(position)

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        return LaneSubscription(self, gt, topics)


class LaneTrackingRecorder(LaneView, TrackingRecorder):
    """How far other applications' notifications were processed; a tracking only moves forward."""

    def insert_tracking(self, tracking: Tracking) -> None:
        with self.transaction() as work:
            move_tracking(work, self.lane, tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        with self.transaction() as work:
            work.execute(SQL["max_tracking"], self._names | {"application_name": application_name})
            row = work.fetchone()
            return None if row is None else row[0]


class LaneRecorder(LaneTrackingRecorder, LaneApplicationRecorder, ProcessRecorder):
    """The whole of a lane; ``insert_events(…, tracking=…)`` writes both in one transaction."""


class LaneSubscription(Subscription[ApplicationRecorder]):
    """The lane's events after ``gt``, then each new one. ``next`` blocks until there is one or it is stopped.

    It asks again every ``poll_seconds``: the intake, which writes most events, must not be slowed by NOTIFY, whose
    queue lock makes commits wait for each other.
    """

    def __init__(
        self,
        recorder: ApplicationRecorder,
        gt: int | None,
        topics: Sequence[str],
        batch: int = 500,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._batch = batch
        self._poll_seconds = poll_seconds
        self._waiting: Iterator[Notification] = iter(())
        self._stopped = Event()

    def stop(self) -> None:
        super().stop()
        self._stopped.set()

    def __next__(self) -> Notification:
        while not self._stopped.is_set():
            notification = next(self._waiting, None) or self._ask()
            if notification is not None:
                self._last_notification_id = notification.id
                return notification
            self._stopped.wait(self._poll_seconds)
        raise StopIteration

    def _ask(self) -> Notification | None:
        found = self._recorder.select_notifications(
            self._last_notification_id or 0,
            self._batch,
            None,
            self._topics,
            inclusive_of_start=False,
        )
        self._waiting = iter(found)
        return next(self._waiting, None)


def move_tracking(work: cursor, lane: LaneState, tracking: Tracking) -> None:
    """Record a tracking; raises IntegrityError unless it is further than the one before."""
    names = {
        "partner_id": lane.partner_id,
        "lane_id": lane.lane_id,
        "application_name": tracking.application_name,
        "notification_id": tracking.notification_id,
    }
    work.execute(SQL["insert_tracking"], names)
    if not work.fetchall():
        raise IntegrityError(
            f"notification {tracking.notification_id} of {tracking.application_name} is processed"
        )
