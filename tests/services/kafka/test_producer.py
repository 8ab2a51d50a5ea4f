import json
from collections.abc import Iterable, Iterator

import msgspec
import pytest

from domain.vocabulary import PARTNERS
from services.kafka.failures import BrokerRefused, BrokerUnavailable, PublishFailed
from services.kafka.producer import Producer, key_of, publish, publish_lines
from services.kafka.records import Record
from services.kafka.topics import (
    answer_topic,
    ensure_topics,
    partner_topic,
    rejection_topic,
)
from tests.partitioning import partition_of
from tests.services.kafka.conftest import Reader, Subscribe, create_topic, numbers, only


class Sent(msgspec.Struct):
    topic: str
    key: bytes | None
    headers: list[tuple[str, bytes]]
    value: bytes | None


def event(kind: str, **data: object) -> bytes:
    return json.dumps({"type": f"id.tuntas.{kind}.v1", "data": data}).encode()


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (event("class.completed", participant_id="PRK-1", class_code="C-1"), b"PRK-1"),
        (event("purchase.paid", participant_id="PRK-1", package_code="K-1"), b"PRK-1"),
        (event("class.published", class_code="C-1"), b"C-1"),
        (event("package.published", package_code="K-1", class_codes=["C-1"]), b"K-1"),
        (event("class.completed", class_code="C-1"), None),
        (event("class.completed", participant_id=17), None),
        (event("unheard_of", participant_id="PRK-2"), b"PRK-2"),
        (b'{"data": null}', None),
        (b"[]", None),
        (b"not json", None),
        (b"\xff\xfe", None),
        (b'{"data": {"participant_id": "\\ud800"}}', None),
        (b"[" * 100_000, None),
    ],
)
def test_the_key_of_an_event(line: bytes, key: bytes | None) -> None:
    assert key_of(line) == key


def test_topics_of_all_partners_are_made_once(bootstrap: str) -> None:
    ensure_topics(bootstrap, partitions=2)
    assert ensure_topics(bootstrap, partitions=2) == []
    with Producer(bootstrap) as producer:
        for partner in PARTNERS:
            producer.send(rejection_topic(partner), b"k", (), b"{}")
        producer.flush()
        assert producer.acknowledged == 8


def test_topics_at_a_broker_that_is_not_there() -> None:
    with pytest.raises(BrokerUnavailable, match="creating topics"):
        ensure_topics("127.0.0.1:9", timeout_seconds=0.5)


@pytest.mark.apache
def test_topics_with_more_replicas_than_brokers_are_refused(bootstrap: str) -> None:
    with pytest.raises(BrokerRefused, match="was not created"):
        ensure_topics(bootstrap, partners=["nobody"], replicas=3)
    assert ensure_topics(bootstrap, partners=["nobody"], replicas=1) == [
        partner_topic("nobody"),
        rejection_topic("nobody"),
        answer_topic("nobody"),
    ]


def test_lines_of_a_partner_reach_its_topic(bootstrap: str, subscribe: Subscribe) -> None:
    ensure_topics(bootstrap)
    topic = partner_topic("pintaria")
    reader = Reader(subscribe(only(topic)), start=None)
    while not reader.held:
        reader.poll()
    for lane in reader.held:
        reader.consumer.seek(*lane, reader.consumer.end_offset(*lane))

    lines = [event("class.completed", participant_id="PRK-1", n=n) for n in range(3)]
    progress: list[int] = []
    given = [lines[0] + b"\n", b"\n", lines[1] + b"\r\n", lines[2], b"  no json "]
    assert publish_lines(bootstrap, "pintaria", given, progress.append) == 4
    assert sum(progress) == 4
    while len(reader.values) < 4:
        reader.poll()
    records = [r for rs in reader.records.values() for r in rs if isinstance(r, Record)]
    assert [r.value for r in records if r.key == b"PRK-1"] == lines
    assert [r.value for r in records if r.key is None] == [b"no json"]
    assert {tuple(r.headers) for r in records} == {
        (("content-type", b"application/cloudevents+json"),)
    }


