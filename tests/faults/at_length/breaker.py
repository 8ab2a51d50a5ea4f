"""What is broken, how each is healed, and how long things take to go on."""

from __future__ import annotations

import random
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from getpass import getuser
from signal import SIGCONT, SIGSTOP
from threading import Thread
from time import monotonic, sleep
from typing import Final

import psycopg2
from psycopg2.extensions import connection

from services.embedded.broker import Broker
from services.embedded.postgres import EmbeddedPostgres, program
from services.kafka.consumer import PartnerConsumer
from services.kafka.failures import KafkaFailure
from tests.end_to_end.running_system import RunningSystem
from tests.faults.at_length.clock import SteppedClock
from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.test_postgres import DISK_FREE, DISK_FULL

KINDS: Final = {
    "worker killed": 6,
    "worker frozen": 4,
    "projector killed": 3,
    "rebalance": 5,
    "commit answer lost": 8,
    "commit not done": 5,
    "connection stalled": 3,
    "connections half open": 1,
    "connections used up": 2,
    "clocks stepped": 2,
    "database stopped at once": 3,
    "database killed": 3,
    "broker killed": 1,
    "disk full": 1,
    "API killed": 1,
}
"""Each kind with how often it comes, beside the others."""
WORKERS: Final = 3
FROZEN_SECONDS: Final = (0.5, 12.0)
STALLED_SECONDS: Final = (0.2, 4.0)
FULL_SECONDS: Final = (0.2, 2.0)
USED_UP_SECONDS: Final = (0.5, 4.0)
STEPPED_SECONDS: Final = (1.0, 8.0)
DAY_SECONDS: Final = 86_400
MEMBERS: Final = 3
"""So many may be joining or leaving the group at once."""
MEMBER_SECONDS: Final = 15.0
MEASURED_SECONDS: Final = 60.0
PATIENCE: Final = "SET lock_timeout = '500ms'; "
WORKERS_SESSIONS: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'tuntas%' AND random() < 0.5
"""
FOLLOWED: Final = "SELECT coalesce(sum(position), 0) FROM projections.day_lane"
ANSWER_SECONDS: Final = 1.0
LANES: Final = "SELECT lane_id, epoch, next_offset FROM ledger.lane"

Lanes = dict[int, tuple[int, int]]
"""Epoch and next offset of each lane."""


class Watch:
    """A fault from which things have not gone on yet."""

    def __init__(self, kind: str, went_on: Callable[[Lanes], bool]) -> None:
        self.kind = kind
        self.went_on = went_on
        self.since = monotonic()


class Breaker:
    """Breaks things of one system; `heal` ends what still lasts. ``times``: seconds until things went on, by kind."""

    def __init__(
        self,
        system: RunningSystem,
        broker: Broker,
        postgres: EmbeddedPostgres,
        proxy: CuttingProxy,
        clock: SteppedClock,
        chance: random.Random,
        kinds: Mapping[str, int] = KINDS,
    ) -> None:
        """``kinds`` are what is broken, each with how often it comes, beside the others."""
        self.trials: Counter[str] = Counter()
        self.times: dict[str, list[float]] = defaultdict(list)
        self.told: list[str] = []
        self._system = system
        self._broker = broker
        self._postgres = postgres
        self._proxy = proxy
        self._clock = clock
        self._chance = chance
        self._kinds = kinds
        self._frozen: set[str] = set()
        self._heals: list[tuple[float, Callable[[], None]]] = []
        self._watches: list[Watch] = []
        self._members: list[Thread] = []
        self._began = monotonic()

    def strike(self) -> None:
        """One fault."""
        kind = self._chance.choices(list(self._kinds), list(self._kinds.values()))[0]
        self.told.append(f"{monotonic() - self._began:7.2f} s  {kind}")
        if getattr(self, "_" + kind.lower().replace(" ", "_"))():
            self.trials[kind] += 1

    def tend(self) -> None:
        """Heals what is due, and looks what goes on again."""
        now = monotonic()
        for each in [each for each in self._heals if each[0] <= now]:
            self._heals.remove(each)
            each[1]()
        self._look()

    def heal(self) -> None:
        """Ends everything that lasts; blocks for that."""
        while self._heals:
            first = min(self._heals, key=lambda each: each[0])
            self._heals.remove(first)
            first[1]()
        for member in self._members:
            member.join()
        self._proxy.forget()
        self.trials["commit answer lost"] = self._proxy.delivered
        self.trials["commit not done"] = self._proxy.cuts - self._proxy.delivered
        deadline = monotonic() + MEASURED_SECONDS
        while any(each.kind == "worker killed" for each in self._watches):
            self._look()
            if monotonic() > deadline:
                raise TimeoutError(f"lanes of a killed worker stand still: {self.told}")
            sleep(0.05)
        self._watches.clear()  # of the others nothing was left to be read

    # Each is True where it was done.

    def _worker_killed(self) -> bool:
        victim = self._victim()
        if victim is None:
            return False
        lanes = self._lanes()
        mine = self._lane_ids_of(victim) & lanes.keys()
        self._system.kill(victim)
        self._system.start_ingest()
        if mine:

            def went_on(now: Lanes) -> bool:
                return any(now[lane][0] > lanes[lane][0] for lane in mine)

            self._watches.append(Watch("worker killed", went_on))
        return True

    def _worker_frozen(self) -> bool:
        victim = self._victim()
        if victim is None:
            return False
        try:
            self._system.signal(victim, SIGSTOP)
        except ValueError:
            return False  # it has hardly begun
        self._frozen.add(victim)

        def thaw() -> None:
            self._frozen.discard(victim)
            self._system.signal(victim, SIGCONT)

        self._later(FROZEN_SECONDS, thaw)
        return True

    def _projector_killed(self) -> bool:
        self._system.kill(self._system.project())
        ((before,),) = self._system.rows(FOLLOWED)
        self._system.start_project()
        self._watches.append(
            Watch("projector killed", lambda _: self._system.rows(FOLLOWED)[0][0] > before)
        )
        return True

    def _api_killed(self) -> bool:
        self._system.kill("api")
        self._system.start_api()
        self._watches.append(Watch("API killed", lambda _: self._system.is_ready(ANSWER_SECONDS)))
        return True

    def _rebalance(self) -> bool:
        """A member joins the group, is given lanes, reads none of them and leaves."""
        self._members = [each for each in self._members if each.is_alive()]
        if len(self._members) >= MEMBERS:
            return False
        self._members.append(Thread(target=self._join_and_leave, daemon=True))
        self._members[-1].start()
        return True

    def _join_and_leave(self) -> None:
        with suppress(KafkaFailure):
            consumer = PartnerConsumer(
                self._system.bootstrap,
                self._system.settings["TUNTAS_CONSUMER_GROUP"],
                on_stuck=lambda: None,
            )
            try:
                deadline = monotonic() + MEMBER_SECONDS
                while monotonic() < deadline and not consumer.poll(0.2, 1, 1).assigned:
                    pass
            finally:
                consumer.close()

    def _commit_answer_lost(self) -> bool:
        self._proxy.cut(delivered=True)
        return False  # it comes with the next COMMIT, and is counted by `heal`

    def _commit_not_done(self) -> bool:
        self._proxy.cut(delivered=False)
        return False

    def _connection_stalled(self) -> bool:
        self._proxy.hold()
        self._later(STALLED_SECONDS, self._proxy.let_go)
        return True

    def _connections_half_open(self) -> bool:
        """PostgreSQL has gone, and something in between keeps up the appearance."""
        return self._proxy.half_open() > 0

    def _connections_used_up(self) -> bool:
        """PostgreSQL lets nobody in any more, and half of the services have just lost their connections."""
        taken: list[connection] = []
        try:
            while True:
                taken.append(psycopg2.connect(self._postgres.database_url()))
        except psycopg2.OperationalError:
            pass  # there is no room for more
        if not taken:
            return False
        with suppress(psycopg2.Error), taken[0].cursor() as work:
            work.execute(WORKERS_SESSIONS)

        def give_back() -> None:
            for each in taken:
                with suppress(psycopg2.Error):
                    each.close()

        self._later(USED_UP_SECONDS, give_back)
        return True

    def _clocks_stepped(self) -> bool:
        """A day ahead or behind, and back again."""
        self._clock.step(self._chance.choice((-DAY_SECONDS, DAY_SECONDS)))
        self._later(STEPPED_SECONDS, lambda: self._clock.step(0))
        return True

    def _database_stopped_at_once(self) -> bool:
        command = [str(program("pg_ctl")), "stop", "-m", "immediate", "-D"]
        owner = self._postgres.data_dir.owner()
        user = None if getuser() == owner else owner
        subprocess.run(
            [*command, str(self._postgres.data_dir)],
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            cwd="/",
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self._postgres.stop()  # what is left of it on our side
        return self._started("database stopped at once")

    def _database_killed(self) -> bool:
        self._postgres.kill()
        return self._started("database killed")

    def _started(self, kind: str) -> bool:
        self._postgres.start()
        before = self._lanes()
        self._watches = [each for each in self._watches if each.kind == "worker killed"]
        self._watches.append(Watch(kind, lambda now: _read(now) > _read(before)))
        return True

    def _broker_killed(self) -> bool:
        """Not before records were read since the last time: a broker that never lasts takes none."""
        if any(each.kind == "broker killed" for each in self._watches):
            return False
        self._broker.kill()
        self._broker.start()
        before = self._lanes()
        self._watches = [each for each in self._watches if each.kind == "worker killed"]
        self._watches.append(Watch("broker killed", lambda now: _read(now) > _read(before)))
        return True

    def _disk_full(self) -> bool:
        if any(heal == self._disk_free for _, heal in self._heals):
            return False
        try:
            self._system.rows(PATIENCE + DISK_FULL)
        except psycopg2.errors.LockNotAvailable:
            return False  # a worker that stands still holds the table
        self._later(FULL_SECONDS, self._disk_free)
        return True

    def _disk_free(self) -> None:
        try:
            self._system.rows(PATIENCE + DISK_FREE)
        except psycopg2.errors.LockNotAvailable:
            self._later(FULL_SECONDS, self._disk_free)

    def _later(self, seconds: tuple[float, float], heal: Callable[[], None]) -> None:
        self._heals.append((monotonic() + self._chance.uniform(*seconds), heal))

    def _victim(self) -> str | None:
        """A worker that runs, if another one does."""
        awake = [name for name in self._system.ingest() if name not in self._frozen]
        return self._chance.choice(awake) if len(awake) > 1 else None

    def _lanes(self) -> Lanes:
        return {lane: (epoch, after) for lane, epoch, after in self._system.rows(LANES)}

    def _lane_ids_of(self, name: str) -> set[int]:
        held = self._system.lanes_of(name)
        rows = self._system.rows("SELECT topic, partition, lane_id FROM ledger.lane")
        return {lane_id for topic, partition, lane_id in rows if (topic, partition) in held}

    def _look(self) -> None:
        if not self._watches:
            return
        try:
            lanes = self._lanes()
            gone_on = [each for each in self._watches if each.went_on(lanes)]
        except psycopg2.Error:
            return
        for each in gone_on:
            self._watches.remove(each)
            self.times[each.kind].append(monotonic() - each.since)


def _read(lanes: Lanes) -> int:
    return sum(after for _, after in lanes.values())
