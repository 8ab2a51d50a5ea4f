import re
from threading import Event

import pytest
from kafka import KafkaConsumer, TopicPartition

from services.embedded.broker import Broker
from services.kafka.failures import LogMismatch
from services.kafka.producer import Producer
from services.kafka.records import CorruptRecord, Record
from services.kafka.topics import PARTNER_TOPICS, topics_of
from services.kafka.watchdog import Watchdog
from tests.services.kafka.conftest import Reader, Subscribe, create_topic, numbers, only, write
from tests.services.kafka.raw import write_batches
from tests.services.kafka.sealed import batch_of, compressed_bomb, record_with_header, sealed_body


def test_the_eight_partners_are_subscribed_to_and_no_one_else() -> None:
    pattern = re.compile(PARTNER_TOPICS)
    assert pattern.match("tuntas.partner.pijar-mahir")
    assert not pattern.match("tuntas.partner.pijar-mahir2")
    assert not pattern.match("tuntasxpartner.pintaria")
    assert not pattern.match("tuntas.rejections.pintaria")


def test_some_partners_are_subscribed_to_by_their_names_alone() -> None:
    pattern = re.compile(topics_of({"pintaria", "pijar-mahir"}))
    assert pattern.match("tuntas.partner.pijar-mahir")
    assert pattern.match("tuntas.partner.pintaria")
    assert not pattern.match("tuntas.partner.tokopedia")
    assert not pattern.match("tuntas.partner.pintaria-2")


def test_nothing_is_handed_out_before_its_seek(bootstrap: str, subscribe: Subscribe) -> None:
    topic = create_topic(bootstrap, 2)
    with Producer(bootstrap) as producer:
        for n in range(50):
            producer.send(topic, b"%d" % n, (), b"{}")
        producer.flush()
    consumer = subscribe(only(topic))
    waiting = Reader(consumer, start=None)
    while waiting.held != {(topic, 0), (topic, 1)}:
        waiting.poll()
    for _ in range(3):
        assert waiting.poll().fetched == []
    consumer.resume(topic, 0)  # does not stand in for the seek
    assert waiting.poll().fetched == []

    assert consumer.seek(topic, 1, 3)
    while not waiting.records:
        waiting.poll()
    assert set(waiting.records) == {(topic, 1)}
    assert waiting.records[topic, 1][0].offset == 3


def test_offsets_high_water_and_limits(
    bootstrap: str, subscribe: Subscribe, kafka_broker: Broker
) -> None:
    topic = create_topic(bootstrap)
    write(bootstrap, topic, numbers(0, 100))
    reader = Reader(subscribe(only(topic)))
    while len(reader.values) < 100:
        polled = reader.poll(most=30)
        assert sum(len(f.records) for f in polled.fetched) <= 30
        for fetched in polled.fetched:
            assert fetched.high_water == 100
            assert fetched.next_offset == len(reader.values)
    assert reader.values == numbers(0, 100)
    assert reader.consumer.cluster_id() == kafka_broker.log_id
    assert reader.consumer.beginning_offset(topic, 0) == 0
    assert reader.consumer.beginning_offsets([(topic, 0)]) == {(topic, 0): 0}


def test_an_empty_partition_tells_its_high_water_once(bootstrap: str, subscribe: Subscribe) -> None:
    topic = create_topic(bootstrap)
    reader = Reader(subscribe(only(topic)))
    while not reader.next_offsets:
        reader.poll()
    assert reader.next_offsets == {(topic, 0): 0}
    assert reader.poll().fetched == []


def test_a_log_id_given_stands_in_for_the_brokers(subscribe: Subscribe) -> None:
    assert subscribe("^none$", log_id="mine").cluster_id() == "mine"


def test_after_a_seek_back_the_same_records_come_again(
    bootstrap: str, subscribe: Subscribe
) -> None:
    topic = create_topic(bootstrap)
    write(bootstrap, topic, numbers(0, 20))
    reader = Reader(subscribe(only(topic)))
    while len(reader.values) < 10:
        reader.poll(most=5)
    assert reader.consumer.seek(topic, 0, 5)
    reader.records.clear()
    while len(reader.values) < 15:
        reader.poll(most=5)
    assert reader.values == numbers(5, 20)


