"""On Apache Kafka with its authorizer: who may write and read which topic, cell by cell, and nothing else at all."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from time import time
from typing import Any

import pytest
from kafka import KafkaConsumer
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    UserScramCredentialUpsertion,
)
from kafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    NoError,
    TopicAuthorizationFailedError,
    for_code,
)
from kafka.protocol.consumer import FetchRequest
from kafka.protocol.producer import ProduceRequest

from domain.vocabulary import PARTNERS
from services.kafka.access import ADMIN, API, INGEST, PROJECT
from services.kafka.admin import admin_client
from services.kafka.failures import BrokerRefused
from services.kafka.log_watch import LogWatch
from services.kafka.topics import (
    PARTNER_TOPICS_OF,
    answer_topic,
    partner_topic,
    rejection_topic,
)
from tests.services.kafka.sealed import encode_record, seal_batch
from tests.services.kafka.secured.granted import Granted

pytestmark = pytest.mark.apache

TOPICS = [name(partner) for partner in PARTNERS for name in PARTNER_TOPICS_OF]
USERS = [*PARTNERS, INGEST, PROJECT, API, ADMIN]


def may_write(user: str, topic: str) -> bool:
    told_in = {name(partner) for partner in PARTNERS for name in (rejection_topic, answer_topic)}
    return topic in told_in if user == PROJECT else topic == f"tuntas.partner.{user}"


def may_read(user: str, topic: str) -> bool:
    written = {partner_topic(partner) for partner in PARTNERS}
    if user in {INGEST, API}:
        return topic in written
    return topic in {f"tuntas.rejections.{user}", f"tuntas.answers.{user}"}


class Asker:
    """One connection of one user; each request is sent as it is, so that the broker's own word is heard."""

    def __init__(self, admin: Any) -> None:
        self.admin = admin

    def send(self, request: Any) -> Any:
        manager = self.admin._manager  # noqa: SLF001 - as raw as the broker hears it
        return manager.run(manager.send, request)

    def write(self, topic: str) -> type[Exception]:
        data = ProduceRequest.TopicProduceData
        batch = seal_batch(encode_record(0, b"k", (), b"{}"), 1, round(time() * 1000))
        part = data.PartitionProduceData(index=0, records=batch)
        request = ProduceRequest(
            transactional_id=None,
            acks=-1,
            timeout_ms=10_000,
            topic_data=[data(name=topic, partition_data=[part])],
            min_version=3,
            max_version=9,
        )
        answer = self.send(request).responses[0].partition_responses[0]
        return error(answer.error_code)

    def read(self, topic: str) -> type[Exception]:
        wanted = FetchRequest.FetchTopic
        part = wanted.FetchPartition(
            partition=0,
            current_leader_epoch=-1,
            fetch_offset=0,
            log_start_offset=-1,
            partition_max_bytes=1_000,
        )
        request = FetchRequest(
            replica_id=-1,
            max_wait_ms=0,
            min_bytes=0,
            max_bytes=1_000,
            isolation_level=1,
            session_id=0,
            session_epoch=-1,
            topics=[wanted(topic=topic, partitions=[part])],
            forgotten_topics_data=[],
            rack_id="",
            min_version=11,
            max_version=11,
        )
        return error(self.send(request).responses[0].partitions[0].error_code)


def error(code: int) -> type[Exception]:
    found: type[Exception] = for_code(code)
    return found


@contextmanager
def asking(granted: Granted, user: str) -> Iterator[Asker]:
    with admin_client(granted.bootstrap, granted.security(user), "asking") as admin:
        yield Asker(admin)


@pytest.mark.parametrize("user", USERS)
def test_only_the_allowed_cells_succeed(granted: Granted, user: str) -> None:
    outcomes: dict[tuple[str, str], type[Exception]] = {}
    with asking(granted, user) as asker:
        for topic in TOPICS:
            outcomes["write", topic] = asker.write(topic)
            outcomes["read", topic] = asker.read(topic)
    allowed = {("write", topic) for topic in TOPICS if may_write(user, topic)}
    allowed |= {("read", topic) for topic in TOPICS if may_read(user, topic)}
    assert {cell for cell, outcome in outcomes.items() if outcome is NoError} == allowed
    refused = {outcome for cell, outcome in outcomes.items() if cell not in allowed}
    assert refused == {TopicAuthorizationFailedError}
    count = {INGEST: 8, PROJECT: 16, API: 8, ADMIN: 0}
    assert len(allowed) == count.get(user, 3)


def test_a_partner_sees_its_own_topics_only(granted: Granted) -> None:
    with asking(granted, "pintaria") as asker:
        assert sorted(asker.admin.list_topics()) == [
            "tuntas.answers.pintaria",
            "tuntas.partner.pintaria",
            "tuntas.rejections.pintaria",
        ]


Deed = Callable[[Any], object]

