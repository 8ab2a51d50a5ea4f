"""Reads mutated records as the intake does, from a batch's bytes to the row that is kept, and holds what must hold."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from domain.errors import Refusal
from domain.events import PartnerEvent
from services.cloudevents.decode import UNREADABLE
from services.intake.batch import entry_of
from services.intake.decoding import decoded
from services.intake.lanes import Lane
from services.intake.rejecting import rejection
from services.intake.weights import Weights
from services.kafka.batches import batches
from services.kafka.records import AnyRecord
from tests.catalogue.cases import catalogue
from tests.fuzz.mutations import MOST_BYTES, batch, damaged, mutated
from tests.services.cloudevents.samples import PARTNER

LANE: Final = Lane(1, f"tuntas.partner.{PARTNER}", 0, 1, 1, 0)
MOST_A_BATCH: Final = 20
DAMAGED: Final = 0.2
"""So many of the batches are damaged beyond their records."""


@dataclass
class Fuzzed:
    """What the records became, and how much memory it took beyond the first tenth."""

    records: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    growth_mib: float = 0.0


def fuzz(records: int, seed: int) -> Fuzzed:
    """Reads at least so many mutated records. Raises AssertionError, naming seed and batch, where something fails."""
    draw = Random(seed)
    small = [record for record in catalogue() if len(record.value or b"") <= MOST_BYTES]
    found = Fuzzed()
    number = 0
    before = 0.0
    while found.records < records:
        number += 1
        count = draw.randint(1, MOST_A_BATCH)
        whole = batch(
            draw, [mutated(draw, draw.choice(small), draw.choice(small)) for _ in range(count)]
        )
        is_damaged = draw.random() < DAMAGED
        data = damaged(draw, whole) if is_damaged else whole
        try:
            _read(data, count, found, is_damaged=is_damaged)
        except Exception as error:
            raise AssertionError(f"seed {seed}, batch {number}: {data.hex()}") from error
        found.records += count
        if not before and found.records >= records // 10:
            before = _memory_mib()
    found.growth_mib = _memory_mib() - before
    return found


def _read(data: bytes, count: int, found: Fuzzed, *, is_damaged: bool) -> None:
    read: list[AnyRecord] = []
    expected = 0
    for part in batches(data, 0, count):
        read += part.records
        assert part.next_offset >= expected
        expected = part.next_offset
    offsets = [record.offset for record in read]
    assert offsets == sorted(set(offsets))
    if is_damaged:
        assert expected > 0, "the lane stands still"
    else:
        assert (offsets, expected) == (list(range(count)), count)
    became = decoded(LANE, read, Weights(lambda *_: 1))
    assert [one.offset for one in became] == offsets
    for one in became:
        if isinstance(one.outcome, PartnerEvent):
            assert entry_of(one.outcome).state
            found.outcomes["accepted"] += 1
        else:
            assert isinstance(one.outcome, Refusal)
            assert one.outcome is not UNREADABLE, "no rule foresaw it"
            assert rejection(LANE, one.offset, one.outcome, one.raw).detail
            found.outcomes[one.outcome.reason] += 1


def _memory_mib() -> float:
    """What this process holds now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
