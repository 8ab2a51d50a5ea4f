"""Kafka goes away and comes back: partners wait, workers resume where the lanes are."""

from datetime import UTC, datetime

import pytest
from kafka import KafkaAdminClient

from domain.vocabulary import PARTNERS
from services.embedded.broker import Broker
from services.kafka.topics import partner_topic
from services.simulator import SimulatedRecord
from services.simulator.expected import expected_answers
from tests.end_to_end import proof
from tests.end_to_end.running_system import PARTITIONS, RunningSystem
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


def test_partitions_are_added_under_load(
    running_system: RunningSystem, records: list[SimulatedRecord]
) -> None:
    """Participants' later events come in other lanes than their first ones.

    Which of two records under one id comes first is then for Kafka to say, so each is sent once and can be accepted.
    """
    system = running_system
    once = list({id(record): record for record in records if record.outcome == "accepted"}.values())
    system.start(ingest=3)
    half = len(once) // 2
    with Load(system, once[:half]) as load:
        load.wait_until_read(0.3)
        system.partitions += 3
        add_partitions(system)
    # Another producer, as kafka-python's looks for new partitions every five minutes.
    with Load(system, once[half:]) as load:
        load.wait_until_sent(0.3)
        system.kill(system.ingest()[0])
        system.start_ingest()
        system.partitions += 1
        add_partitions(system)
    system.wait_until(system.lanes_are_owned, "the new lanes have owners")
    system.wait_until_drained()
    later = [f for (_, number), f in system.end_offsets().items() if number >= PARTITIONS]
    assert sum(later) > len(once) / 20
    assert system.rows("SELECT sum(accepted), sum(duplicate + rejected) FROM ledger.lane") == [
        (len(once), 0)
    ]
    proof.check_ledger(system)
    expected = expected_answers(once, datetime.now(UTC))
    proof.check_answers(system, expected)
    proof.check_evaluations(system, expected)


def add_partitions(system: RunningSystem) -> None:
    """Every partner's topic has as many partitions from now on as the system says."""
    admin = KafkaAdminClient(bootstrap_servers=system.bootstrap)
    try:
        admin.create_partitions({partner_topic(partner): system.partitions for partner in PARTNERS})
    finally:
        admin.close()
