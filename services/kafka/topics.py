"""The topics of partners, and those that tell them what was rejected and what the answers are."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from kafka.errors import TopicAlreadyExistsError, TopicAuthorizationFailedError, for_code

from domain.vocabulary import (
    ANSWER_TOPIC_PREFIX,
    PARTNERS,
    REJECTION_TOPIC_PREFIX,
    TOPIC_PREFIX,
)
from services.kafka.admin import admin_client
from services.kafka.errors import not_allowed
from services.kafka.failures import BrokerRefused, NotLetIn
from services.kafka.security import UNSECURED, Security

BROKER_DEFAULT: Final = -1
"""What Kafka's protocol calls the number of replicas that the broker's own settings give."""


def topics_of(partners: Iterable[str]) -> str:
    """The regular expression of these partners' topics, and no other."""
    names = "|".join(re.escape(partner) for partner in sorted(partners))
    return "^" + re.escape(TOPIC_PREFIX) + "(" + names + ")$"


PARTNER_TOPICS: Final = topics_of(PARTNERS)
"""The topics of all partners."""


def partner_topic(partner: str) -> str:
    """The topic a partner writes to."""
    return TOPIC_PREFIX + partner


def rejection_topic(partner: str) -> str:
    """The topic a partner reads what was rejected from."""
    return REJECTION_TOPIC_PREFIX + partner


def answer_topic(partner: str) -> str:
    """The topic that tells the answers about a partner's purchased classes; compacted."""
    return ANSWER_TOPIC_PREFIX + partner


PARTNER_TOPICS_OF: Final[Sequence[Callable[[str], str]]] = (
    partner_topic,
    rejection_topic,
    answer_topic,
)
"""Every topic of a partner."""


def ensure_topics(
    bootstrap: str,
    partitions: int = 6,
    partners: Iterable[str] = PARTNERS,
    *,
    names: Sequence[Callable[[str], str]] = PARTNER_TOPICS_OF,
    replicas: int = 0,
    timeout_seconds: float = 15.0,
    security: Security = UNSECURED,
) -> list[str]:
    """The names of the topics that were missing and now exist, with a leader each.

    Topics that exist are left as they are, whatever their number of partitions: adding partitions
    would send a participant's next events to another lane. Safe to call from several processes.
    ``names`` says which of a partner's topics; ``replicas`` 0: the broker's default. Raises BrokerUnavailable and
    BrokerRefused.
    """
    timeout_ms = round(timeout_seconds * 1000)
    wanted = [name(partner) for partner in partners for name in names]
    doing = f"creating topics at {bootstrap}"
    with admin_client(bootstrap, security, doing, timeout_seconds=timeout_seconds) as admin:
        existing = set(admin.list_topics())
        missing = [topic for topic in wanted if topic not in existing]
        if not missing:
            return []
        answer = admin.create_topics(
            {topic: _shape(topic, partitions, replicas) for topic in missing},
            timeout_ms=timeout_ms,
            raise_errors=False,
        )
        created = [_created(topic, security.who) for topic in answer["topics"]]
        admin.wait_for_topics(missing, timeout_ms=timeout_ms)
    return [name for name in created if name]


def _shape(topic: str, partitions: int, replicas: int) -> dict[str, object]:
    shape: dict[str, object] = {
        "num_partitions": partitions,
        "replication_factor": replicas or BROKER_DEFAULT,
    }
    if topic.startswith(ANSWER_TOPIC_PREFIX):
        shape["configs"] = {"cleanup.policy": "compact"}
    return shape


def _created(answer: dict[str, object], who: str) -> str | None:
    """The topic's name; None when another process was faster."""
    error = for_code(answer["error_code"])
    if error is TopicAlreadyExistsError:
        return None
    if error is TopicAuthorizationFailedError:  # it is not there, or who asks may not see it
        raise NotLetIn(not_allowed(error({str(answer["name"])}), who))
    if answer["error_code"]:
        raise BrokerRefused(
            f"Topic {answer['name']} was not created: {answer.get('error_message') or error}"
        )
    return str(answer["name"])
