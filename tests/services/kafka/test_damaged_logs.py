"""Logs that were damaged on a broker's disk: reading goes on behind the damage, and what was passed is said."""

import struct
from collections.abc import Callable, Iterator
from time import monotonic

import pytest

from services.embedded.apache_kafka import ApacheKafka
from services.kafka import standing
from services.kafka.consumer import PartnerConsumer
from services.kafka.failures import LogMismatch
from services.kafka.producer import Producer
from services.kafka.records import CorruptRecord, Record
from tests.services.kafka.conftest import Reader, create_topic, only
from tests.services.kafka.sealed import with_checksum, with_last_offset_delta

pytestmark = [pytest.mark.apache, pytest.mark.slow]

GOES_ON_SECONDS = 30.0


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    """A broker whose logs these tests may damage."""
    with ApacheKafka(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture(autouse=True)
def _stands_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nothing is sent of is given up after a second, for which five are taken otherwise."""
    monkeypatch.setattr(standing, "STANDS_SECONDS", 1.0)


def write_batches(broker: ApacheKafka, topic: str, batches: int) -> None:
    """Batches of two records each, which hold the number of their batch."""
    with Producer(broker.bootstrap) as producer:
        for number in range(batches):
            for _ in range(2):
                producer.send(topic, b"k", (), b"%d" % number)
            producer.flush()


def with_base(batch: bytes, offset: int) -> bytes:
    return struct.pack(">q", offset) + batch[8:]


def with_count(batch: bytes, count: int) -> bytes:
    return with_checksum(batch[:57] + struct.pack(">i", count) + batch[61:])


def with_wrong_byte(batch: bytes) -> bytes:
    return batch[:-3] + bytes([batch[-3] ^ 0xFF]) + batch[-2:]


def cut_short(batch: bytes) -> bytes:
    """As long as it was, but what its last record should be is gone."""
    return with_checksum(batch[:-5] + bytes(5))


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "a wrong checksum": with_wrong_byte,
    "more records than there are": lambda batch: with_count(batch, 3),
    "fewer offsets than records": lambda batch: with_checksum(with_last_offset_delta(batch, 0)),
    "records cut short": cut_short,
    "a base offset below": lambda batch: with_base(batch, 1),
    "a base offset far below": lambda batch: with_base(batch, 0),
    "a base offset below 0": lambda batch: with_base(batch, -7),
    "a base offset one below": lambda batch: with_base(batch, 3),
    "a base offset above": lambda batch: with_base(batch, 6),
    "a base offset far above": lambda batch: with_base(batch, 1 << 40),
}
"""What is done to a batch that holds offsets 4 and 5."""


def damage(broker: ApacheKafka, topic: str, number: int, how: Callable[[bytes], bytes]) -> None:
    """Damages one batch of a topic's log on disk."""
    log = broker.data_dir / "log" / f"{topic}-0" / f"{0:020}.log"
    log.write_bytes(damaged(log.read_bytes(), number, how))


def damaged(log: bytes, number: int, how: Callable[[bytes], bytes]) -> bytes:
    """The log with one batch, counted from 0, made what ``how`` makes of it, and no longer or shorter."""
    position = 0
    for _ in range(number):
        position += 12 + int.from_bytes(log[position + 8 : position + 12])
    end = position + 12 + int.from_bytes(log[position + 8 : position + 12])
    spoilt = how(log[position:end])
    assert len(spoilt) == end - position
    return log[:position] + spoilt + log[end:]


def read_to(broker: ApacheKafka, topic: str, end: int, start: int) -> Reader:
    """What a consumer reads from ``start`` to the end of the log, within the time it may take."""
    consumer = PartnerConsumer(broker.bootstrap, topic, only(topic))
    reader = Reader(consumer, start)
    started = None
    while reader.next_offsets.get((topic, 0), 0) < end:
        polled = reader.poll()
        if polled.assigned and started is None:
            started = monotonic()
        assert started is None or monotonic() < started + GOES_ON_SECONDS, (
            reader.next_offsets,
            reader.records,
        )
    consumer.close()
    return reader


@pytest.mark.parametrize("start", [0, 4])
@pytest.mark.parametrize("last", [False, True], ids=["in the middle", "at the end"])
@pytest.mark.parametrize("what", DAMAGE)
def test_reading_goes_on_behind_damage(
    own_broker: ApacheKafka, what: str, *, last: bool, start: int
) -> None:
    topic = create_topic(own_broker.bootstrap)
    write_batches(own_broker, topic, 3 if last else 5)
    damage(own_broker, topic, 2, DAMAGE[what])
    end = 6 if last else 10
    reader = read_to(own_broker, topic, end, start)
    records = reader.records[topic, 0]
    assert [r.offset for r in records] == list(range(start, end))
    corrupt = {r.offset for r in records if isinstance(r, CorruptRecord)}
    assert corrupt
    assert corrupt <= {4, 5}
    for record in records:
        assert record.offset in corrupt or isinstance(record, Record)
        if record.offset not in {4, 5}:
            assert record.value == b"%d" % (record.offset // 2)


@pytest.mark.parametrize("magic", [0, 1])
def test_what_a_broker_cannot_read_itself_is_passed_or_said(
    own_broker: ApacheKafka, magic: int
) -> None:
    """Apache Kafka 4 has no older formats; which error it answers with depends on where it meets one."""
    spoilt, good = create_topic(own_broker.bootstrap), create_topic(own_broker.bootstrap)
    for topic in (spoilt, good):
        write_batches(own_broker, topic, 5)
    damage(own_broker, spoilt, 2, lambda batch: batch[:16] + bytes([magic]) + batch[17:])
    consumer = PartnerConsumer(own_broker.bootstrap, spoilt, f"^({spoilt}|{good})$")
    reader = Reader(consumer)
    said = ""
    started = monotonic()
    while len(reader.next_offsets) < 2 or set(reader.next_offsets.values()) != {10}:
        assert monotonic() < started + GOES_ON_SECONDS
        try:
            reader.poll()
        except LogMismatch as mismatch:
            said = str(mismatch)
            consumer.pause(spoilt, 0)
            if reader.next_offsets.get((good, 0)) == 10:
                break
    consumer.close()
    assert [r.offset for r in reader.records[good, 0]] == list(range(10))
    if said:
        assert f"fails at reading {spoilt} partition 0" in said
    else:
        corrupt = [r.offset for r in reader.records[spoilt, 0] if isinstance(r, CorruptRecord)]
        assert corrupt == [4, 5]
