"""A place that answers are told to, which breaks when it is asked to, and what a reader makes of them."""

import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from domain.vocabulary import PARTNER_IDS
from services.kafka.failures import BrokerUnavailable
from services.postgres.connect import transaction
from services.projector.answering import Message, Telling
from tests.services.http.desk import Desk as ApiDesk
from tests.services.intake.desk import Desk


class Outbox:
    """Keeps what it is told. ``breaks``: how often it does so before it takes anything, or afterwards."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.log = "log/1"
        self.breaks_before = 0
        self.breaks_after = 0
        self.refused = ""
        """The topic that takes nothing."""

    def log_of(self, topic: str) -> str:
        return f"{self.log}/{topic}"

    def deliver(self, messages: Sequence[Message]) -> None:
        if any(message.topic == self.refused for message in messages):
            raise BrokerUnavailable
        if self.breaks_before:
            self.breaks_before -= 1
            raise BrokerUnavailable
        self.messages += messages
        if self.breaks_after:
            self.breaks_after -= 1
            raise BrokerUnavailable

    def taken(self) -> list[Message]:
        """What was told since this was asked last."""
        messages, self.messages = self.messages, []
        return messages


def tell(desk: Desk | ApiDesk, outbox: Outbox, partners: Sequence[str] = ("tokopedia",)) -> None:
    """What a process does that begins to tell, until there is nothing left."""
    telling = Telling(
        partial(transaction, desk.session),
        outbox,
        [PARTNER_IDS[partner] for partner in partners],
    )
    stop = threading.Event()
    while found := telling.behind():
        for of in found:
            telling.tell(of, stop)


def data_of(message: Message) -> Any:
    """The answer in a message; None: the class is no longer purchased."""
    return None if message.value is None else msgspec.json.decode(message.value)["data"]


def folded(messages: Sequence[Message]) -> dict[bytes, Any]:
    """What a reader knows who keeps the latest message of each key."""
    latest = {message.key: data_of(message) for message in messages}
    return {key: answer for key, answer in latest.items() if answer is not None}
