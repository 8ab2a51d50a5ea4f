"""`tuntas up --apache`: clients that the small broker does not speak to, and a log that outlives the run."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from confluent_kafka import Producer

from services.kafka.topics import partner_topic
from tests.end_to_end.embedded_run import Up, up

pytestmark = [pytest.mark.apache, pytest.mark.slow]

PARTICIPANT = "PRK-000000042"
EVENT = (
    b'{"specversion": "1.0", "id": "%s", "source": "/partners/pijar-mahir", "type": "id.tuntas.class.reviewed.v1",'
    b' "time": "2020-07-01T10:00:00+07:00",'
    b' "data": {"participant_id": "PRK-000000042", "class_code": "C-0107", "rating": 4}}'
)


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A folder that the embedded PostgreSQL's own user can reach."""
    with TemporaryDirectory(prefix="tuntas-tests-") as folder:
        yield Path(folder) / "state"


def send(run: Up, event_id: bytes) -> None:
    """Sends an event by a client made with librdkafka."""
    failed: list[object] = []
    producer = Producer({"bootstrap.servers": run.status()["kafka_bootstrap"]})
    producer.produce(
        partner_topic("pijar-mahir"),
        key=PARTICIPANT,
        value=EVENT % event_id,
        headers={"content-type": "application/cloudevents+json"},
        on_delivery=lambda error, _: failed.append(error) if error else None,
    )
    assert producer.flush(30) == 0
    assert not failed


def test_any_client_sends_and_the_next_run_reads_on(state_dir: Path) -> None:
    with up(state_dir, "--apache") as run:
        send(run, b"sample-1")
        run.wait_until_read(1)
    with up(state_dir, "--apache") as run:
        send(run, b"sample-2")
        run.wait_until_read(2)
        logs = {lane["log_id"] for lane in run.ask("/v1/intake")["items"]}
        assert len(logs) == 1