def test_what_was_fetched_of_a_partition_that_left_and_came_back_is_not_passed_over(
    bootstrap: str, subscribe: Subscribe
) -> None:
    """Two rebalances within one poll; and reading begins just where what was fetched before them does."""
    topic = create_topic(bootstrap)
    write(bootstrap, topic, numbers(0, 20))
    reader = Reader(subscribe(only(topic)))
    while not reader.values:
        reader.poll(most=5)
    reader.start = len(reader.values)
    partition = TopicPartition(topic, 0)
    consumer = reader.consumer
    for share in ([], [partition]):  # as the group's answers come, on the thread of kafka-python
        consumer._kafka._subscription.assign_from_subscribed(share)  # noqa: SLF001
        consumer._listener.on_partitions_assigned(set(share))  # noqa: SLF001
    while len(reader.values) < 20:
        polled = reader.poll(most=5)
        assert all(each.high_water == 20 for each in polled.fetched)
    assert reader.values == numbers(0, 20)


def test_a_position_that_moved_by_itself_is_put_back(
    bootstrap: str, subscribe: Subscribe, caplog: pytest.LogCaptureFixture
) -> None:
    topic = create_topic(bootstrap)
    write(bootstrap, topic, numbers(0, 20))
    reader = Reader(subscribe(only(topic)))
    while not reader.values:
        reader.poll(most=5)
    reader.consumer._kafka.seek(TopicPartition(topic, 0), 11)  # noqa: SLF001
    while len(reader.values) < 20:
        reader.poll(most=5)
    assert reader.values == numbers(0, 20)
    assert f"read again topic={topic} partition=0 offset=5" in caplog.text