DEEDS: dict[str, tuple[Deed, type[Exception]]] = {
    "creating a topic": (
        lambda admin: admin.create_topics(
            {"tuntas.partner.mine": {"num_partitions": 1, "replication_factor": 1}}
        ),
        TopicAuthorizationFailedError,
    ),
    "deleting its topic": (
        lambda admin: admin.delete_topics(["tuntas.partner.pintaria"]),
        TopicAuthorizationFailedError,
    ),
    "reading who may do what": (
        lambda admin: admin.describe_acls(
            ACLFilter(
                None,
                None,
                ACLOperation.ANY,
                ACLPermissionType.ANY,
                ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
            )
        ),
        ClusterAuthorizationFailedError,
    ),
    "reading the users": (
        lambda admin: admin.describe_user_scram_credentials(["tokopedia"]),
        ClusterAuthorizationFailedError,
    ),
}


@pytest.mark.parametrize("user", ["pintaria", INGEST, PROJECT])
@pytest.mark.parametrize("deed", DEEDS)
def test_neither_partners_nor_services_govern_the_cluster(
    granted: Granted, user: str, deed: str
) -> None:
    do, refusal = DEEDS[deed]
    with asking(granted, user) as asker, pytest.raises(refusal):
        do(asker.admin)


def test_a_partner_can_neither_allow_itself_more_nor_take_another_name(granted: Granted) -> None:
    more = ACL(
        "User:pintaria",
        "*",
        ACLOperation.ALL,
        ACLPermissionType.ALLOW,
        ResourcePattern(ResourceType.TOPIC, "tuntas.partner.tokopedia"),
    )
    other = UserScramCredentialUpsertion("tokopedia", "SCRAM-SHA-512", "mine")
    with asking(granted, "pintaria") as asker:
        assert asker.admin.create_acls([more])["failed"] == [ClusterAuthorizationFailedError]
        assert asker.admin.alter_user_scram_credentials([other])["tokopedia"] is not None
        assert asker.write("tuntas.partner.tokopedia") is TopicAuthorizationFailedError


def reader(granted: Granted, user: str, group: str) -> KafkaConsumer:
    """As the guide tells partners to read, with kafka-python itself."""
    file = granted.passwords / user
    return KafkaConsumer(
        f"tuntas.rejections.{user}",
        bootstrap_servers=granted.bootstrap,
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username=user,
        sasl_plain_password=file.read_text().strip(),
        ssl_cafile=str(granted.cluster.authority.ca_file),
        group_id=group,
        auto_offset_reset="earliest",
        session_timeout_ms=6_000,
        consumer_timeout_ms=15_000,
    )


def test_a_partner_reads_in_groups_of_its_own_name_only(granted: Granted) -> None:
    with asking(granted, PROJECT) as asker:
        assert asker.write("tuntas.rejections.sisnaker") is NoError
    consumer = reader(granted, "sisnaker", "sisnaker.corrections")
    assert next(consumer).value == b"{}"
    consumer.commit()
    consumer.close()
    for group in ("tuntas", "tokopedia.corrections"):
        consumer = reader(granted, "sisnaker", group)
        with pytest.raises(GroupAuthorizationFailedError):
            next(consumer)
        consumer.close()


def test_without_a_line_nobody_may_do_anything(granted: Granted) -> None:
    stranger = granted.cluster.with_certificate("stranger")
    door = granted.cluster.certificate_door
    with admin_client(door, stranger, "asking") as admin:
        asker = Asker(admin)
        assert admin.list_topics() == []
        outcomes = {asker.write(topic) for topic in TOPICS} | {
            asker.read(topic) for topic in TOPICS
        }
    assert outcomes == {TopicAuthorizationFailedError}


def test_a_missing_line_is_told_in_a_sentence(granted: Granted) -> None:
    with (
        pytest.raises(BrokerRefused) as refused,
        admin_client(granted.bootstrap, granted.security("pintaria"), "asking for users") as admin,
    ):
        admin.describe_user_scram_credentials(["tokopedia"])
    assert str(refused.value) == (
        "While asking for users: user pintaria may not do this on the cluster: the cluster's access control list has "
        "no line for it. `tuntas partners grant`, run by an administrator of the cluster, adds the lines that Tuntas "
        "and its partners need."
    )


def test_a_certificate_of_a_partners_name_has_its_rights(granted: Granted) -> None:
    holder = granted.cluster.with_certificate("pintaria")
    with admin_client(granted.cluster.certificate_door, holder, "asking") as admin:
        asker = Asker(admin)
        may = {topic for topic in TOPICS if asker.write(topic) is NoError}
    assert may == {"tuntas.partner.pintaria"}


def test_the_api_looks_how_much_waits(granted: Granted) -> None:
    topics = [partner_topic(partner) for partner in PARTNERS]
    with closing(LogWatch(granted.bootstrap, granted.security(API))) as watch:
        found = watch.look(topics, {})
    assert {topic for topic, _ in found.ends} == set(topics)
