"""A log that lost its end and was written on is noticed: offsets fit again, records do not."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.embedded.apache_kafka import ApacheKafka
from services.embedded.postgres import EmbeddedPostgres
from services.kafka.topics import partner_topic
from services.simulator import SimulatedRecord, simulate
from tests.end_to_end.running_system import PARTITIONS, RunningSystem

pytestmark = [pytest.mark.slow, pytest.mark.apache]

PARTNER = "pintaria"
TOPIC = partner_topic(PARTNER)
TROUBLED = (
    "SELECT count(*) FROM ledger.lane WHERE trouble LIKE '%%another record stands at offset%%'"
)


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[ApacheKafka]:
    """A broker whose logs this test cuts."""
    with ApacheKafka(tmp_path / "kafka") as broker:
        yield broker


@pytest.fixture
def system(
    own_broker: ApacheKafka, postgres_server: EmbeddedPostgres, tmp_path: Path
) -> Iterator[RunningSystem]:
    name = f"cut_{uuid.uuid4().hex}"
    system = RunningSystem(
        tmp_path / "system", own_broker.bootstrap, postgres_server.create_database(name)
    )
    try:
        yield system
    finally:
        system.stop_all()
        postgres_server.drop_database(name)


def without_last_batch(log: bytes) -> bytes:
    position = end = 0
    while end < len(log):
        position, end = end, end + 12 + int.from_bytes(log[end + 8 : end + 12])
    return log[:position]


def cut(broker: ApacheKafka) -> None:
    """Takes the last batch from each of the topic's logs, as where a follower that lacked it leads now."""
    broker.kill()
    for partition in range(PARTITIONS):
        log = broker.data_dir / "log" / f"{TOPIC}-{partition}" / f"{0:020}.log"
        log.write_bytes(without_last_batch(log.read_bytes().rstrip(b"\0")))
    broker.start()


def test_lanes_are_set_aside_and_read_anew_when_somebody_says_so(
    own_broker: ApacheKafka, system: RunningSystem
) -> None:
    records: list[SimulatedRecord] = [
        record for record in simulate(4_000, 93) if record.partner == PARTNER
    ]
    third = len(records) // 3
    system.start()
    system.publish(records[:third])
    system.publish(records[third : 2 * third])
    system.wait_until_read(2 * third)
    before = system.reached()
    cut(own_broker)
    system.publish(records[2 * third :])
    system.publish(records[third : 2 * third])  # the ends lie behind where they were
    ends = system.end_offsets()
    ours = [place for place in ends if place[0] == TOPIC]
    assert all(ends[place] > before[place] for place in ours)
    system.wait_until(lambda: system.rows(TROUBLED) == [(PARTITIONS,)], "lanes are set aside")
    assert {place: system.reached()[place] for place in ours} == {
        place: before[place] for place in ours
    }
    helped = subprocess.run(
        [sys.executable, "-m", "services.cli", "lanes", "--restart"],
        env=system.environment(COLUMNS="200"),
        cwd=system.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert helped.returncode == 0, helped.stderr
    system.wait_until(lambda: system.reached_now() == system.end_offsets(), "all is read")
