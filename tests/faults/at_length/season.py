"""One seed: a season is sent while things break, and in the end every outcome, answer and sum is the oracle's."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from services.embedded.broker import Broker
from services.embedded.postgres import EmbeddedPostgres
from services.simulator import simulate
from tests.end_to_end.delivery import shuffled
from tests.end_to_end.running_system import RunningSystem, remove_topics
from tests.faults.at_length.breaker import WORKERS, Breaker
from tests.faults.at_length.clock import SteppedClock
from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.load import Load
from tests.faults.seasons import Season, hold, story

REPEATED: Final = 0.1
PER_SECOND: Final = 200.0
BATCH_RECORDS: Final = 100
SHORTEST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 1.2
LOOK_SECONDS: Final = 0.05


def play(
    broker: Broker,
    postgres: EmbeddedPostgres,
    seed: int,
    events: int,
    kinds: Mapping[str, int],
    pauses: tuple[float, float],
    folder: Path,
    *,
    per_second: float = PER_SECOND,
    batch_records: int = BATCH_RECORDS,
) -> Season:
    """Sends a season of so many events and breaks things until all is sent; raises SeasonFailed.

    The seconds between two faults are drawn from ``pauses``, the shortest and the longest one. A worker writes
    ``batch_records`` at once: many small batches have faults meet many COMMITs, large ones have many records read.
    """
    chance = random.Random(seed)
    records = shuffled(list(simulate(events, seed)), seed, repeats=round(events * REPEATED))
    remove_topics(broker.bootstrap)
    name = f"season_{uuid.uuid4().hex}"
    url = postgres.create_database(name)
    proxy = CuttingProxy(url)
    system = RunningSystem(folder, broker.bootstrap, url)
    system.settings |= {
        "TUNTAS_BATCH_RECORDS": str(batch_records),
        "TUNTAS_DATABASE_URL": proxy.database_url,
    }
    breaker = Breaker(system, broker, postgres, proxy, SteppedClock(system), chance, kinds)
    try:
        with story(system, seed, breaker.told):
            system.start(ingest=WORKERS)
            with Load(system, records, per_second) as load:
                while load.sent < len(records) and not load.has_failed:
                    breaker.strike()
                    until = monotonic() + chance.uniform(*pauses)
                    while monotonic() < until:
                        breaker.tend()
                        sleep(LOOK_SECONDS)
            breaker.heal()
            hold(system, records)
    finally:
        proxy.let_go()
        system.stop_all()
        proxy.close()
    postgres.drop_database(name)
    return Season(len(records), breaker.trials, dict(breaker.times))
