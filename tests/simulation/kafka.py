"""Kafka in this process: logs that grow, a consumer group, and consumers as PartnerConsumer is seen by a worker."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Final

from services.kafka.failures import BrokerUnavailable
from services.kafka.records import Fetched, Polled, Record
from tests.simulation.faults import Faults
from tests.simulation.scheduler import Process, Scheduler

LaneName = tuple[str, int]

SESSION_SECONDS: Final = 6.0
"""A member of which nothing was heard for so long is out of the group."""
MOST_AT_ONCE: Final = 7
"""So many offsets of a lane come with one poll."""


class Log:
    """The partitions' offsets; None: an offset without a record. So many of them are ``written`` by now."""

    def __init__(self, lanes: Mapping[LaneName, list[Record | None]]) -> None:
        self.lanes = lanes
        self.written = dict.fromkeys(lanes, 0)

    def anew(self) -> Log:
        """The same log before anything of it was written."""
        return Log(self.lanes)

    def is_whole(self) -> bool:
        return all(self.written[lane] == len(offsets) for lane, offsets in self.lanes.items())

    def append(self, lane: LaneName, count: int) -> None:
        """The next records reach the broker."""
        self.written[lane] = min(len(self.lanes[lane]), self.written[lane] + count)


class Group:
    """The members of the consumer group, and which lane is whose."""

    def __init__(self, scheduler: Scheduler, log: Log, chance: random.Random) -> None:
        self.log = log
        self.committed: dict[LaneName, int] = {}
        self.on_commit: Callable[[], None] = lambda: None
        self._scheduler = scheduler
        self._chance = chance
        self._members: list[Consumer] = []
        self._owners: dict[LaneName, Consumer] = {}

    def join(self, member: Consumer) -> None:
        self._members.append(member)
        self._soon()

    def leave(self, member: Consumer) -> None:
        """Out of the group: in order, or because nothing was heard of it."""
        if member in self._members:
            self._members.remove(member)
            self._owners = {lane: of for lane, of in self._owners.items() if of is not member}
            self._soon()

    def heard_nothing_of(self, process: Process) -> None:
        """The process is dead or stands still: some time later its members are put out."""

        def put_out() -> None:
            silent = process.crashed or process.stands_until > self._scheduler.now
            for member in list(self._members):
                if member.process is process and silent:
                    member.put_out()
                    self.leave(member)

        self._scheduler.at(self._scheduler.now + SESSION_SECONDS, put_out)

    def rebalance(self) -> None:
        """Deals the lanes out anew; most stay where they are."""
        if not self._members:
            return
        for lane in self.log.lanes:
            owner = self._owners.get(lane)
            if owner is not None and self._chance.random() < 0.6:
                continue
            given = self._chance.choice(self._members)
            if given is owner:
                continue
            if owner is not None:
                owner.take(lane)
            self._owners[lane] = given
            given.give(lane)

    def _soon(self) -> None:
        self._scheduler.at(self._scheduler.now + self._chance.uniform(0.05, 1.5), self.rebalance)


class Consumer:
    """One member. What it says and when is as in services/kafka/consumer.py."""

    has_joined = True

    def __init__(
        self, group: Group, process: Process, faults: Faults, scheduler: Scheduler
    ) -> None:
        self.process = process
        self._group = group
        self._faults = faults
        self._scheduler = scheduler
        self._chance = scheduler.chance
        self._owned: set[LaneName] = set()
        self._held: set[LaneName] = set()
        self._given: set[LaneName] = set()
        self._lost: set[LaneName] = set()
        self._is_out = False
        self._sought: dict[LaneName, int] = {}
        self._paused: set[LaneName] = set()
        group.join(self)

    # What the group decides.

    def give(self, lane: LaneName) -> None:
        self._owned.add(lane)
        self._given.add(lane)

    def take(self, lane: LaneName) -> None:
        self._owned.discard(lane)

    def put_out(self) -> None:
        self._lost |= self._owned
        self._owned.clear()
        self._given.clear()
        self._is_out = True

    # What the worker calls.

    def poll(
        self,
        timeout_seconds: float,
        max_records: int,
        max_bytes: int,
        held: Collection[LaneName] = (),
    ) -> Polled:
        assert max_bytes > 0
        self._scheduler.pause()
        if self._faults.refuses("poll"):
            raise BrokerUnavailable("Kafka has not answered for 15 seconds.")
        if self._is_out:
            self._is_out = False
            self._group.join(self)
        if not self._has_news(held):
            until = self._scheduler.now + timeout_seconds
            self._scheduler.wait(until, partial(self._has_news, held))
        given, lost = self._given, self._lost & self._held
        self._given, self._lost = set(), set()
        assigned = given & self._owned
        revoked = ((self._held - self._owned) | (self._held & given)) - lost
        for lane in lost | revoked:
            self._sought.pop(lane, None)
            self._paused.discard(lane)
        self._held = set(self._owned)
        return Polled(
            self._fetch(max_records, held), frozenset(assigned), frozenset(revoked), frozenset(lost)
        )

    def seek(self, topic: str, partition: int, offset: int, reached: int = 0) -> bool:
        assert reached >= offset
        lane = (topic, partition)
        if lane not in self._owned or lane not in self._held:
            return False
        self._sought[lane] = offset
        self._paused.discard(lane)
        return True

    def pause(self, topic: str, partition: int) -> None:
        self._paused.add((topic, partition))

    def commit(self, next_offsets: Mapping[LaneName, int]) -> None:
        self._group.committed |= next_offsets
        self._group.on_commit()

    def beginning_offsets(self, partitions: Collection[LaneName]) -> dict[LaneName, int]:
        self._scheduler.pause()
        return dict.fromkeys(partitions, 0)

    def cluster_id(self) -> str:
        return "log"

    def topic_id(self, topic: str) -> str | None:
        return f"id of {topic}"

    def close(self) -> None:
        if not self.process.crashed:
            self._group.leave(self)

    def _waiting(self, held: Collection[LaneName]) -> list[LaneName]:
        return [
            lane
            for lane in sorted(self._held & self._owned)
            if lane in self._sought
            and lane not in self._paused
            and lane not in held
            and self._sought[lane] < self._group.log.written[lane]
        ]

    def _has_news(self, held: Collection[LaneName]) -> bool:
        return bool(self._given or self._lost or self._held - self._owned or self._waiting(held))

    def _fetch(self, max_records: int, held: Collection[LaneName]) -> list[Fetched]:
        found = []
        for lane in self._waiting(held):
            if max_records <= 0:
                break
            first, end = self._sought[lane], self._group.log.written[lane]
            behind = min(end, first + self._chance.randint(1, MOST_AT_ONCE), first + max_records)
            there = self._group.log.lanes[lane][first:behind]
            records = [record for record in there if record is not None]
            max_records -= len(records)
            self._sought[lane] = behind
            found.append(Fetched(*lane, list(records), behind, end))
        return found
