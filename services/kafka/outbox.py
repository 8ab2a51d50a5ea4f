"""A producer whose messages are delivered together, and which shuts out every earlier one of its name.

Kafka's transactions: https://kafka.apache.org/documentation/#semantics. Who opens a producer of a transactional id ends
what an earlier one of this id had begun, and that one's messages are refused from then on, also those that are on their
way.
"""

from collections.abc import Iterable
from contextlib import suppress

from kafka.errors import KafkaError

from services.kafka.errors import translated
from services.kafka.failures import BrokerUnavailable
from services.kafka.producer import Outgoing, Producer
from services.kafka.security import UNSECURED, Security


class KafkaOutbox(Producer):
    """Delivers messages, all of a call or none. After a failure it is of no use any more: another one is opened."""

    def __init__(
        self, bootstrap: str, transactional_id: str, *, security: Security = UNSECURED
    ) -> None:
        """Connects, and shuts out earlier producers of ``transactional_id``; raises as Producer does."""
        super().__init__(
            bootstrap,
            security=security,
            client_id="tuntas-answers",
            transactional_id=transactional_id,
        )
        self._logs: dict[str, str] = {}
        try:
            with translated(f"opening {transactional_id} at {bootstrap}", self._who):
                self._kafka.init_transactions()
        except BaseException:
            self.close()
            raise

    def log_of(self, topic: str) -> str:
        """The cluster's id and the topic's.

        Raises BrokerUnavailable when it is another one than before: what was delivered is no longer there.
        """
        if topic not in self._topics:
            self._find(topic)
        found = self._kafka.log_of(topic)
        if self._logs.setdefault(topic, found) != found:
            raise BrokerUnavailable(f"The topic {topic} was deleted and made anew.")
        return found

    def deliver(self, messages: Iterable[Outgoing]) -> None:
        """Returns when Kafka has all of them; raises KafkaFailure. Blocks."""
        with translated("telling answers", self._who):
            self._kafka.begin_transaction()
            for message in messages:
                if message.topic not in self._topics:
                    self._find(message.topic)
                self.send(message.topic, message.key, message.headers, message.value)
            self.flush()
            self._kafka.commit_transaction()

    def close(self) -> None:
        with suppress(KafkaError):
            super().close()
