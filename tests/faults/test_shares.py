"""One partner's garbage or flood leaves the seven others their throughput and their freshness.

`python -m tests.benchmarks.bench_neighbours` measures how much; here the bounds are loose, as others use the machine.
"""

import pytest

from services.kafka.topics import ensure_topics
from services.settings import read_settings
from services.wiring import prepare_database
from tests.end_to_end.running_system import PARTITIONS, RunningSystem
from tests.faults.shares import shared

pytestmark = [pytest.mark.kafka, pytest.mark.apache, pytest.mark.slow]

RATE = 100
SECONDS = 6.0


@pytest.mark.parametrize("kind", ["garbage", "flood"])
def test_the_others_keep_their_share(running_system: RunningSystem, kind: str) -> None:
    system = running_system
    ensure_topics(system.bootstrap, PARTITIONS)
    prepare_database(read_settings(system.settings))
    system.start_ingest(TUNTAS_BATCH_RECORDS="5000")
    system.wait_until(system.lanes_are_owned, "every lane has an owner")
    shared(system, "clean", RATE, 2.0)  # the first is about connections
    clean = shared(system, "clean", RATE, SECONDS)
    attacked = shared(system, kind, RATE, SECONDS)
    print(clean, attacked, sep="\n")
    assert attacked.pace >= 0.6 * clean.pace, (clean, attacked)
    assert attacked.p50 <= 3 * clean.p50 + 0.5, (clean, attacked)
    assert attacked.p99 <= 3 * clean.p99 + 2.0, (clean, attacked)
