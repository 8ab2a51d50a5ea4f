"""Batches that no client should send, or that were damaged on a broker's disk, before a real worker.

The partition goes on within 30 seconds, what was passed is recorded as `corrupt_record`, and the worker takes no memory
for it.
"""

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import lz4.frame
import psutil
import pytest
import zstandard
from kafka import KafkaProducer
from kafka.codec import snappy_encode

from services.embedded.apache_kafka import ApacheKafka
from services.embedded.broker import Broker
from services.kafka.topics import ensure_topics, partner_topic
from services.settings import read_settings
from services.wiring import prepare_database
from tests.end_to_end.running_system import PARTITIONS, RunningSystem
from tests.faults.attacks import ATTACKER, event
from tests.services.kafka.raw import write_batches
from tests.services.kafka.sealed import body_of, sealed_body
from tests.services.kafka.test_damaged_logs import DAMAGE, damage

pytestmark = [pytest.mark.kafka, pytest.mark.apache, pytest.mark.slow]

GOES_ON_SECONDS: Final = 30.0
MOST_GROWTH_MIB: Final = 64

CODECS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "gzip": (1, gzip.compress),
    "snappy": (2, snappy_encode),
    "lz4": (3, lambda data: bytes(lz4.frame.compress(data, block_linked=False))),
    "zstd": (4, zstandard.ZstdCompressor().compress),
}
BOMB_BYTES: Final = {"gzip": 320 << 20, "snappy": 18 << 20, "lz4": 200 << 20, "zstd": 320 << 20}
"""As much as fits, compressed, into the megabyte that a broker takes in one batch."""
TOPIC: Final = partner_topic(ATTACKER)


def good(name: str) -> bytes:
    data = {"participant_id": f"PRK-{name}", "class_code": "C-1"}
    return event("class.started", name, data)


def read_by_a_worker(system: RunningSystem) -> str:
    """The name of a worker that has read a good event in each codec."""
    ensure_topics(system.bootstrap, PARTITIONS)
    prepare_database(read_settings(system.settings))
    name = system.start_ingest()
    system.wait_until(system.lanes_are_owned, "every lane has an owner")
    warm = [
        sealed_body(compress(body_of([good(f"warm-{codec}-{n}") for n in range(200)])), 200, codec)
        for codec, compress in CODECS.values()
    ]
    write_batches(system.bootstrap, TOPIC, warm)
    system.wait_until_read(len(CODECS) * 200)
    return name


def outcomes(system: RunningSystem) -> tuple[int, int]:
    """How many records of the first partition were accepted and rejected."""
    ((accepted, rejected),) = system.rows(COUNTED, (TOPIC,))
    return accepted, rejected


def reasons(system: RunningSystem) -> set[str]:
    return {reason for (reason,) in system.rows(REASONS, (TOPIC,))}


def highest_mib(system: RunningSystem, name: str) -> float:
    """The most memory that the worker has taken so far."""
    (service,) = psutil.Process(system.processes[name].pid).children()
    (line,) = (
        line
        for line in Path(f"/proc/{service.pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    return int(line.split()[1]) / 1024


def goes_on(system: RunningSystem, accepted: int, rejected: int) -> None:
    """Blocks until the partition has these outcomes beyond those of the warming up."""
    expected = (len(CODECS) * 200 + accepted, rejected)
    system.wait_until(
        lambda: outcomes(system) == expected, f"{expected} accepted and rejected", GOES_ON_SECONDS
    )
    assert reasons(system) == ({"corrupt_record"} if rejected else set())


def test_bombs_in_every_codec_cost_their_offsets_and_no_memory(
    running_system: RunningSystem,
) -> None:
    name = read_by_a_worker(running_system)
    before = highest_mib(running_system, name)

    def batches() -> Iterable[bytes]:
        for name, (codec, compress) in CODECS.items():
            yield sealed_body(compress(body_of([bytes(BOMB_BYTES[name] // 2)] * 2)), 2, codec)
            yield sealed_body(body_of([good(f"behind-{codec}")]), 1)

    write_batches(running_system.bootstrap, TOPIC, batches())
    goes_on(running_system, accepted=len(CODECS), rejected=2 * len(CODECS))
    growth = highest_mib(running_system, name) - before
    print(f"bombs of {sum(BOMB_BYTES.values()) >> 20} MiB: the worker grew by {growth:.0f} MiB")
    assert growth <= MOST_GROWTH_MIB


def test_aborted_transactions_are_passed_and_others_read(running_system: RunningSystem) -> None:
    read_by_a_worker(running_system)
    producer = KafkaProducer(
        bootstrap_servers=running_system.bootstrap, transactional_id="hostile", acks="all"
    )
    producer.init_transactions()
    for number in range(6):
        producer.begin_transaction()
        for part in range(3):
            producer.send(TOPIC, good(f"transaction-{number}-{part}"), key=b"k", partition=0)
        producer.flush()
        if number % 2:
            producer.abort_transaction()
        else:
            producer.commit_transaction()
    producer.close()
    write_batches(running_system.bootstrap, TOPIC, [sealed_body(body_of([good("behind")]), 1)])
    goes_on(running_system, accepted=3 * 3 + 1, rejected=0)


@pytest.mark.parametrize("what", ["a wrong checksum", "more records than there are"])
def test_a_batch_damaged_on_disk(
    running_system: RunningSystem, kafka_broker: Broker, what: str
) -> None:
    hold_damage(running_system, kafka_broker, what)


@pytest.mark.parametrize("what", ["a base offset below", "a base offset far above"])
def test_a_damaged_offset_does_not_stop_the_partition(
    running_system: RunningSystem, kafka_broker: Broker, what: str
) -> None:
    hold_damage(running_system, kafka_broker, what)


def hold_damage(system: RunningSystem, broker: Broker, what: str) -> None:
    """A batch of two is damaged before the worker reads it, at the end of the log; then the log goes on."""
    assert isinstance(broker, ApacheKafka)
    name = read_by_a_worker(system)
    system.stop(name)
    batches = [[good(f"{n}-{part}") for part in range(2)] for n in range(3)]
    write_batches(system.bootstrap, TOPIC, (sealed_body(body_of(values), 2) for values in batches))
    first = len(CODECS) * 200
    damage(broker, TOPIC, len(CODECS) + 2, lambda batch: shifted(what, batch, first))
    system.start_ingest()
    goes_on(system, accepted=4, rejected=2)
    write_batches(system.bootstrap, TOPIC, [sealed_body(body_of([good("behind")]), 1)])
    goes_on(system, accepted=5, rejected=2)


def shifted(what: str, batch: bytes, first: int) -> bytes:
    """The batch with damage that is written for offset 4, where it lies ``first`` further on."""
    made = DAMAGE[what](batch)
    if made[:8] == batch[:8]:
        return made
    return (int.from_bytes(made[:8]) + first).to_bytes(8) + made[8:]


COUNTED = "SELECT accepted, rejected FROM ledger.lane WHERE topic = %s AND partition = 0"
REASONS = """
SELECT DISTINCT reason::text FROM ledger.rejection JOIN ledger.lane USING (lane_id) WHERE topic = %s
"""
