"""What only Apache Kafka does: transactions, retention, a log on disk that can be damaged."""

from collections.abc import Iterator
from time import monotonic

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.admin import MemberToRemove

from services.embedded.apache_kafka import ApacheKafka
from services.kafka.consumer import PartnerConsumer
from services.kafka.failures import BrokerUnavailable, LogMismatch
from services.kafka.records import CorruptRecord
from tests.services.kafka.conftest import Reader, Subscribe, create_topic, numbers, only, write

pytestmark = pytest.mark.apache


def transaction(producer: KafkaProducer, topic: str, values: list[bytes], *, commit: bool) -> None:
    producer.begin_transaction()
    for value in values:
        producer.send(topic, value=value, key=b"k", partition=0)
    if commit:
        producer.commit_transaction()
    else:
        producer.flush()
        producer.abort_transaction()


def test_transactions_leave_gaps_and_aborted_records_are_not_read(
    bootstrap: str, subscribe: Subscribe
) -> None:
    topic = create_topic(bootstrap)
    producer = KafkaProducer(bootstrap_servers=bootstrap, transactional_id=topic)
    producer.init_transactions()
    transaction(producer, topic, [b"0", b"1"], commit=True)  # marker at 2
    transaction(producer, topic, [b"3", b"4"], commit=False)  # marker at 5
    transaction(producer, topic, [b"6"], commit=True)  # marker at 7
    transaction(producer, topic, [b"8"], commit=False)  # marker at 9
    producer.close()
    reader = Reader(subscribe(only(topic)))
    while reader.next_offsets.get((topic, 0)) != 10:
        reader.poll()
    assert reader.values == [b"0", b"1", b"6"]
    assert [r.offset for r in reader.records[topic, 0]] == [0, 1, 6]
    last = [f for p in reader.polls for f in p.fetched][-1]
    assert (last.next_offset, last.high_water) == (10, 10)


def test_records_deleted_before_they_were_read_are_said(
    bootstrap: str, subscribe: Subscribe
) -> None:
    topic = create_topic(bootstrap)
    write(bootstrap, topic, numbers(0, 10))
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.delete_records({TopicPartition(topic, 0): 7})
    admin.close()
    reader = Reader(subscribe(only(topic)), start=2)
    with pytest.raises(LogMismatch, match="starts at 7: the 5 offsets between were deleted"):
        reader.poll_on()
    assert reader.consumer.beginning_offset(topic, 0) == 7
    assert reader.consumer.end_offset(topic, 0) == 10
    reader.consumer.seek(topic, 0, 7)
    while len(reader.values) < 3:
        reader.poll()
    assert reader.values == numbers(7, 10)


def test_a_log_that_is_shorter_than_what_was_read_is_said_at_once(
    bootstrap: str, subscribe: Subscribe
) -> None:
    topic = create_topic(bootstrap)
    write(bootstrap, topic, numbers(0, 10))
    reader = Reader(subscribe(only(topic)), start=11)
    with pytest.raises(LogMismatch, match="11, but the log ends at 10"):
        reader.poll_on()


def test_a_member_that_was_thrown_out_is_told_what_it_lost(
    bootstrap: str, subscribe: Subscribe
) -> None:
    topic = create_topic(bootstrap)
    write(bootstrap, topic, numbers(0, 5))
    reader = Reader(subscribe(only(topic)))
    while len(reader.values) < 5:
        reader.poll()
    before = len(reader.polls)
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    members = admin.describe_groups([subscribe.group])[subscribe.group]["members"]
    admin.remove_group_members(
        subscribe.group, [MemberToRemove(member["member_id"]) for member in members]
    )
    admin.close()
    reader.start = 3
    while len(reader.values) < 7:
        reader.poll()
    changes = reader.polls[before:]
    lane = frozenset({(topic, 0)})
    assert [p.lost for p in changes if p.lost] == [lane]
    assert [p.assigned for p in changes if p.assigned] == [lane]
    assert reader.values == numbers(0, 5) + numbers(3, 5)


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    """A broker that tests may ill-treat, as long as it answers afterwards."""
    with ApacheKafka(tmp_path_factory.mktemp("own")) as broker:
        yield broker


@pytest.mark.slow
def test_a_batch_damaged_on_disk_costs_its_records_and_no_more(own_broker: ApacheKafka) -> None:
    topic = create_topic(own_broker.bootstrap)
    for values in ([b"before"] * 2, [b"damaged"] * 3, [b"behind"] * 2):
        write(own_broker.bootstrap, topic, values)
    log = own_broker.data_dir / "log" / f"{topic}-0" / f"{0:020}.log"
    log.write_bytes(log.read_bytes().replace(b"damaged", b"damagEd"))
    reader = Reader(PartnerConsumer(own_broker.bootstrap, "group", only(topic)))
    while reader.next_offsets.get((topic, 0)) != 7:
        reader.poll()
    reader.consumer.close()
    assert reader.values == [b"before"] * 2 + [b"behind"] * 2
    spoilt = [r for r in reader.records[topic, 0] if isinstance(r, CorruptRecord)]
    assert [r.offset for r in spoilt] == [2, 3, 4]
    assert {r.detail for r in spoilt} == {"The batch's checksum is wrong."}


@pytest.mark.slow
def test_a_killed_broker_is_noticed_and_reading_goes_on_when_it_is_back(
    own_broker: ApacheKafka,
) -> None:
    """By the consumer that was there, and by one that is new."""
    topic = create_topic(own_broker.bootstrap)
    write(own_broker.bootstrap, topic, numbers(0, 10))
    staying, leaving = (
        Reader(
            PartnerConsumer(own_broker.bootstrap, group, only(topic), unavailable_after_seconds=6.0)
        )
        for group in ("staying", "leaving")
    )
    for reader in (staying, leaving):
        while len(reader.values) < 10:
            reader.poll()

    own_broker.kill()
    started = monotonic()
    for reader in (staying, leaving):
        with pytest.raises(BrokerUnavailable, match="has not answered for"):
            reader.poll_on()
    assert 1 < monotonic() - started < 15
    started = monotonic()
    leaving.consumer.close()
    assert monotonic() - started < 10
    with pytest.raises(BrokerUnavailable, match="connecting to Kafka"):
        PartnerConsumer(own_broker.bootstrap, "group", only(topic), unavailable_after_seconds=1.0)

    own_broker.start()
    write(own_broker.bootstrap, topic, numbers(10, 13))
    again = Reader(PartnerConsumer(own_broker.bootstrap, "leaving", only(topic)), start=10)
    while len(again.values) < 3:
        again.poll()
    again.consumer.close()
    assert again.values == numbers(10, 13)
    staying.start = 10  # should the partition have been lost meanwhile, a lane would say 10
    while len(staying.values) < 13:
        try:
            staying.poll()
        except BrokerUnavailable:
            continue  # not connected again yet
    staying.consumer.close()
    assert staying.values == numbers(0, 13)
