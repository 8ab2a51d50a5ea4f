"""What Kafka holds is said rightly of both brokers, with the age of what waits, and of a topic made anew."""

import time
from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient

from services.kafka.failures import KafkaFailure
from services.kafka.log_watch import LogWatch
from services.kafka.producer import Producer
from tests.services.cli.commands import NOBODY
from tests.services.kafka.conftest import create_topic

pytestmark = pytest.mark.kafka

RECORDS = 8


@pytest.fixture
def watch(bootstrap: str) -> Iterator[LogWatch]:
    watching = LogWatch(bootstrap)
    yield watching
    watching.close()


def send(bootstrap: str, topic: str, count: int = RECORDS) -> None:
    """Records in one batch: the embedded broker lists that as one offset."""
    with Producer(bootstrap) as producer:
        for number in range(count):
            producer.send(topic, b"key", [], b"%d" % number)
        producer.flush()


def test_the_end_is_behind_the_last_record_and_its_age_that_of_the_next(
    bootstrap: str, watch: LogWatch
) -> None:
    topic = create_topic(bootstrap)
    place = (topic, 0)
    assert watch.look([topic], {}).ends == {place: 0}
    before = time.time()
    send(bootstrap, topic)
    seen = watch.look([topic], {})
    assert (seen.begins[place], seen.ends[place]) == (0, RECORDS)
    assert before - 5 < seen.waiting_since[place] / 1e6 < time.time() + 5
    assert seen.log_id
    read = watch.look([topic], {place: RECORDS})
    assert (read.ends[place], read.waiting_since) == (RECORDS, {})
    send(bootstrap, topic)
    more = watch.look([topic], {place: RECORDS})
    assert more.ends[place] == 2 * RECORDS
    assert more.waiting_since[place] >= seen.waiting_since[place]


@pytest.mark.apache
def test_a_topic_that_is_made_anew_has_another_id_and_its_own_end(
    bootstrap: str, watch: LogWatch
) -> None:
    topic = create_topic(bootstrap)
    place = (topic, 0)
    send(bootstrap, topic, 20)
    first = watch.look([topic], {place: 20})
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.delete_topics([topic])
    deadline = time.monotonic() + 30
    while topic in admin.list_topics():
        assert time.monotonic() < deadline
    admin.close()
    create_topic(bootstrap, name=topic)
    send(bootstrap, topic, 3)
    deadline = time.monotonic() + 30
    while True:
        try:
            seen = watch.look([topic], {place: 20})
        except KafkaFailure:
            pass
        else:
            if seen.topic_ids != first.topic_ids and seen.ends == {place: 3}:
                break
        assert time.monotonic() < deadline
    assert not seen.is_of(first.log_id, topic, first.topic_ids[topic])
    assert seen.is_of(first.log_id, topic, seen.topic_ids[topic])


def test_no_broker_and_no_topic_are_said(watch: LogWatch) -> None:
    with pytest.raises(KafkaFailure, match="none of the partners' topics"):
        watch.look(["there-is-none"], {})
    with pytest.raises(KafkaFailure, match=NOBODY):
        LogWatch(NOBODY)
