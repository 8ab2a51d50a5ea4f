"""The project service: what must follow the ledger but need not be in the intake's transaction.

It judges rows again when a partner's catalogue or the package sales end changed, adds up what evaluations count, now
and over time, looks for gaps in partners' running numbers, announces rejections to partners, counts what became of
records and what happened day by day, notes by which codes events are found, and says of whom most records are
rejected. Several may run: each of these has one process at a time, the others skip it; evaluations over time and the
judging of rows have one for each partner. These two may have much to catch up with, and are beside the others.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import Any

from psycopg2.extensions import connection

from projections.sequences import ranges as sequences
from projections.sums.rollup import add_up
from services.kafka.admission import Admission
from services.kafka.failures import KafkaFailure
from services.postgres.connect import close, transaction
from services.postgres.errors import PostgresError
from services.projector import codes, days, delivered, happened, only_rejected
from services.projector.announcer import Send, announce
from services.projector.beside import Stepping, beside
from services.projector.pausing import Pausing
from services.projector.recently import RecentlyRejected
from services.projector.rejudging import rejudge_all
from services.resume import run_until_stopped

log = logging.getLogger("tuntas.project")

Transaction = Callable[[], AbstractContextManager[Any]]


class Projector:
    """One project process."""

    def __init__(
        self,
        connect: Callable[[], connection],
        open_sender: Callable[[], AbstractContextManager[Send]],
        *,
        look_seconds: float = 0.2,
    ) -> None:
        """``look_seconds``: how long to rest when there is nothing to do."""
        self._connect = connect
        self._open_sender = open_sender
        self._look_seconds = look_seconds
        self._admission = Admission()
        self._recent = RecentlyRejected(log)
        self._delivered = Pausing(delivered.count)
        self._codes = Pausing(codes.note)
        self._happened = Pausing(happened.count)
        self._only_rejected = Pausing(only_rejected.find)
        self._beside = (
            Stepping("days", connect, days.begin, look_seconds),
            Stepping("judging", connect, lambda: rejudge_all, look_seconds),
        )

    def run(self, stop: threading.Event) -> None:
        """Follows until ``stop`` is set. Never gives up on broken infrastructure: says so, waits and resumes.

        Raises AccessRefused where Kafka refuses this client before anything was done for once.
        """
        with ExitStack() as running:
            for work in self._beside:
                running.enter_context(beside(work.name, work.run, stop))
            run_until_stopped(self._run_until_broken, stop, (PostgresError, KafkaFailure), log)

    def _run_until_broken(self, stop: threading.Event) -> None:
        session = self._connect()
        try:
            with self._admission.sought(), self._open_sender() as send:
                opened: Transaction = partial(transaction, session)
                while not stop.is_set():
                    done = _add_up(opened) + _follow_sequences(opened) + announce(opened, send)
                    done += self._delivered.look(opened) + self._codes.look(opened)
                    done += self._happened.look(opened) + self._only_rejected.look(opened)
                    self._recent.look(opened)
                    self._admission.is_granted = True
                    if not done:
                        stop.wait(self._look_seconds)
        finally:
            close(session)


def _add_up(opened: Transaction) -> int:
    with opened() as cursor:
        return add_up(cursor)


def _follow_sequences(opened: Transaction) -> int:
    with opened() as cursor:
        return sequences.follow(cursor)
