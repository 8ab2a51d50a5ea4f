"""The samples of docs/samples, run as a partner would run them, against Apache Kafka."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from domain.events import PartnerEvent
from services.cloudevents.decode import decode
from services.embedded.apache_kafka.jars import jars_dir, kafka_version
from services.embedded.broker import Broker
from services.kafka.topics import ensure_topics, partner_topic
from tests.services.cloudevents.samples import PARTNER

pytestmark = [pytest.mark.kafka, pytest.mark.apache, pytest.mark.slow]

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
TOPIC = partner_topic(PARTNER)
TIMEOUT_SECONDS = 120

COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


@pytest.fixture(scope="module")
def console_producer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the command that Apache Kafka's archive calls kafka-console-producer.sh."""
    folder = tmp_path_factory.mktemp("kafka-tools")
    artifact = f"org.apache.kafka:kafka-tools:{kafka_version()}"
    subprocess.run(
        ["mvn", "-q", "-B", COPY, f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"],
        check=True,
        timeout=TIMEOUT_SECONDS,
    )
    command = folder / "kafka-console-producer.sh"
    command.write_text(
        f'#!/bin/sh\nexec java -cp "{jars_dir()}/*:{folder}/*" org.apache.kafka.tools.ConsoleProducer "$@"\n'
    )
    command.chmod(0o755)
    return folder


@pytest.fixture
def sent(kafka_broker: Broker) -> Iterator[Callable[[list[str], str], list[PartnerEvent]]]:
    """What a command sent, as the intake reads it."""
    ensure_topics(kafka_broker.bootstrap)
    consumer = KafkaConsumer(
        bootstrap_servers=kafka_broker.bootstrap, auto_offset_reset="earliest", group_id=None
    )
    places = [
        TopicPartition(TOPIC, number) for number in consumer.partitions_for_topic(TOPIC) or ()
    ]
    consumer.assign(places)

    def run(command: list[str], path: str) -> list[PartnerEvent]:
        for place, offset in consumer.end_offsets(places).items():
            consumer.seek(place, offset)
        ran = subprocess.run(
            [*command, kafka_broker.bootstrap],
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        found: list[PartnerEvent] = []
        for _ in range(20):
            for records in consumer.poll(timeout_ms=1_000).values():
                for record in records:
                    event = decode(
                        PARTNER, record.key, record.headers, record.value, record.timestamp
                    )
                    assert record.key == b"PRK-000000042"
                    assert isinstance(event, PartnerEvent), event
                    found.append(event)
            if len(found) >= 2:
                break
        return found

    yield run
    consumer.close()


@pytest.mark.parametrize("name", ["kafka_python", "confluent_kafka_sample", "cloudevents_sdk"])
def test_a_sample_in_python(
    sent: Callable[[list[str], str], list[PartnerEvent]], name: str
) -> None:
    hold(sent([sys.executable, str(SAMPLES / f"{name}.py")], os.environ["PATH"]))


def test_the_console_producer(
    sent: Callable[[list[str], str], list[PartnerEvent]], console_producer: Path
) -> None:
    path = f"{console_producer}:{os.environ['PATH']}"
    hold(sent(["sh", str(SAMPLES / "console_producer.sh")], path))


@pytest.mark.skipif(
    shutil.which("kcat") is None, reason="NOT RUN: kcat is not installed (Debian: apt install kcat)"
)
def test_kcat(sent: Callable[[list[str], str], list[PartnerEvent]]) -> None:
    hold(sent(["sh", str(SAMPLES / "kcat.sh")], os.environ["PATH"]))


def hold(events: list[PartnerEvent]) -> None:
    """Both arrived, in structured and in binary mode, and tell the same fact."""
    assert len(events) == 2
    first, second = events
    assert first.event_id.removesuffix("-1") == second.event_id.removesuffix("-2")
    assert (first.fact, first.stream, first.happened) == (
        second.fact,
        second.stream,
        second.happened,
    )


def test_every_sample_is_listed_and_run() -> None:
    files = {path.name for path in SAMPLES.iterdir()} - {"README.md"}
    listed = (SAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"({name})" in listed for name in files)
    run = Path(__file__).read_text(encoding="utf-8")
    assert all(name.rpartition(".")[0] in run for name in files)
