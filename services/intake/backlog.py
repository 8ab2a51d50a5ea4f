"""Decoded records that wait to be written, lane by lane, and what of them is written next.

A lane with few records has all of them in the next batch, whatever waits in others. Lanes with many, here or still in
Kafka, have turns, each what is left of a batch: smaller pieces of more lanes would be of more participants, and each
participant costs (docs/decisions/one-worker-two-threads.md).

A lane whose batch failed is written alone, in turn with the others, in pieces that get smaller as long as they fail.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from msgspec import Struct

from services.intake.batch import Decoded, LaneBatch
from services.intake.takeover import LaneName

BATCHES_WAITING: Final = 2
"""So many batches wait, so that there is always one to write."""

STEADY: Final = 4
"""After so many pieces that were written, the next ones are twice as large: each that fails costs time."""

WHOLE: Final = 1 << 62
"""Of a lane that is written apart: in pieces as large as any batch."""


def name_of(batch: LaneBatch) -> LaneName:
    """Topic and partition of its lane."""
    return batch.lane.topic, batch.lane.partition


def weight(batch: LaneBatch) -> int:
    """The weight of its records."""
    return sum([one.weight for one in batch.decoded])


class Waiting(Struct):
    """What waits of one lane; ``weight`` is that of its records."""

    batch: LaneBatch
    weight: int

    @property
    def asked(self) -> int:
        """What the lane would need of batches now: what waits here, and what was seen to wait in Kafka."""
        return self.weight + max(self.batch.high_water - self.batch.next_offset, 0)


class Apart(Struct):
    """A lane that is written alone: how much its next piece weighs at most, and how many in a row were written."""

    most: int
    written: int = 0


class Backlog:
    """Owned by the thread that reads; a batch that was taken is the writer's until it is put back or done."""

    def __init__(self) -> None:
        self._waiting: dict[LaneName, Waiting] = {}
        self._apart: dict[LaneName, Apart] = {}
        self._apart_last = False

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def weight(self) -> int:
        """Of all that waits."""
        return sum([waiting.weight for waiting in self._waiting.values()])

    def full(self, limit: int) -> Collection[LaneName]:
        """The lanes of which enough waits, where ``limit`` is what a batch weighs: all, when enough waits together."""
        waiting = self._waiting
        enough = BATCHES_WAITING * limit
        if self.weight >= enough:
            return set(waiting)
        share = max(enough // max(len(waiting), 1), limit)
        return {name for name, held in waiting.items() if held.weight >= share}

    def add(self, batch: LaneBatch) -> None:
        """Records of a lane behind those that wait of it."""
        held = self._waiting.get(name_of(batch))
        if held is None:
            self._waiting[name_of(batch)] = Waiting(batch, weight(batch))
        else:
            held.batch.decoded += batch.decoded
            held.batch.next_offset = batch.next_offset
            held.batch.high_water = batch.high_water
            held.weight += weight(batch)

    def drop(self, name: LaneName) -> None:
        """Forgets a lane."""
        self._waiting.pop(name, None)
        self._apart.pop(name, None)

    def take(self, limit: int) -> list[LaneBatch]:
        """The next batch, of weight ``limit`` or less, or of one record; empty where nothing waits."""
        apart = [name for name in self._apart if name in self._waiting]
        together = [name for name in self._waiting if name not in self._apart]
        self._apart_last = bool(apart) and not (self._apart_last and together)
        if self._apart_last:
            name = apart[0]
            lane = self._apart.pop(name)
            self._apart[name] = lane  # behind the others
            return [self._cut(name, min(lane.most, limit))]
        if sum([self._waiting[name].weight for name in together]) <= limit:
            return [self._waiting.pop(name).batch for name in together]
        return self._by_turns(together, limit)

    def _by_turns(self, names: Sequence[LaneName], limit: int) -> list[LaneBatch]:
        """A batch of lanes that have more than fits: half of it for those with least, then a turn of one of the others.

        The turn has who waits longest, of those of which as much is here; others only where it leaves something.
        """
        taken: list[LaneBatch] = []
        left, quick = limit, limit // 2
        for name in sorted(names, key=lambda name: self._waiting[name].asked):
            held = self._waiting[name]
            if held.asked > quick:
                break
            quick -= held.asked
            left -= held.weight
            taken.append(self._waiting.pop(name).batch)
        many = [name for name in names if name in self._waiting]
        turn = left
        many.sort(key=lambda name: self._waiting[name].weight < turn)
        for name in many:
            if left <= 0:
                break
            before = self._waiting[name].weight
            taken.append(self._cut(name, left))
            after = self._waiting.pop(name, None)
            if after is not None:
                self._waiting[name] = after  # behind those that have not had their turn
            left -= before - (after.weight if after else 0)
        return taken

    def put_back(self, batches: Sequence[LaneBatch]) -> None:
        """What could not be written, in front of what came since; its lanes are written apart, in smaller pieces."""
        for batch in batches:
            name, weighs = name_of(batch), weight(batch)
            self._apart[name] = Apart(WHOLE if len(batches) > 1 else max(weighs // 2, 1))
            held = self._waiting.get(name)
            if held is not None:
                batch.decoded += held.batch.decoded
                batch.next_offset = held.batch.next_offset
                batch.high_water = held.batch.high_water
                weighs += held.weight
            self._waiting[name] = Waiting(batch, weighs)

    def written(self, batches: Iterable[LaneBatch], limit: int) -> None:
        """A batch was written: a lane that was apart has larger pieces, and none when they are as large as others'."""
        for batch in batches:
            name = name_of(batch)
            lane = self._apart.get(name)
            if lane is None:
                continue
            lane.written += 1
            if lane.written == STEADY:
                lane.written = 0
                lane.most *= 2
            if lane.most >= limit or name not in self._waiting:
                del self._apart[name]

    def _cut(self, name: LaneName, most: int) -> LaneBatch:
        """The first records of a lane, of weight ``most`` or less, at least one."""
        held = self._waiting[name]
        if held.weight <= most:
            del self._waiting[name]
            return held.batch
        whole = held.batch
        taken: list[Decoded] = []
        weighs = 0
        for one in whole.decoded:
            if taken and weighs + one.weight > most:
                break
            taken.append(one)
            weighs += one.weight
        del whole.decoded[: len(taken)]
        if not whole.decoded:
            del self._waiting[name]
            return LaneBatch(whole.lane, taken, whole.next_offset, whole.high_water)
        held.weight -= weighs
        return LaneBatch(whole.lane, taken, taken[-1].offset + 1, whole.high_water)
