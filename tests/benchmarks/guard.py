"""Fails when a record costs more than it did: `python -m tests.benchmarks.guard [--record]`.

Measures the intake's own work on a record (decode, sort out, judge, encode; no Kafka and no PostgreSQL) and, in the
same process and in turn with it, a fixed yardstick made of the same stuff: JSON, dictionaries, small tuples,
MessagePack, a hash. Only their ratio counts, so that a faster, slower or busier machine changes little. CPU time,
medians. It is compared with the ratio in recorded.json; more than a quarter above it fails. `--record` writes it anew:
do so when the intake became faster, or slower for a reason that the commit gives.
"""

import gc
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, Final

import msgspec
from msgspec import Struct

from domain.catalogue import State as Catalogue
from domain.events import PARTICIPANT_STREAM
from domain.vocabulary import PARTNER_IDS
from projections.status.record import Changes, Record, Rules
from projections.status.rows import changes
from services.intake.batch import LaneBatch, wanted
from services.intake.decoding import decoded
from services.intake.lanes import Lane
from services.intake.sorting import sort_out
from services.intake.weights import Weights
from services.kafka.records import Fetched
from services.kafka.records import Record as KafkaRecord
from services.postgres.ledger import LaneEvents, encode_events
from services.simulator import SimulatedRecord, simulate

RECORDED: Final = Path(__file__).with_name("recorded.json")
EVENTS: Final = 5_000
SEED: Final = 7
ROUNDS: Final = 11
TRIES: Final = 3
ALLOWED: Final = 1.25
SALES_END: Final = 1_593_450_000_000_000
NOW: Final = 1_600_000_000_000_000


class Recorded(Struct, frozen=True):
    """The ratio to hold, and where it was measured."""

    ratio: float
    record_us: float
    yardstick_us: float
    python: str
    machine: str
    date: str


class Measured(Struct, frozen=True):
    """Medians: microseconds a record of the product and of the yardstick, and of the rounds' ratios."""

    ratio: float
    record_us: float
    yardstick_us: float


def lanes_of(records: list[SimulatedRecord]) -> list[Fetched]:
    """The records as one poll of one partition a topic would bring them."""
    by_topic: dict[str, list[Any]] = {}
    for record in records:
        found = by_topic.setdefault(record.topic, [])
        found.append(KafkaRecord(len(found), record.key, record.headers, record.value))
    return [Fetched(topic, 0, found, len(found), len(found)) for topic, found in by_topic.items()]


def intake(fetched: list[Fetched]) -> int:
    """Everything the intake does with the records between Kafka and PostgreSQL; how many were accepted."""
    partners = {f.topic: PARTNER_IDS[f.topic.removeprefix("tuntas.partner.")] for f in fetched}
    lanes = [
        Lane(number, f.topic, f.partition, partners[f.topic], 1, 0)
        for number, f in enumerate(fetched, start=1)
    ]
    weights = Weights(lambda *_: 0)
    batches = [
        LaneBatch(lane, decoded(lane, f.records, weights), f.next_offset, f.high_water)
        for lane, f in zip(lanes, fetched, strict=True)
    ]
    wants = wanted(batches)
    records = {
        partner: {who: Record(number) for number, who in enumerate(want.participants, start=1)}
        for partner, want in wants.items()
    }
    rules = {partner: Rules(Catalogue(), SALES_END) for partner in wants}
    known: dict[int, dict[str, Any]] = {partner: {} for partner in wants}
    outcome = sort_out(batches, known, records, rules)
    for partner, touched in outcome.touched.items():
        into = Changes()
        for participant_id, parts in touched.items():
            record = records[partner][participant_id]
            changes(record.person, record.state, parts, rules[partner], into)
    encode_events(
        [
            LaneEvents(batch.lane.lane_id, batch.lane.partner_id, 1, lane.events)
            for batch, lane in zip(batches, outcome.lanes, strict=True)
        ],
        NOW,
    )
    return sum(len(lane.events) for lane in outcome.lanes)


def yardstick(values: list[bytes]) -> int:
    """A fixed amount of the same kind of work; its text must not change, or recorded.json says nothing."""
    decode, encode = msgspec.json.decode, msgspec.msgpack.encode
    held: dict[str, list[tuple[str, int]]] = {}
    size = 0
    for value in values:
        tree = decode(value)
        inner = tree.get("data", tree)
        parts = []
        for name, text in inner.items():
            parts.append((name, len(str(text))))
        parts.sort()
        key = f"{PARTICIPANT_STREAM}{inner.get('participant_id')}"
        held.setdefault(key, []).extend(parts)
        size += len(encode(parts)) + blake2b(value, digest_size=8).digest()[0]
    return size


def measure(records: list[SimulatedRecord]) -> Measured:
    """Rounds of both in turn."""
    fetched = lanes_of(records)
    values = [record.value for record in records if record.outcome == "accepted"]
    intake(fetched)
    yardstick(values)
    rounds = []
    for _ in range(ROUNDS):
        ruler = seconds(lambda: yardstick(values)) / len(values)
        product = seconds(lambda: intake(fetched)) / len(records)
        # Once more behind it: what disturbs comes and goes, and lies as often before as behind.
        ruler = (ruler + seconds(lambda: yardstick(values)) / len(values)) / 2
        rounds.append((product / ruler, product * 1e6, ruler * 1e6))
    ratios, products, rulers = zip(*rounds, strict=True)
    return Measured(median(ratios), median(products), median(rulers))


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call, garbage collected beforehand."""
    gc.collect()
    began = process_time()
    work()
    return process_time() - began


def main() -> None:
    records = list(simulate(EVENTS, SEED))
    if "--record" in sys.argv:
        found = measure(records)
        recorded = Recorded(
            **msgspec.structs.asdict(found),
            python=platform.python_version(),
            machine=platform.machine(),
            date=datetime.now(UTC).date().isoformat(),
        )
        RECORDED.write_bytes(msgspec.json.format(msgspec.json.encode(recorded)) + b"\n")
        print(f"recorded: {found.ratio:.2f} yardsticks a record")
        return
    recorded = msgspec.json.decode(RECORDED.read_bytes(), type=Recorded)
    limit = recorded.ratio * ALLOWED
    for _ in range(TRIES):
        found = measure(records)
        print(
            f"a record costs {found.record_us:.1f} µs, the yardstick {found.yardstick_us:.1f} µs: ratio "
            f"{found.ratio:.2f}; recorded {recorded.ratio:.2f}, at most {limit:.2f}"
        )
        if found.ratio <= limit:
            return
    sys.exit(
        f"a record became dearer: {found.ratio:.2f} yardsticks, {found.ratio / recorded.ratio:.2f} times what was"
        " recorded. Make it cheaper, or record the new ratio and say why: python -m tests.benchmarks.guard --record"
    )


if __name__ == "__main__":
    main()
