"""The topics of partners, and those that tell them what was rejected."""

from collections.abc import Iterable
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError, for_code

from domain.vocabulary import PARTNERS, REJECTION_TOPIC_PREFIX, TOPIC_PREFIX
from services.kafka.errors import BrokerRefused, translated
from services.kafka.sockets import CLOSING_SOCKETS

BROKER_DEFAULT: Final = -1
"""What Kafka's protocol calls the number of replicas that the broker's own settings give."""


def partner_topic(partner: str) -> str:
    """The topic a partner writes to."""
    return TOPIC_PREFIX + partner


def rejection_topic(partner: str) -> str:
    """The topic a partner reads what was rejected from."""
    return REJECTION_TOPIC_PREFIX + partner


def ensure_topics(
    bootstrap: str,
    partitions: int = 6,
    partners: Iterable[str] = PARTNERS,
    *,
    replicas: int = 0,
    timeout_seconds: float = 15.0,
) -> list[str]:
    """The names of the topics that were missing and now exist, with a leader each.

    Topics that exist are left as they are, whatever their number of partitions: adding partitions
    would send a participant's next events to another lane. Safe to call from several processes.
    ``replicas`` 0: the broker's default. Raises BrokerUnavailable and BrokerRefused.
    """
    timeout_ms = round(timeout_seconds * 1000)
    shape = {"num_partitions": partitions, "replication_factor": replicas or BROKER_DEFAULT}
    wanted = [name(partner) for partner in partners for name in (partner_topic, rejection_topic)]
    with translated(f"creating topics at {bootstrap}"):
        admin = _Admin(
            bootstrap_servers=bootstrap.split(","),
            bootstrap_timeout_ms=timeout_ms,
            request_timeout_ms=timeout_ms,
            client_id="tuntas-topics",
            proxy_url=CLOSING_SOCKETS,
        )
        try:
            existing = set(admin.list_topics())
            missing = [topic for topic in wanted if topic not in existing]
            if not missing:
                return []
            answer = admin.create_topics(
                dict.fromkeys(missing, shape),
                timeout_ms=timeout_ms,
                raise_errors=False,
            )
            created = [_created(topic) for topic in answer["topics"]]
            admin.wait_for_topics(missing, timeout_ms=timeout_ms)
        finally:
            admin.close()
    return [name for name in created if name]


def _created(answer: dict[str, object]) -> str | None:
    """The topic's name; None when another process was faster."""
    error = for_code(answer["error_code"])
    if error is TopicAlreadyExistsError:
        return None
    if answer["error_code"]:
        raise BrokerRefused(
            f"Topic {answer['name']} was not created: {answer.get('error_message') or error}"
        )
    return str(answer["name"])


class _Admin(KafkaAdminClient):  # type: ignore[misc]  # kafka-python has no annotations
    """Ends its thread when no broker was found; by itself that goes on looking for ever."""

    def __init__(self, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except BaseException:
            if client := getattr(self, "_client", None):
                client.close()
            raise
