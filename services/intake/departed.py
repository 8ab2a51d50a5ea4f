"""Takes workers whose process has ended out of the consumer group, so that their lanes need not wait.

Kafka misses a member when nothing was heard of it for its session's six seconds, the shortest that brokers allow as
shipped. PostgreSQL knows sooner: the connection on which a worker says that it lives ends with its process. One that
is seen to be gone twice, on a connection that stayed, is taken out of the group on its behalf. Whoever is taken out
wrongly joins again, and its lanes' epochs keep what it writes apart.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Thread
from typing import Any, Final

from kafka.admin import MemberToRemove
from psycopg2.extensions import connection

from projections.storage.sql import load
from services.kafka.failures import KafkaFailure
from services.logs import pairs
from services.postgres.connect import transaction
from services.unworkable import Unworkable

SQL: Final = load("services.intake", "departed.sql")

log = logging.getLogger("tuntas.intake")


class Departed:
    """Watches for workers that are gone; called with the heartbeat's connection at each beat."""

    def __init__(
        self, named: str, open_admin: Callable[[], AbstractContextManager[Any]], group: str
    ) -> None:
        """``named``: how workers' names in the group begin; each the last word of its heartbeat connection's name."""
        self._named = named
        self._open_admin = open_admin
        self._group = group
        self._looked_on: connection | None = None
        self._there: set[str] = set()
        self._missing: set[str] = set()

    def look(self, session: connection) -> None:
        """Sees who is there; has those who are gone for the second time taken out, which blocks nobody."""
        with transaction(session) as work:
            work.execute(SQL["workers"], {"named": self._named})
            there = {name for (name,) in work.fetchall()}
        if session is not self._looked_on:
            # The database may have been away: those who are not back yet are not gone.
            self._looked_on, self._there, self._missing = session, there, set()
            return
        gone = self._missing - there
        self._missing = self._there - there
        self._there = there
        if gone:
            Thread(target=self._take_out, args=(gone,), name="departed", daemon=True).start()

    def _take_out(self, gone: set[str]) -> None:
        try:
            with self._open_admin() as admin:
                members = admin.describe_groups([self._group])[self._group]["members"]
                found = [each["member_id"] for each in members if each["client_id"] in gone]
                if found:
                    admin.remove_group_members(
                        self._group, [MemberToRemove(each) for each in found]
                    )
        except (KafkaFailure, Unworkable) as failure:
            log.info("workers that are gone were not taken out: %s", failure)
            return
        for _ in found:
            log.info("took a worker that is gone out of the group %s", pairs(group=self._group))