def test_records_keep_their_order_and_everything_they_are(
    bootstrap: str, subscribe: Subscribe
) -> None:
    topic = create_topic(bootstrap, 3)
    records = [
        Sent(topic, b"PRK-%d" % (n % 7), [("ce_id", b"%d" % n), ("n\u00e4me", b"")], b"%d" % n)
        for n in range(5_000)
    ]
    records += [Sent(topic, None, [], b"keyless"), Sent(topic, b"", [], None)]
    assert publish(bootstrap, iter(records)) == 5_002
    reader = Reader(subscribe(only(topic)))
    while len(reader.values) < 5_002:
        reader.poll()
    for (_, partition), found in reader.records.items():
        mine = [r for r in records if r.key is not None and partition_of(r.key, 3) == partition]
        assert [
            (r.key, list(r.headers), r.value)
            for r in found
            if isinstance(r, Record) and r.key is not None
        ] == [(r.key, r.headers, r.value) for r in mine]
    assert {b"keyless", None} <= set(reader.values)


def large_and_small(topic: str) -> Iterator[Sent]:
    for n in range(10):
        yield Sent(topic, b"k", [], b"small %d" % n)
        yield Sent(topic, b"k", [], bytes(300 * 1024))
        if n == 5:
            yield Sent(topic, b"k", [], bytes(5 << 20))


@pytest.mark.apache
def test_what_the_broker_refuses_is_counted_and_the_rest_arrives(
    bootstrap: str, subscribe: Subscribe
) -> None:
    topic = create_topic(bootstrap)
    with pytest.raises(PublishFailed, match="refused 1 records, 20 were published") as failed:
        publish(bootstrap, large_and_small(topic))
    assert (failed.value.acknowledged, failed.value.failed) == (20, 1)
    reader = Reader(subscribe(only(topic)))
    while sum(map(len, reader.records.values())) < 20:  # the large ones come without their values
        reader.poll()
    small = [value for value in reader.values if value and value.startswith(b"small")]
    assert small == [b"small %d" % n for n in range(10)]


@pytest.mark.apache
def test_a_batch_that_is_too_large_for_its_topic_is_divided(
    bootstrap: str, subscribe: Subscribe
) -> None:
    topic = create_topic(bootstrap, 1, "", **{"max.message.bytes": "20000"})
    records = [Sent(topic, b"k", [], b"%d" % n + bytes(300)) for n in range(1_000)]
    assert publish(bootstrap, records) == 1_000
    reader = Reader(subscribe(only(topic)))
    while len(reader.values) < 1_000:
        reader.poll()
    assert reader.values == [record.value for record in records]


@pytest.mark.apache
def test_when_the_broker_refuses_a_record_none_is_counted_as_published_that_is_not(
    bootstrap: str, subscribe: Subscribe
) -> None:
    narrow = create_topic(bootstrap, 1, "", **{"max.message.bytes": "20000"})
    topic = create_topic(bootstrap)
    with Producer(bootstrap) as producer:
        write_and_flush(producer, topic, numbers(0, 5))
        with pytest.raises(PublishFailed, match="refused 1 records, 5 were published"):
            write_and_flush(producer, narrow, [bytes(30_000)])
        with pytest.raises(PublishFailed, match="refused 5 records, 5 were published"):
            write_and_flush(producer, topic, numbers(5, 10))
        assert producer.acknowledged == 5
    with Producer(bootstrap) as another:
        write_and_flush(another, topic, numbers(5, 10))
    reader = Reader(subscribe(only(topic)))
    while len(reader.values) < 10:
        reader.poll()
    assert reader.values == numbers(0, 10)


def write_and_flush(producer: Producer, topic: str, values: Iterable[bytes]) -> None:
    for value in values:
        producer.send(topic, b"k", (), value)
    producer.flush()


def test_more_than_may_be_open_at_once_is_published_in_order(
    bootstrap: str, subscribe: Subscribe
) -> None:
    topic = create_topic(bootstrap)
    progress: list[int] = []
    sent = [Sent(topic, b"k", [], b"%d" % n) for n in range(45_000)]
    assert publish(bootstrap, sent, progress.append) == 45_000
    assert sum(progress) == 45_000
    assert len(progress) > 1
    reader = Reader(subscribe(only(topic)))
    while len(reader.values) < 45_000:
        reader.poll(most=10_000)
    assert reader.values == numbers(0, 45_000)


def test_a_topic_that_is_not_there(bootstrap: str) -> None:
    with (
        Producer(bootstrap, unavailable_after_seconds=0.5) as producer,
        pytest.raises(BrokerUnavailable, match=r"has no topic test-none"),
    ):
        producer.send("test-none", b"k", (), b"{}")


def test_a_broker_that_is_not_there() -> None:
    with pytest.raises(BrokerUnavailable, match="connecting to Kafka"):
        Producer("127.0.0.1:9", unavailable_after_seconds=0.5)
