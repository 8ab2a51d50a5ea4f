"""Topics of answers in this process: who opens an outbox shuts out every earlier one, as Kafka's transactions do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from services.kafka.failures import BrokerRefused, BrokerUnavailable
from services.projector.answering import Message
from tests.simulation.faults import Faults
from tests.simulation.scheduler import Scheduler


class Topics:
    """What was told of answers, in order, and whose outbox is the newest."""

    def __init__(self, scheduler: Scheduler, faults: Faults) -> None:
        self.messages: list[Message] = []
        self._newest: Outbox | None = None
        self._scheduler = scheduler
        self._faults = faults

    def follow(self, earlier: Topics) -> None:
        """What was told in another run is there already."""
        self.messages += earlier.messages

    @contextmanager
    def open(self) -> Iterator[Outbox]:
        """One more outbox, which shuts out the others."""
        self._scheduler.pause()
        if self._faults.refuses("an outbox"):
            raise BrokerUnavailable
        self._newest = Outbox(self)
        yield self._newest

    def take(self, outbox: Outbox, messages: Sequence[Message]) -> None:
        """All of the messages, or none."""
        self._scheduler.pause()
        if outbox is not self._newest:
            raise BrokerRefused("another producer has begun")
        if self._faults.refuses("answers"):
            raise BrokerUnavailable
        self.messages += messages
        self._scheduler.pause()
        if self._faults.refuses("the word that answers arrived"):
            raise BrokerUnavailable

    def folded(self) -> dict[tuple[str, str], Any]:
        """What a reader knows who keeps the latest message of each topic and key."""
        latest = {(each.topic, each.key.decode()): each.value for each in self.messages}
        return {
            key: msgspec.json.decode(value)["data"]
            for key, value in latest.items()
            if value is not None
        }


class Outbox:
    """As the answering has it."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics

    def log_of(self, topic: str) -> str:
        return f"log/{topic}"

    def deliver(self, messages: Sequence[Message]) -> None:
        self._topics.take(self, messages)
