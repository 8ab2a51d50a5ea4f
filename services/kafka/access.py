"""Who may do what on a secured cluster: the least that partners and Tuntas's own services need.

A partner may write its own topic and read what it is told, in consumer groups of its own; nothing else. What Kafka's
authorizer lets nobody do is left out: where there is a line for a topic, all others are refused.
https://kafka.apache.org/documentation/#operations_resources_and_protocols says which request needs which line.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from kafka.admin import ACLOperation, ACLResourcePatternType, ResourceType
from msgspec import Struct

from services.kafka.topics import answer_topic, partner_topic, rejection_topic

INGEST: Final = "tuntas-ingest"
PROJECT: Final = "tuntas-project"
API: Final = "tuntas-api"
ADMIN: Final = "tuntas-admin"
SERVICES: Final = (INGEST, PROJECT, API, ADMIN)
"""The users that Tuntas itself connects as."""

TOLD_IN: Final = (rejection_topic, answer_topic)
"""The topics in which a partner is told something: written by the project service, read by the partner."""

OF_TUNTAS: Final = "tuntas."
"""What the names of all topics of Tuntas begin with."""


def transactional_id(consumer_group: str, server_number: int) -> str:
    """Whom the answers are told as: one at a time of each server's processes. ``consumer_group`` is the ingest's."""
    return f"{_answers(consumer_group)}{server_number}"


def _answers(consumer_group: str) -> str:
    return f"{consumer_group}-answers-"


CLUSTER: Final = "kafka-cluster"
"""The one name that a cluster has in its own access control list."""

LITERAL: Final = ACLResourcePatternType.LITERAL
PREFIXED: Final = ACLResourcePatternType.PREFIXED


class Line(Struct, frozen=True):
    """``user`` may do ``operation`` (Kafka's number) with what has this name, or a name that begins so."""

    user: str
    resource: int
    name: str
    operation: int
    pattern: int = LITERAL

    def __str__(self) -> str:
        """A sentence without its full stop."""
        every = "every " if self.pattern == PREFIXED else ""
        begins = " that begins so" if self.pattern == PREFIXED else ""
        operation = ACLOperation(self.operation).name.lower().replace("_", " ")
        resource = ResourceType(self.resource).name.lower().replace("_", " ")
        if self.resource == ResourceType.CLUSTER:
            return f"{self.user} may {operation} the cluster"
        return f"{self.user} may {operation} {every}{resource} {self.name}{begins}"


def group_prefix(partner: str) -> str:
    """What the names of a partner's consumer groups begin with."""
    return f"{partner}."


def lines_of_partner(partner: str) -> Iterator[Line]:
    """What a partner may do; its user is named as the partner is."""
    yield Line(partner, ResourceType.TOPIC, partner_topic(partner), ACLOperation.WRITE)
    for topic in TOLD_IN:
        yield Line(partner, ResourceType.TOPIC, topic(partner), ACLOperation.READ)
    group = group_prefix(partner)
    yield Line(partner, ResourceType.GROUP, group, ACLOperation.READ, PREFIXED)


def lines_of_services(partners: Iterable[str], consumer_group: str) -> Iterator[Line]:
    """What Tuntas's own services may do."""
    for partner in partners:
        for reader in (INGEST, API):  # the API looks how much waits, and since when
            yield Line(reader, ResourceType.TOPIC, partner_topic(partner), ACLOperation.READ)
        for topic in TOLD_IN:
            yield Line(PROJECT, ResourceType.TOPIC, topic(partner), ACLOperation.WRITE)
    for operation in (ACLOperation.WRITE, ACLOperation.DESCRIBE):
        answers = _answers(consumer_group)
        yield Line(PROJECT, ResourceType.TRANSACTIONAL_ID, answers, operation, PREFIXED)
    yield Line(INGEST, ResourceType.GROUP, consumer_group, ACLOperation.READ)
    yield Line(ADMIN, ResourceType.TOPIC, OF_TUNTAS, ACLOperation.CREATE, PREFIXED)
    yield Line(ADMIN, ResourceType.TOPIC, OF_TUNTAS, ACLOperation.DESCRIBE, PREFIXED)
    yield Line(ADMIN, ResourceType.CLUSTER, CLUSTER, ACLOperation.ALTER)
