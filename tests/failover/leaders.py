"""What is killed, how it comes back, and how long it takes until records sent after the kill are committed."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from time import monotonic, sleep
from typing import Final

import psycopg2

from domain.vocabulary import PARTNERS
from services.kafka.topics import partner_topic
from tests.end_to_end.running_system import RunningSystem
from tests.failover.kafka_cluster import NODES, KafkaCluster
from tests.failover.postgres_cluster import PostgresCluster
from tests.faults.load import AT_ONCE, Load

KINDS: Final = {
    "database leader lost": 4,
    "database leader killed": 2,
    "standby lost": 1,
    "broker lost": 4,
    "controller lost": 2,
    "database leader and broker lost": 1,
}
"""Each kind with how often it comes, beside the others."""
TOPICS: Final = [partner_topic(partner) for partner in PARTNERS]
GONE_SECONDS: Final = 120.0
"""So long after a kill records must be committed again, and so long later every copy be whole."""
LONGEST_DOWN_SECONDS: Final = 10.0
"""So long at most something stays away after things have gone on without it."""
LOOK_SECONDS: Final = 0.05


class Leaders:
    """Kills nodes of both clusters under the load of one system. ``times``: seconds until things went on, by kind."""

    def __init__(
        self,
        system: RunningSystem,
        kafka: KafkaCluster,
        postgres: PostgresCluster,
        chance: random.Random,
        kinds: Mapping[str, int] = KINDS,
        longest_down_seconds: float = LONGEST_DOWN_SECONDS,
    ) -> None:
        self.trials: Counter[str] = Counter()
        self.times: dict[str, list[float]] = defaultdict(list)
        self.told: list[str] = []
        self._system = system
        self._kafka = kafka
        self._postgres = postgres
        self._chance = chance
        self._kinds = kinds
        self._longest_down = longest_down_seconds
        self._began = monotonic()

    def strike(self, load: Load) -> None:
        """Kills one thing, waits until records that were sent later are committed, and until all is whole again."""
        kind = self._chance.choices(list(self._kinds), list(self._kinds.values()))[0]
        come_back: Callable[[], None] = getattr(self, "_" + kind.replace(" ", "_"))()
        since = monotonic()
        self.told.append(f"{since - self._began:7.2f} s  {kind}")
        if self._go_on(load):
            took = monotonic() - since
            self.trials[kind] += 1
            self.times[kind].append(took)
            self.told.append(f"{monotonic() - self._began:7.2f} s  went on after {took:.1f} s")
            sleep(self._chance.uniform(0.0, self._longest_down))
        come_back()
        self._wait_until(self._postgres.is_whole, "both nodes have every commit")
        self._wait_until(lambda: self._kafka.is_whole(TOPICS), "every broker has every record")

    def _go_on(self, load: Load) -> bool:
        """Whether records sent from now on were committed; not where too few were left to be sent."""
        # One chunk is on its way, and may be acknowledged still; the next one is sent after the kill.
        wanted = load.sent + 2 * AT_ONCE
        if wanted > load.records:
            return False
        self._wait_until(lambda: load.sent >= wanted or load.has_failed, "records are acknowledged")
        self._wait_until(
            lambda: self._committed() >= wanted or load.has_failed, "they are committed"
        )
        return not load.has_failed

    def _committed(self) -> int:
        try:
            return self._system.records_read()
        except psycopg2.Error:
            return -1

    # Each kills, and returns how it comes back.

    def _database_leader_lost(self) -> Callable[[], None]:
        node = self._postgres.nodes[self._leader()]
        node.kill()
        return node.launch

    def _database_leader_killed(self) -> Callable[[], None]:
        """PostgreSQL alone: Patroni starts it again, or has the other one lead."""
        self._postgres.nodes[self._leader()].kill_postgres()
        return lambda: None

    def _standby_lost(self) -> Callable[[], None]:
        node = self._postgres.nodes[1 - self._leader()]
        node.kill()
        return node.launch

    def _broker_lost(self) -> Callable[[], None]:
        return self._lost(self._chance.randrange(NODES))

    def _controller_lost(self) -> Callable[[], None]:
        return self._lost(self._kafka.controller())

    def _lost(self, number: int) -> Callable[[], None]:
        node = self._kafka.nodes[number]
        node.kill()
        return node.start

    def _database_leader_and_broker_lost(self) -> Callable[[], None]:
        back = [self._database_leader_lost(), self._broker_lost()]

        def come_back() -> None:
            for each in back:
                each()

        return come_back

    def _leader(self) -> int:
        self._wait_until(lambda: self._postgres.leader() is not None, "a node leads")
        leader = self._postgres.leader()
        assert leader is not None
        return leader

    def _wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = monotonic() + GONE_SECONDS
        while not is_so():
            ended = set(self._system.processes) - set(self._system.running())
            if ended or monotonic() > deadline:
                raise TimeoutError(f"{sorted(ended) or ''} not within {GONE_SECONDS:g} s: {what}")
            sleep(LOOK_SECONDS)
