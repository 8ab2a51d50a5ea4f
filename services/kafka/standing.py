"""Notices a partition that stands still: its log goes on, and the broker sends nothing of it.

A broker looks for the first batch that ends at or behind the offset asked for. Where the last batches say that they lie
elsewhere, because their offsets are damaged, it finds none, however often it is asked. Others may send the batch, and
reading finds nothing in it. An answer without records may mean something else: others had their turn, or a quota is
used up. So it counts only where there was room for more, several times, over some seconds. Even then the broker may
answer the others only, or nothing in the time it is given (tansu does, where it is slow): so it is asked for that
partition alone and given time for it (PATIENCE_MS), and only what it leaves out of such answers is lost.
"""

from collections.abc import Iterable, Mapping
from math import inf
from time import monotonic
from typing import Any, Final, NamedTuple

Place = tuple[str, int]

STANDS_SECONDS: Final = 5.0
ANSWERS: Final = 5
"""So often, and for so long, nothing was sent of a log that goes on: then it is asked for alone."""
ALONE: Final = 3
"""So often nothing was sent when nothing else was asked for, and with patience: then it is not coming."""
PATIENCE_MS: Final = 1_000
"""So long the broker may then look for a first byte."""

_EVERYTHING: Final = 1 << 62


class _Nothing(NamedTuple):
    """What an offset was answered with: nothing, so many times, since then."""

    offset: int
    times: int
    since: float
    width: int
    """How many offsets what was sent instead says it holds; without it, all that the log holds."""
    alone: int = 0
    """How many of the answers were about nothing else, or said outright that it cannot be read."""

    def stands(self, now: float) -> bool:
        return self.times >= ANSWERS and now - self.since >= STANDS_SECONDS


class Standing:
    """What brokers answered of each partition. Answers come on one thread, questions on another."""

    def __init__(self, most_bytes: int, now: Any = monotonic) -> None:
        """``most_bytes``: what one answer holds at most; ``now``: the clock, in seconds."""
        self._room = most_bytes // 2
        self._now = now
        self._ends: dict[Place, int] = {}
        self._nothing: dict[Place, _Nothing] = {}
        self._given_up: dict[Place, int] = {}
        """Where the last that was given up of a partition ends."""

    def __bool__(self) -> bool:
        """Whether anything may stand still."""
        return bool(self._nothing)

    def answered(self, asked: Mapping[Any, int], response: Any) -> None:
        """Takes note of a fetch response to these offsets.

        A partition that is not in it has not changed since (KIP-227).
        """
        answered = {
            (topic.topic, partition.partition_index): partition
            for topic in response.responses
            for partition in topic.partitions
        }
        for place, partition in answered.items():
            if partition.error_code:
                continue
            stable = getattr(partition, "last_stable_offset", None)
            # How far it can be read. Where a broker does not say so, a transaction may still be open.
            self._ends[place] = min(stable, partition.high_watermark) if stable is not None else -1
        sent = sum(len(partition.records or b"") for partition in answered.values())
        room = sent <= self._room and not response.throttle_time_ms
        for tp, offset in asked.items():
            partition = answered.get(tuple(tp))
            if partition is None or not (partition.error_code or partition.records):
                if room:
                    alone = len(asked) == 1 and self.is_doubted(tuple(tp), offset)
                    self._count(tuple(tp), offset, _EVERYTHING, alone=alone)
            elif not partition.error_code:
                self._forget(tuple(tp), offset)

    def read_nothing(self, place: Place, offset: int, width: int) -> None:
        """What was sent for ``offset`` held nothing from there on, but said that it holds ``width`` offsets."""
        self._count(place, offset, width, alone=True)

    def is_doubted(self, place: Place, offset: int) -> bool:
        """Whether a partition that is read there next seems to stand still, and is to be asked for alone."""
        nothing = self._nothing.get(place)
        return (
            nothing is not None
            and nothing.offset == offset
            and nothing.alone < ALONE
            and nothing.stands(self._now())
        )

    def refused(self, place: Place, offset: int) -> None:
        """The broker cannot read its own log there. Behind an offset given up for that, the next is of its kind."""
        before = self._nothing.get(place)
        if before is None or before.offset != offset:
            again = self._given_up.get(place) == offset
            times, since = (ANSWERS, -inf) if again else (0, self._now())
            before = _Nothing(offset, times, since, 1, ALONE)
        self._ends[place] = max(self._ends.get(place, -1), offset + 1)
        self._nothing[place] = before._replace(times=before.times + 1, width=1, alone=ALONE)

    def lost(self, places: Iterable[tuple[Any, int]]) -> list[tuple[Any, int, int]]:
        """Of partitions and where they are read next, those that stand still: partition, offset, where to go on."""
        found = []
        for tp, offset in places:
            place = tuple(tp)
            end = self._ends.get(place, -1)
            nothing = self._nothing.get(place)
            if nothing is None or nothing.offset != offset or end <= offset:
                continue
            if nothing.alone >= ALONE and nothing.stands(self._now()):
                self._given_up[place] = min(end, offset + nothing.width)
                found.append((tp, offset, self._given_up[place]))
                del self._nothing[place]
        return found

    def _count(self, place: Place, offset: int, width: int, *, alone: bool) -> None:
        if self._ends.get(place, -1) <= offset:
            self._nothing.pop(place, None)
            return
        before = self._nothing.get(place)
        if before is None or before.offset != offset:
            before = _Nothing(offset, 0, self._now(), width)
        self._nothing[place] = before._replace(
            times=before.times + 1, width=min(width, before.width), alone=before.alone + alone
        )

    def _forget(self, place: Place, offset: int) -> None:
        """Something came: what `read_nothing` said of the same offset stands until that is read."""
        before = self._nothing.get(place)
        if before is not None and (before.offset != offset or before.width == _EVERYTHING):
            del self._nothing[place]
