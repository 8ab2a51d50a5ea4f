"""One seed: a season is sent while things break, and in the end every outcome, answer and sum is the oracle's."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from msgspec import Struct, field

from services.embedded.broker import Broker
from services.embedded.postgres import EmbeddedPostgres
from services.simulator import simulate
from tests.end_to_end import proof
from tests.end_to_end.delivery import shuffled
from tests.end_to_end.running_system import RunningSystem, remove_topics
from tests.end_to_end.test_answers import folded, from_api, read
from tests.faults.at_length.breaker import WORKERS, Breaker
from tests.faults.at_length.clock import SteppedClock
from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.load import Load

REPEATED: Final = 0.1
PER_SECOND: Final = 200.0
PAUSES_SECONDS: Final = (0.05, 1.2)
LOOK_SECONDS: Final = 0.05


class SeasonFailed(AssertionError):
    """The end was not as it must be; the message says of which seed, and what was broken when."""


class Season(Struct):
    """What was sent and broken. ``times``: seconds until things went on, by kind of fault."""

    records: int = 0
    trials: Counter[str] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=dict)


def play(
    broker: Broker,
    postgres: EmbeddedPostgres,
    seed: int,
    events: int,
    kinds: Mapping[str, int],
    pause: float | None,
    folder: Path,
) -> Season:
    """Sends a season of so many events and breaks things until all is sent; raises SeasonFailed.

    ``pause`` seconds lie between two faults; None: as many as the seed draws.
    """
    chance = random.Random(seed)
    records = shuffled(list(simulate(events, seed)), seed, repeats=round(events * REPEATED))
    remove_topics(broker.bootstrap)
    name = f"season_{uuid.uuid4().hex}"
    url = postgres.create_database(name)
    proxy = CuttingProxy(url)
    system = RunningSystem(folder, broker.bootstrap, url)
    system.settings |= {"TUNTAS_BATCH_RECORDS": "100", "TUNTAS_DATABASE_URL": proxy.database_url}
    breaker = Breaker(system, broker, postgres, proxy, SteppedClock(system), chance, kinds)
    try:
        system.start(ingest=WORKERS)
        with Load(system, records, PER_SECOND) as load:
            while load.sent < len(records):
                breaker.strike()
                drawn = chance.uniform(*PAUSES_SECONDS)
                until = monotonic() + (drawn if pause is None else pause)
                while monotonic() < until:
                    breaker.tend()
                    sleep(LOOK_SECONDS)
        breaker.heal()
        system.wait_until_drained()
        proof.check_everything(system, records)
        told = folded(read(system.bootstrap, "read_committed"))
        proof.differing(told, from_api(system))
    except Exception as error:
        story = "\n".join(breaker.told)
        logs = "\n".join(f"--- {name}\n{log}" for name, log in system.logs().items())
        raise SeasonFailed(
            f"{logs}\n{story}\nseed {seed}: {type(error).__name__}: {error}"
        ) from error
    finally:
        proxy.let_go()
        system.stop_all()
        proxy.close()
    postgres.drop_database(name)
    return Season(len(records), breaker.trials, dict(breaker.times))
