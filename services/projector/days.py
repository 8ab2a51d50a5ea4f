"""Evaluations over time, followed on a thread and a connection of their own: nothing else waits for a long catch-up."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from psycopg2.extensions import connection

from projections.days.following import Follower
from projections.status.rejudge import Transaction
from services.postgres.connect import close, transaction
from services.postgres.errors import PostgresError
from services.resume import run_until_stopped

log: Final = logging.getLogger("tuntas.project.days")


class FollowingDays:
    """Follows the ledger in steps, each of one partner; several processes share the partners among them."""

    def __init__(self, connect: Callable[[], connection], look_seconds: float) -> None:
        self._connect = connect
        self._look_seconds = look_seconds
        self._ended = threading.Event()
        self._defect: BaseException | None = None

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Runs while the block does."""
        self._ended.clear()
        thread = threading.Thread(target=self._run, name="days", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def check(self) -> None:
        """Raises what ended the thread, if a defect did."""
        if self._defect is not None:
            raise self._defect

    def _run(self) -> None:
        try:
            run_until_stopped(self._follow_until_broken, self._ended, (PostgresError,), log)
        except BaseException as defect:  # noqa: BLE001 - `check` raises it where it ends the process
            self._defect = defect

    def _follow_until_broken(self, ended: threading.Event) -> None:
        session = self._connect()
        try:
            opened = partial(transaction, session)
            follower = Follower()
            while not ended.is_set():
                if not follow_one(opened, follower):
                    ended.wait(self._look_seconds)
        finally:
            close(session)


def follow_one(opened: Transaction, follower: Follower) -> int:
    """One step of the partner of whom most waits and nobody else follows; returns how much was followed, 0: nothing."""
    with opened() as cursor:
        behind = follower.behind(cursor)
    for partner_id in behind:
        try:
            with opened() as cursor:
                done = follower.follow(cursor, partner_id)
        except BaseException:
            follower.forget(partner_id)
            raise
        if done:
            return done
    return 0
