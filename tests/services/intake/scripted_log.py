"""A log that is handed to a worker piece by piece."""

import json
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from services.intake.worker import Worker
from services.kafka.failures import LogMismatch
from services.kafka.records import AnyRecord, Fetched, Polled
from services.postgres.connect import connect

TOPIC = "tuntas.partner.pintaria"
LANES = frozenset({(TOPIC, 0), (TOPIC, 1)})
NONE: frozenset[tuple[str, int]] = frozenset()


def completed(event_id: str, participant_id: str) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": "/partners/pintaria",
            "type": "id.tuntas.class.completed.v1",
            "time": "2020-07-01T08:00:00+07:00",
            "data": {"participant_id": participant_id, "class_code": "C-1"},
        }
    ).encode()


Poll: TypeAlias = Polled | LogMismatch | Callable[[], Polled | None]


class Log:
    """Stands in for PartnerConsumer: plays a list of polls, then stops the worker.

    Beside what a poll brings, an entry may be a failure, or something that is done when that poll is asked for, and
    says what it brings, or None.
    """

    has_joined = True

    def __init__(self, polls: Sequence[Poll], stop: threading.Event) -> None:
        self.polls = list(polls)
        self.stop = stop
        self.sought: list[tuple[str, int, int]] = []
        self.paused: list[tuple[str, int]] = []
        self.closed = 0
        self.on_commit: Callable[[Mapping[tuple[str, int], int]], None] = lambda _offsets: None

    def poll(
        self,
        timeout_seconds: float,
        max_records: int,
        max_bytes: int,
        held: Collection[tuple[str, int]],
    ) -> Polled:
        assert timeout_seconds >= 0
        assert max_records > 0
        assert max_bytes > 0
        assert set(held) <= LANES
        if not self.polls:
            self.stop.set()
            return Polled([], NONE, NONE, NONE)
        following = self.polls.pop(0)
        if isinstance(following, LogMismatch):
            raise following
        if isinstance(following, Polled):
            return following
        return following() or Polled([], NONE, NONE, NONE)

    def seek(self, topic: str, partition: int, offset: int, reached: int = 0) -> bool:
        assert reached >= offset
        self.sought.append((topic, partition, offset))
        return True

    def pause(self, topic: str, partition: int) -> None:
        self.paused.append((topic, partition))

    def commit(self, next_offsets: Mapping[tuple[str, int], int]) -> None:
        assert next_offsets.keys() <= LANES
        self.on_commit(next_offsets)

    def beginning_offsets(
        self, partitions: Collection[tuple[str, int]]
    ) -> dict[tuple[str, int], int]:
        return dict.fromkeys(partitions, 0)

    def cluster_id(self) -> str:
        return "log"

    def topic_id(self, topic: str) -> str | None:
        return f"id of {topic}"

    def close(self) -> None:
        self.closed += 1


def fetched(partition: int, *records: AnyRecord, next_offset: int) -> Polled:
    part = Fetched(TOPIC, partition, list(records), next_offset, next_offset)
    return Polled([part], NONE, NONE, NONE)


def given() -> Polled:
    return Polled([], LANES, NONE, NONE)


def taken_away(partition: int) -> Polled:
    return Polled([], NONE, frozenset({(TOPIC, partition)}), NONE)


def given_anew(partition: int) -> Polled:
    return Polled([], frozenset({(TOPIC, partition)}), NONE, NONE)


def read_through(database_url: str, polls: Sequence[Poll], *, batch_records: int = 10) -> Log:
    """Has a worker that knows nothing read what the polls bring, until they are through."""
    stop = threading.Event()
    log = Log(polls, stop)
    play(database_url, log, stop, batch_records)
    return log


def play(database_url: str, log: Log, stop: threading.Event, batch_records: int) -> None:
    """Has such a worker read this log, until ``stop`` is set."""
    Worker(
        partial(connect, database_url, "test"),
        lambda: log,  # type: ignore[arg-type,return-value]
        batch_records=batch_records,
        poll_seconds=0.01,
        cached_participants=10,
    ).run(stop)
