"""A lane whose log is another one, or has lost what was next, is shown with what waits, and helped by a command."""

import subprocess
import sys
from collections.abc import Iterator
from subprocess import CompletedProcess
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
from kafka import KafkaAdminClient, TopicPartition

from services.embedded.broker import Broker
from services.kafka.topics import ensure_topics, partner_topic
from services.simulator import SimulatedRecord, simulate
from tests.end_to_end.running_system import PARTITIONS, RunningSystem

pytestmark = [pytest.mark.slow, pytest.mark.apache]

PARTNER = "pintaria"
TOPIC = partner_topic(PARTNER)


@pytest.fixture(scope="module")
def records() -> list[SimulatedRecord]:
    return [record for record in simulate(4_000, 92) if record.partner == PARTNER]


@pytest.fixture
def admin(kafka_broker: Broker) -> Iterator[Any]:
    admin = KafkaAdminClient(bootstrap_servers=kafka_broker.bootstrap)
    yield admin
    admin.close()


def lanes(system: RunningSystem, *options: str) -> "CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "services.cli", "lanes", *options],
        env=system.environment(COLUMNS="200"),
        cwd=system.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def waiting(system: RunningSystem) -> int:
    headers = {"Authorization": f"Bearer {system.evaluator_token}"}
    answer = httpx.get(system.api_url + "/v1/intake", headers=headers, timeout=30).json()
    return int(answer["freshness"]["events"] or 0)


def accounted(system: RunningSystem) -> list[tuple[Any, ...]]:
    """Of each lane of the topic: whether it adds up."""
    return system.rows(
        "SELECT first_offset + accepted + duplicate + rejected + skipped = next_offset "
        "FROM ledger.lane WHERE topic = %s",
        (TOPIC,),
    )


def test_a_topic_that_was_made_anew_and_one_that_lost_records(
    running_system: RunningSystem, admin: Any, records: list[SimulatedRecord]
) -> None:
    system = running_system
    first, then = records[:200], records[200:]
    system.publish(first)
    system.wait_until_read(len(first))
    assert lanes(system).returncode == 0
    assert lanes(system, "--restart").returncode == 1  # nothing needs it

    # The topic is made anew, and holds more than was read of the one before.
    for name in system.ingest():
        system.stop(name)
    admin.delete_topics([TOPIC])
    system.wait_until(lambda: TOPIC not in admin.list_topics(), "the topic is gone")
    ensure_topics(system.bootstrap, PARTITIONS, [PARTNER])
    system.publish(then)
    system.start_ingest()
    troubled = "SELECT count(*) FROM ledger.lane WHERE trouble LIKE '%%created again%%'"
    system.wait_until(lambda: system.rows(troubled) == [(PARTITIONS,)], "the lanes are set aside")
    system.wait_until(lambda: waiting(system) == len(then), "what waits is counted")
    shown = lanes(system)
    assert shown.returncode == 1
    assert shown.stdout.count("waits for a decision") == PARTITIONS
    assert f"tuntas lanes --restart --topic {TOPIC} --partition 0" in shown.stdout
    assert "Traceback" not in shown.stderr
    assert lanes(system, "--skip").returncode == 1  # the wrong remedy does nothing
    helped = lanes(system, "--restart", "--topic", TOPIC)
    assert helped.returncode == 0, helped.stderr
    system.wait_until_read(len(records))
    system.wait_until(lambda: waiting(system) == 0, "nothing waits")
    assert lanes(system).returncode == 0
    assert accounted(system) == [(True,)] * 2 * PARTITIONS

    # Kafka's retention takes records that were not read yet.
    for name in system.ingest():
        system.stop(name)
    ends = system.end_offsets()
    system.publish(then)
    places = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
    admin.delete_records({place: ends[tuple(place)] + 2 for place in places})
    system.start_ingest()
    deleted = "SELECT count(*) FROM ledger.lane WHERE trouble LIKE '%%retention%%'"
    system.wait_until(lambda: system.rows(deleted) == [(PARTITIONS,)], "the lanes are set aside")
    assert lanes(system).returncode == 1
    helped = lanes(system, "--skip")
    assert helped.returncode == 0, helped.stderr
    assert helped.stdout.count("2 offsets are skipped") == PARTITIONS
    deadline = monotonic() + 90
    while system.reached_now() != system.end_offsets():
        assert monotonic() < deadline
        sleep(0.5)
    assert accounted(system) == [(True,)] * 2 * PARTITIONS
    assert lanes(system).returncode == 0
