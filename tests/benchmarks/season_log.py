"""The log that every contender reads: one simulated season, spread so that no cache is flattered.

A season comes in the order of time, and a participant's events lie close together in it. Here each
participant's events are spread evenly over the whole log (in their order: two records of one key
never pass each other), while what publishes the catalogue stays where it was, mostly in front. So
every batch meets participants that were last seen long ago, and a repeat may come long after what it
repeats. But when things happened then has nothing to do with when they come, so most change what was summed of
days long past; what is measured of a stream that goes on takes the season as it comes.
"""

import os
import random
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from services.simulator import SimulatedRecord, simulate
from tests.partitioning import partition_of

SEED: Final = 20_200_630
REPEAT_SHARE: Final = 0.03
PARTITIONS: Final = 6
SIMULATOR: Final = Path(__file__).parents[2] / "services" / "simulator"


class Told(Struct, frozen=True):
    """What some records have to come to, counted one by one from the simulator's labels and the standard JSON.

    `completed` are the (partner, participant, class) with a completion that was not withdrawn; `reported_completed`
    counts those withdrawn too, for peers that leave withdrawals out. `followed` are the events of participants by
    their ids, each once, and `records_of_participants` the (partner, participant) they are of: the same for whoever
    refuses what is wrong by itself and takes the first of each id.
    """

    records: int
    value_bytes: int
    accepted: int
    duplicate: int
    rejected: int
    followed: int
    records_of_participants: int
    completed: int
    reported_completed: int


class SeasonLog(Struct, frozen=True):
    """The records in the order in which they are published."""

    events: int
    seed: int
    records: list[SimulatedRecord]
    is_spread: bool = True

    def told(self) -> Told:
        """What the whole log has to come to."""
        return count(self.records)

    def window(self, most: int, partitions: int = PARTITIONS) -> "Window":
        """``most`` records from the middle of the log, behind the catalogue that stands in front of it."""
        first = max(0, min(len(self.records) // 2, len(self.records) - most))
        starts: Counter[tuple[str, int]] = Counter()
        for record in self.records[:first]:
            starts[record.topic, partition_of(record.key, partitions)] += 1
        inside = self.records[first : first + most]
        ends = Counter(starts)
        for record in inside:
            ends[record.topic, partition_of(record.key, partitions)] += 1
        spans = [(*lane, starts[lane], end) for lane, end in ends.items() if end > starts[lane]]
        return Window(spans, count(inside))


class Window(Struct, frozen=True):
    """Some records in a row: topic, partition, first offset and the offset behind, and what they come to."""

    spans: list[tuple[str, int, int, int]]
    told: Told


def season_log(events: int, seed: int = SEED, *, is_spread: bool = True) -> SeasonLog:
    """The log of ``events`` records, spread or as they come; made once, then kept in the user's cache folder."""
    name = f"season-{events}-{seed}-{'spread' if is_spread else 'as-it-comes'}"
    path = _cache_folder() / f"{name}-{_fingerprint()}.msgpack"
    if path.exists():
        kept = msgspec.msgpack.decode(path.read_bytes(), type=list[SimulatedRecord])
        return SeasonLog(events, seed, kept, is_spread)
    records = list(simulate(events, seed, repeat_share=REPEAT_SHARE))
    if is_spread:
        records = spread(records, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(msgspec.msgpack.encode(records))
    fresh.replace(path)
    return SeasonLog(events, seed, records, is_spread)


def spread(records: Sequence[SimulatedRecord], seed: int) -> list[SimulatedRecord]:
    """The same records, those of participants drawn to places all over the log, each key's in its order."""
    waiting: dict[tuple[str, bytes], deque[SimulatedRecord]] = defaultdict(deque)
    drawn: list[tuple[str, bytes]] = []
    for record in records:
        if is_participants(record):
            name = (record.topic, record.key)
            waiting[name].append(record)
            drawn.append(name)
    random.Random(seed).shuffle(drawn)
    places = iter(drawn)
    return [
        waiting[next(places)].popleft() if is_participants(record) else record for record in records
    ]


def is_participants(record: SimulatedRecord) -> bool:
    """Whether the record's key is a participant's, not a class's or a package's."""
    return record.key.startswith(b"PRK-")


def count(records: Iterable[SimulatedRecord]) -> Told:
    """What the records have to come to."""
    outcomes: Counter[str] = Counter()
    total = size = 0
    ids: set[tuple[str, str]] = set()
    people: set[tuple[str, bytes]] = set()
    completions: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    voided: set[tuple[str, str, str]] = set()
    for record in records:
        total += 1
        size += len(record.value)
        outcomes[record.outcome] += 1
        if not is_participants(record) or (
            record.outcome == "rejected" and record.reason != "id_conflict"
        ):
            continue
        people.add((record.partner, record.key))
        if (record.partner, record.event_id) in ids:
            continue
        ids.add((record.partner, record.event_id))
        kind, data = _read(record)
        if kind == "id.tuntas.class.completed.v1":
            name = (record.partner, data["participant_id"], data["class_code"])
            completions[name].add(record.event_id)
        elif kind == "id.tuntas.event.voided.v1":
            voided.add((record.partner, data["participant_id"], data["target_id"]))
    completed = sum(
        any((partner, who, event_id) not in voided for event_id in found)
        for (partner, who, _), found in completions.items()
    )
    return Told(
        records=total,
        value_bytes=size,
        accepted=outcomes["accepted"],
        duplicate=outcomes["duplicate"],
        rejected=outcomes["rejected"],
        followed=len(ids),
        records_of_participants=len(people),
        completed=completed,
        reported_completed=len(completions),
    )


def _read(record: SimulatedRecord) -> tuple[str, dict[str, Any]]:
    """Type and data of a record that is well, in either content mode."""
    body = msgspec.json.decode(record.value)
    for name, text in record.headers:
        if name == "ce_type":
            return text.decode(), body
    return body["type"], body["data"]


def _cache_folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "tuntas" / "benchmarks"


def _fingerprint() -> str:
    """Changes whenever the simulator or the way of spreading does."""
    found = sha256()
    for path in (Path(__file__), *sorted(SIMULATOR.glob("*.py"))):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]
