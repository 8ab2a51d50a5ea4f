"""Kafka goes away and comes back: partners wait, workers resume where the lanes are."""

import pytest

from services.embedded.broker import Broker
from services.simulator import SimulatedRecord
from tests.end_to_end import proof
from tests.end_to_end.running_system import RunningSystem
from tests.faults.load import Load

pytestmark = [pytest.mark.kafka, pytest.mark.apache, pytest.mark.slow, pytest.mark.long]

AWAY_SECONDS = 120.0


def test_the_broker_is_killed_under_load(
    running_system: RunningSystem, kafka_broker: Broker, records: list[SimulatedRecord]
) -> None:
    system = running_system
    system.start(ingest=2)
    with Load(system, records) as load:
        load.wait_until_read(0.4)
        kafka_broker.kill()
        assert system.status("/v1/intake") == 200
        kafka_broker.start()
    system.wait_until_drained()
    proof.check_everything(system, records)


def test_the_broker_is_away_for_longer_than_anybody_waits(
    running_system: RunningSystem, kafka_broker: Broker, records: list[SimulatedRecord]
) -> None:
    """Workers and the projector say so, stop and try again; answers can be read all the time."""
    system = running_system
    system.start(ingest=1)
    with Load(system, records) as load:
        load.wait_until_read(0.4)
        kafka_broker.stop()
        for name in ("ingest-1", "project-1"):
            system.wait_until(
                lambda name=name: "BrokerUnavailable" in system.log(name),  # type: ignore[misc]
                f"{name} says that Kafka is away",
                AWAY_SECONDS,
            )
            assert system.status("/v1/intake") == 200
        kafka_broker.start()
    system.wait_until_drained()
    proof.check_everything(system, records)