def test_a_log_that_ended_costs_no_record_of_another(
    bootstrap: str, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one poll took of the others is not handed out when it raises; the next one reads it again."""
    whole, cut = create_topic(bootstrap), create_topic(bootstrap)
    for topic in (whole, cut):
        write(bootstrap, topic, numbers(0, 20))
    reader = Reader(subscribe(f"^({whole}|{cut})$"))
    places = {(whole, 0), (cut, 0)}
    while reader.records.keys() != places or not all(reader.records.values()):
        reader.poll(most=4)
    consumer, partition = reader.consumer, TopicPartition(cut, 0)
    continuity = consumer._continuity  # noqa: SLF001 - as if more had been read of it once
    continuity.begin(partition, continuity.next_offset(partition), reached=1_000)
    monkeypatch.setattr(continuity, "_patience_seconds", -1.0)
    for _ in range(3):
        with pytest.raises(LogMismatch):
            reader.poll(most=4)
    consumer.pause(cut, 0)
    while len(reader.records[whole, 0]) < 20:
        reader.poll(most=4)
    assert [record.value for record in reader.records[whole, 0]] == numbers(0, 20)


def test_a_paused_partition_waits_and_goes_on_where_it_was(
    bootstrap: str, subscribe: Subscribe
) -> None:
    topic = create_topic(bootstrap)
    write(bootstrap, topic, numbers(0, 20))
    reader = Reader(subscribe(only(topic)))
    while not reader.values:
        reader.poll(most=7)
    reader.consumer.pause(topic, 0)
    for _ in range(3):
        assert reader.poll(most=7).fetched == []
    reader.consumer.resume(topic, 0)
    while len(reader.values) < 20:
        reader.poll(most=7)
    assert reader.values == numbers(0, 20)


def test_a_partition_that_is_not_held_cannot_be_sought(subscribe: Subscribe) -> None:
    consumer = subscribe("^none$")
    assert not consumer.seek("none", 0, 5)
    consumer.pause("none", 0)
    consumer.resume("none", 0)
    consumer.commit({("none", 0): 5})


def test_a_topic_made_later_is_picked_up(bootstrap: str, subscribe: Subscribe) -> None:
    first = create_topic(bootstrap)
    # Topics are looked for three times in the seconds after which a broker counts as away.
    reader = Reader(subscribe(f"^{first}(-second)?$", unavailable_after_seconds=4.5))
    while not reader.held:
        reader.poll()
    second = create_topic(bootstrap, name=f"{first}-second")
    write(bootstrap, second, numbers(0, 3))
    while len(reader.values) < 3:
        reader.poll()
    assert reader.held == {(first, 0), (second, 0)}
    assert all(not p.revoked and not p.lost for p in reader.polls)


def test_offsets_for_lag_tools_reach_kafka(bootstrap: str, subscribe: Subscribe) -> None:
    topic = create_topic(bootstrap)
    write(bootstrap, topic, numbers(0, 10))
    consumer = subscribe(only(topic), commit_every_seconds=0.2)
    reader = Reader(consumer)
    while len(reader.values) < 10:
        reader.poll()
    consumer.commit({(topic, 0): 10})
    observer = KafkaConsumer(
        bootstrap_servers=bootstrap, group_id=subscribe.group, enable_auto_commit=False
    )
    try:
        while observer.committed(TopicPartition(topic, 0)) != 10:
            reader.poll()
    finally:
        observer.close()


# Damage, written to the broker as a careless or hostile client would.


def test_records_that_cannot_be_read_are_passed_one_by_one(
    bootstrap: str, subscribe: Subscribe
) -> None:
    topic = create_topic(bootstrap)
    body = record_with_header(0, b"fine") + record_with_header(1, b"\xff\xfe")
    body += record_with_header(2, b"fine again")
    write_batches(
        bootstrap, topic, [batch_of([b"first"]), sealed_body(body, 3), batch_of([b"last"])]
    )
    reader = Reader(subscribe(only(topic)))
    while reader.next_offsets.get((topic, 0), 0) < 5:
        reader.poll()
    found = reader.records[topic, 0]
    assert [type(r) for r in found] == [Record, Record, CorruptRecord, Record, Record]
    assert [r.offset for r in found] == [0, 1, 2, 3, 4]


def test_a_decompression_bomb_is_passed(bootstrap: str, subscribe: Subscribe) -> None:
    topic = create_topic(bootstrap)
    write_batches(bootstrap, topic, [batch_of([b"first"]), compressed_bomb(3), batch_of([b"last"])])
    reader = Reader(subscribe(only(topic)))
    while reader.next_offsets.get((topic, 0), 0) < 5:
        reader.poll()
    found = reader.records[topic, 0]
    assert [type(r) for r in found] == [Record, *[CorruptRecord] * 3, Record]
    assert reader.values == [b"first", b"last"]


# A log that does not fit.


def test_an_offset_behind_the_end_is_said(bootstrap: str, subscribe: Subscribe) -> None:
    topic = create_topic(bootstrap)
    write(bootstrap, topic, numbers(0, 5))
    reader = Reader(subscribe(only(topic), unavailable_after_seconds=2.0), start=50)
    with pytest.raises(LogMismatch, match="but the log ends at") as mismatch:
        reader.poll_on()
    assert (mismatch.value.topic, mismatch.value.partition) == (topic, 0)
    assert mismatch.value.offset == 50


def test_a_mismatch_of_one_partition_does_not_hold_up_another_once_paused(
    bootstrap: str, subscribe: Subscribe
) -> None:
    topic, other = create_topic(bootstrap), create_topic(bootstrap)
    write(bootstrap, other, numbers(0, 5))
    consumer = subscribe(f"^({topic}|{other})$", unavailable_after_seconds=2.0)
    waiting = Reader(consumer, start=None)
    while len(waiting.held) < 2:
        waiting.poll()
    consumer.seek(topic, 0, 50)
    with pytest.raises(LogMismatch):
        waiting.poll_on()
    consumer.pause(topic, 0)
    consumer.seek(other, 0, 0)
    while len(waiting.values) < 5:
        waiting.poll()
    assert waiting.values == numbers(0, 5)


def test_the_watchdog_barks_when_a_call_does_not_return() -> None:
    barked = Event()
    dog = Watchdog(barked.set)
    with dog.watch(60):
        pass
    assert not barked.is_set()
    with dog.watch(0.1):
        assert barked.wait(10)
    dog.close()
