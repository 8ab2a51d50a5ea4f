"""Has worker processes read mutated records and batches from a broker into PostgreSQL, and holds what must hold then.

Two ingest and one project process, as users start them. At the end: none ended or began anew, each lane is read to the
end of its log, each offset has one outcome, the clean records in between and the neighbour's are all accepted, and
memory is what it was.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from pathlib import Path
from random import Random
from typing import Final

import psutil

from domain.vocabulary import PARTNERS
from services.embedded.broker import Broker
from services.embedded.postgres import EmbeddedPostgres
from services.kafka.topics import ensure_topics, partner_topic
from services.settings import read_settings
from services.wiring import prepare_database
from tests.end_to_end.running_system import PARTITIONS, Place, RunningSystem
from tests.fuzz.sending import Part, rounds
from tests.services.kafka.raw import ends_of_logs, offer


class FuzzedSystem(RunningSystem):
    """Whose logs no usual client reads."""

    def end_offsets(self) -> dict[Place, int]:
        """The offset behind the last record of each partition."""
        places = product(map(partner_topic, PARTNERS), range(PARTITIONS))
        return ends_of_logs(self.bootstrap, places)


AT_ONCE: Final = 200
"""So many rounds are sent before it is looked whether all is well."""
MOST_WAITING: Final = 20_000
"""So many records may wait: workers read a backlog, and memory is measured on one that is not endless."""
TIMEOUT_SECONDS: Final = 300.0


@dataclass
class ThroughWorkers:
    """What was sent, what became of it, and how much more memory a process took than after the first tenth."""

    records: int = 0
    damaged_batches: int = 0
    refused_batches: Counter[int] = field(default_factory=Counter)
    """Those that the broker did not take, by its error's number; not among ``records``."""
    offsets: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    growth_mib: dict[str, float] = field(default_factory=dict)


def fuzz_through_workers(
    folder: Path, broker: Broker, postgres: EmbeddedPostgres, records: int, seed: int
) -> ThroughWorkers:
    """What became of at least so many mutated records. Raises AssertionError, saying which, where something fails.

    ``folder`` receives the logs of the processes. The broker must be new: all of its partners' topics are read.
    """
    url = postgres.create_database(f"fuzz_{seed}")
    system = FuzzedSystem(folder, broker.bootstrap, url)
    ensure_topics(system.bootstrap, PARTITIONS)
    prepare_database(read_settings(system.settings))
    try:
        names = [system.start_ingest(), system.start_ingest(), system.start_project()]
        system.wait_until(system.lanes_are_owned, "every lane has an owner")
        found = ThroughWorkers()
        clean = _sent(system, found, names, Random(seed), records)
        system.wait_until_drained()
        found.growth_mib = {
            name: _memory_mib(system, name) - was for name, was in found.growth_mib.items()
        }
        _hold(system, found, names, clean)
        return found
    finally:
        system.stop_all()
        postgres.drop_database(f"fuzz_{seed}")


def _sent(
    system: RunningSystem, found: ThroughWorkers, names: Sequence[str], draw: Random, records: int
) -> int:
    """Sends the records while workers read them; how many clean ones each partner has."""
    to_send = rounds(draw)
    clean = 0
    while found.records < records:
        several = list(islice(to_send, AT_ONCE))
        clean += len(several)
        _offer(system, found, several)
        system.wait_until(
            lambda: system.records_read() >= found.records - MOST_WAITING,
            "workers keep up",
            TIMEOUT_SECONDS,
        )
        if not found.growth_mib and found.records >= records // 10:
            system.wait_until_drained()
            found.growth_mib = {name: _memory_mib(system, name) for name in names}
    return clean


def _offer(system: RunningSystem, found: ThroughWorkers, several: Sequence[Sequence[Part]]) -> None:
    """Sends rounds: what is whole of one in one request, and each damaged batch alone."""
    requests: list[list[Part]] = []
    for parts in several:
        requests.append([part for part in parts if not part.is_damaged])
        requests += [[part] for part in parts if part.is_damaged]
    placed = ([part[:3] for part in request] for request in requests)
    for request, codes in zip(requests, offer(system.bootstrap, placed), strict=True):
        for part, code in zip(request, codes, strict=True):
            assert part.is_damaged or not code, f"the broker answered with error {code}"
            if code:
                found.refused_batches[code] += 1
            else:
                found.records += part.records
                found.damaged_batches += part.is_damaged


def _hold(system: RunningSystem, found: ThroughWorkers, names: Sequence[str], clean: int) -> None:
    """Asserts that all is well when everything was read."""
    assert set(names) <= set(system.running())
    for name in names:
        assert "stopped why=" not in system.log(name), f"{name} began anew\n{system.log(name)}"
    assert not system.rows(TROUBLE), system.rows(TROUBLE)
    found.offsets = sum(system.end_offsets().values())
    ((outcomes, places, skipped, next_offsets),) = system.rows(SUMS)
    assert outcomes == places, "an offset has two outcomes"
    assert outcomes + skipped == next_offsets == found.offsets
    found.outcomes = Counter(dict(system.rows(OUTCOMES)))
    assert sum(found.outcomes.values()) == outcomes
    found.outcomes["skipped"] = skipped
    accepted = dict(system.rows(CLEAN))
    lost = f"{accepted}, of {clean} each; {system.rows(CORRUPT)}"
    assert list(accepted.values()) == [clean, clean], lost


def _memory_mib(system: RunningSystem, name: str) -> float:
    """What the service holds now."""
    (service,) = psutil.Process(system.processes[name].pid).children()
    return float(service.memory_info().rss) / (1 << 20)


TROUBLE = "SELECT topic, partition, trouble FROM ledger.lane WHERE trouble IS NOT NULL"
SUMS = """
WITH outcome AS (
    SELECT lane_id, kafka_offset FROM ledger.event WHERE kafka_offset IS NOT NULL
    UNION ALL SELECT lane_id, kafka_offset FROM ledger.duplicate
    UNION ALL SELECT lane_id, kafka_offset FROM ledger.rejection
)
SELECT (SELECT count(*) FROM outcome)::bigint,
       (SELECT count(*) FROM (SELECT DISTINCT lane_id, kafka_offset FROM outcome) AS place)::bigint,
       sum(skipped)::bigint,
       sum(next_offset)::bigint
FROM ledger.lane
"""
OUTCOMES = """
SELECT 'accepted', count(*) FROM ledger.event WHERE kafka_offset IS NOT NULL
UNION ALL SELECT 'duplicate', count(*) FROM ledger.duplicate
UNION ALL SELECT reason::text, count(*) FROM ledger.rejection GROUP BY reason
"""
CORRUPT = """
SELECT detail, count(*), min(kafka_offset) FROM ledger.rejection
WHERE reason = 'corrupt_record' GROUP BY detail ORDER BY 2 DESC
"""
CLEAN = """
SELECT partner_id, count(*) FROM ledger.event
WHERE starts_with(event_id, 'clean-') AND kafka_offset IS NOT NULL GROUP BY partner_id
"""
