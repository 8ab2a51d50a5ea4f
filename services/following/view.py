"""The tables that a projection of one's own writes, and how far it has come, together or not at all."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Final

from eventsourcing.persistence import IntegrityError, Tracking, TrackingRecorder
from psycopg2.extensions import cursor

from projections.storage.sql import load
from services.postgres.lane_recorder import as_the_interface_says
from services.postgres.pool import ConnectionPool

SQL: Final = load("services.following", "view.sql")

OURS: Final = frozenset({"ledger", "projections", "control", "tuntas", "vault", "public"})
"""Schemas that no other projection may call its own."""


class View(TrackingRecorder):
    """A schema of PostgreSQL with a projection's tables, as eventsourcing's TrackingRecorder.

    ``schema`` names it; ``tables`` is the SQL that creates what is in it, where that is missing. `{schema}` in it, and
    in what ``statement`` is given, is the schema's name. It may be in another database than the ledger.
    """

    schema: ClassVar[str]
    tables: ClassVar[str] = ""

    def __init__(self, pool: ConnectionPool) -> None:
        """Creates the schema and its tables where they are missing."""
        super().__init__()
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", self.schema) or self.schema in OURS:
            raise ValueError(f"{self.schema!r} is no schema that a projection can call its own")
        self._pool = pool
        self._sql = {name: self.statement(text) for name, text in SQL.items()}
        with as_the_interface_says(), pool.transaction() as work:
            work.execute(self._sql["create"])
            if self.tables:
                work.execute(self.statement(self.tables))

    def statement(self, text: str) -> str:
        """A statement in which `{schema}` is the schema's name."""
        return text.replace("{schema}", self.schema)

    @contextmanager
    def transaction(self, tracking: Tracking) -> Iterator[cursor]:
        """One event's transaction: what is written in it and that the event was processed, both or neither.

        Raises IntegrityError when the event was processed before.
        """
        with as_the_interface_says(), self._pool.transaction() as work:
            self._move(work, tracking)
            yield work

    def insert_tracking(self, tracking: Tracking) -> None:
        with self.transaction(tracking):
            pass

    def max_tracking_id(self, application_name: str) -> int | None:
        with as_the_interface_says(), self._pool.transaction() as work:
            work.execute(self._sql["max_tracking"], {"application_name": application_name})
            row = work.fetchone()
            return None if row is None else row[0]

    def close(self) -> None:
        """Closes the connections; the next use opens none."""
        self._pool.close()

    def _move(self, work: cursor, tracking: Tracking) -> None:
        names = {
            "application_name": tracking.application_name,
            "notification_id": tracking.notification_id,
        }
        work.execute(self._sql["insert_tracking"], names)
        if not work.fetchall():
            raise IntegrityError(
                f"notification {tracking.notification_id} of {tracking.application_name} is processed"
            )
