"""One seed: a season is sent while leaders are killed; in the end every outcome, answer and sum is the oracle's."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from services.simulator import simulate
from tests.end_to_end.delivery import shuffled
from tests.end_to_end.running_system import RunningSystem, remove_topics
from tests.failover.kafka_cluster import KafkaCluster
from tests.failover.leaders import KINDS, LONGEST_DOWN_SECONDS, Leaders
from tests.failover.postgres_cluster import PostgresCluster
from tests.faults.load import Load
from tests.faults.seasons import Season, hold, story

REPEATED: Final = 0.1
WORKERS: Final = 2


def play(
    kafka: KafkaCluster,
    postgres: PostgresCluster,
    seed: int,
    events: int,
    per_second: float,
    folder: Path,
    kinds: Mapping[str, int] = KINDS,
    most: int | None = None,
    longest_down_seconds: float = LONGEST_DOWN_SECONDS,
) -> Season:
    """Sends a season of so many events and kills leaders, one after the other, until all is sent or ``most`` are gone.

    Sent is what a majority of the brokers acknowledged, each record once. Raises SeasonFailed.
    """
    chance = random.Random(seed)
    records = shuffled(list(simulate(events, seed)), seed, repeats=round(events * REPEATED))
    remove_topics(kafka.bootstrap)
    name = f"season_{uuid.uuid4().hex}"
    system = RunningSystem(folder, kafka.bootstrap, postgres.create_database(name))
    leaders = Leaders(system, kafka, postgres, chance, kinds, longest_down_seconds)
    try:
        with story(system, seed, leaders.told):
            system.start(ingest=WORKERS)
            with Load(system, records, per_second) as load:
                load.wait_until_read(0.02)
                while load.sent < len(records) and leaders.trials.total() != most:
                    if load.has_failed:
                        break  # which leaving the block raises
                    leaders.strike(load)
            hold(system, records)
    finally:
        system.stop_all()
    postgres.drop_database(name)
    return Season(len(records), leaders.trials, dict(leaders.times))
