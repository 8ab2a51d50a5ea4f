"""The services of a run: which processes there are, how each begins, dies, and begins again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from domain.vocabulary import PARTNER_IDS
from services import rebuilding
from services.intake.worker import Worker
from services.kafka.failures import BrokerUnavailable
from services.postgres.errors import PostgresError
from services.projector.announcer import Announcement, Send
from services.projector.answering import Answering
from services.projector.projector import Projector
from tests.simulation.faults import Faults
from tests.simulation.kafka import Consumer, Group
from tests.simulation.outbox import Topics
from tests.simulation.reader import Reader
from tests.simulation.records import PARTNERS
from tests.simulation.scheduler import Process, Scheduler, here
from tests.simulation.sessions import Sessions, SimulatedConnection
from tests.simulation.threads import REST_SECONDS, SimulatedStop

BATCH_RECORDS: Final = (3, 8, 20)
POLL_SECONDS: Final = 2.0


class Processes:
    """Every process of a run.

    ``announced``: what partners were told of their rejected records; ``announced_earlier``: by the run before this one.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        sessions: Sessions,
        group: Group,
        faults: Faults,
        reader: Reader,
    ) -> None:
        self.announced: list[Announcement] = []
        self.announced_earlier: list[Announcement] = []
        self.topics = Topics(scheduler, faults)
        self.rebuilds = 0
        self._scheduler = scheduler
        self._sessions = sessions
        self._group = group
        self._faults = faults
        self._reader = reader
        self._running: list[tuple[Process, SimulatedStop]] = []
        self._begun: dict[str, int] = {}
        self._is_stopped = False
        self._batch_records = scheduler.chance.choice(BATCH_RECORDS)
        self._cached = scheduler.chance.choice((0, 2, 1000))

    def follow(self, earlier: Processes) -> None:
        """What another run told Kafka is there already."""
        self.announced_earlier = earlier.announced
        self.announced += earlier.announced
        self.topics.follow(earlier.topics)

    def begin(self, service: str) -> None:
        """One more process of a service: `ingest`, `project`, `answer`, `rebuild` or `read`."""
        if self._is_stopped:
            return
        number = self._begun[service] = self._begun.get(service, 0) + 1
        process = Process(f"{service}-{number}")
        stop = SimulatedStop()
        self._running.append((process, stop))
        work: Callable[[Process, SimulatedStop], None] = getattr(self, f"_{service}")

        def run() -> None:
            work(process, stop)
            process.ended = True

        self._scheduler.spawn(process, process.name, run)

    def alive(self, *services: str) -> list[Process]:
        """The processes that run, of some services or all."""
        return [
            process
            for process, _ in self._running
            if not process.crashed
            and not process.ended
            and (not services or process.name.partition("-")[0] in services)
        ]

    def kill(self, process: Process) -> None:
        """As SIGKILL; another one takes its place some time later."""
        for session in self._sessions.of(process):
            self._sessions.cut(session)
        self._scheduler.crash(process)
        self._group.heard_nothing_of(process)
        service = process.name.partition("-")[0]
        if service != "rebuild":
            later = self._scheduler.now + self._scheduler.chance.uniform(0.1, 8.0)
            self._scheduler.at(later, lambda: self.begin(service))

    def freeze(self, process: Process, seconds: float) -> None:
        """As SIGSTOP, and SIGCONT after so long."""
        process.stands_until = self._scheduler.now + seconds
        self._group.heard_nothing_of(process)

    def stop(self) -> None:
        """Everything that runs is told to end, and nothing begins any more."""
        self._is_stopped = True
        for _, stop in self._running:
            stop.set()

    def _ingest(self, process: Process, stop: SimulatedStop) -> None:
        def subscribe() -> Any:
            if self._faults.refuses("subscribe"):
                raise BrokerUnavailable
            return Consumer(self._group, process, self._faults, self._scheduler)

        Worker(
            partial(self._sessions.connect, process),
            subscribe,
            batch_records=self._batch_records,
            poll_seconds=POLL_SECONDS,
            cached_participants=self._cached,
        ).run(stop)

    def _project(self, process: Process, stop: SimulatedStop) -> None:
        @contextmanager
        def open_sender() -> Iterator[Send]:
            yield self._send

        connect = partial(self._sessions.connect, process)
        Projector(connect, open_sender, look_seconds=REST_SECONDS).run(stop)

    def _send(self, announcements: Sequence[Announcement]) -> None:
        self._scheduler.pause()
        if self._faults.refuses("announcements"):
            raise BrokerUnavailable
        self.announced += announcements
        self._scheduler.pause()
        if self._faults.refuses("the word that announcements arrived"):
            raise BrokerUnavailable

    def _answer(self, process: Process, stop: SimulatedStop) -> None:
        partner_ids = [PARTNER_IDS[partner] for partner in PARTNERS]
        connect = partial(self._sessions.connect, process)
        Answering(connect, self.topics.open, partner_ids).run(stop)

    def _rebuild(self, process: Process, _stop: SimulatedStop) -> None:
        try:
            rebuilding.rebuild(process.name, workers=1)
            self.rebuilds += 1
        except PostgresError as failure:
            self._scheduler.story.tell(self._scheduler.now, process.name, f"failed: {failure}")

    def _read(self, _process: Process, stop: SimulatedStop) -> None:
        while not stop.is_set():
            self._reader.look()
            stop.wait(REST_SECONDS)


def connect_of_rebuild(
    sessions: Sessions,
) -> Callable[..., SimulatedConnection]:
    """What services.rebuilding connects with: the process is the one whose thread asks."""

    def connect(_database_url: str, _name: str, **timeouts: float) -> SimulatedConnection:
        _, actor = here()
        patience = timeouts.get("lock_timeout_seconds", 10.0)
        return sessions.connect(actor.process, lock_timeout_seconds=patience)

    return connect
