"""The short version of `make fuzz`."""

from pathlib import Path

import pytest

from domain.errors import Reason
from services.embedded.broker import Broker
from services.embedded.postgres import EmbeddedPostgres
from tests.end_to_end.running_system import remove_topics
from tests.fuzz.run import fuzz
from tests.fuzz.through_workers import fuzz_through_workers

CONFLICTS = {Reason.ID_CONFLICT, Reason.PACKAGE_CONFLICT}


def test_twenty_thousand_mutated_records_each_have_one_outcome() -> None:
    found = fuzz(20_000, seed=20)
    assert found.records >= 20_000
    assert found.growth_mib < 64
    # The mutations reach every rule that a record breaks by itself.
    assert {"accepted", *Reason} - CONFLICTS - found.outcomes.keys() <= {Reason.TOO_LARGE}


@pytest.mark.kafka
@pytest.mark.slow
def test_so_many_go_through_workers_and_leave_their_neighbours_alone(
    kafka_broker: Broker, postgres_server: EmbeddedPostgres, tmp_path: Path
) -> None:
    remove_topics(kafka_broker.bootstrap)
    found = fuzz_through_workers(tmp_path, kafka_broker, postgres_server, 20_000, seed=20)
    assert found.records >= 20_000
    assert found.damaged_batches > 0
    assert max(found.growth_mib.values()) < 64
    assert {"accepted", "duplicate", *Reason} <= found.outcomes.keys()
