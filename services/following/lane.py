"""One lane of the ledger as an application of the eventsourcing library, to be read and never written."""

from collections.abc import Sequence
from typing import Any

from eventsourcing.application import Application
from eventsourcing.persistence import (
    ApplicationRecorder,
    Mapper,
    ProgrammingError,
    StoredEvent,
    Subscription,
)

from services.postgres.lane_recorder import LaneApplicationRecorder, LaneSubscription
from services.postgres.lane_rows import LaneState
from services.postgres.mapper import FactMapper
from services.postgres.pool import ConnectionPool

IDLE_SECONDS = 0.5
"""A lane that has nothing new is asked again after so long."""


class LaneToRead(LaneApplicationRecorder):
    """The notification log of a lane: position = notification id, without gaps."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        del stored_events, kwargs
        raise ProgrammingError("the intake alone writes the lanes of partners")

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        return LaneSubscription(self, gt, topics, poll_seconds=IDLE_SECONDS)


class Lane(Application[str]):
    """An application whose events are those of one lane: `Reported` facts of one topic partition, in order.

    Classes of it are made by `lane`, one a lane, because the library makes applications from their class.
    """

    of: LaneState
    pool: ConnectionPool

    def construct_recorder(self) -> ApplicationRecorder:
        return LaneToRead(self.pool, self.of)

    def construct_mapper(self) -> Mapper[str]:
        return FactMapper()


def lane(of: LaneState, pool: ConnectionPool) -> type[Lane]:
    """The application class of one lane. Its name, under which it is tracked, is that of the topic partition."""
    name = f"{of.topic}/{of.partition} of {of.log_id}"
    return type("LaneOfLedger", (Lane,), {"name": name, "of": of, "pool": pool})
