"""The view of the peers on eventsourcing: what a class came to, kept by the library's projection runner.

Written as https://eventsourcing.readthedocs.io/en/v9.5/topics/projection.html writes its example: a view on PostgreSQL
that upserts a row and the tracking of its event in one transaction, and a projection that calls it.
"""

from typing import Any
from uuid import UUID

from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection
from psycopg.sql import SQL

from tests.benchmarks.peers.training import Training


class ClassesView(PostgresTrackingRecorder):
    """One row an aggregate and class."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self.sql_create_statements.append(
            SQL(
                "CREATE TABLE IF NOT EXISTS view_class (originator_id uuid, class_code text, events bigint NOT NULL,"
                " completed_at bigint, PRIMARY KEY (originator_id, class_code))"
            ).format()
        )

    def reported(
        self, originator_id: UUID, class_code: str, completed_at: int | None, tracking: Tracking
    ) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO view_class VALUES (%s, %s, 1, %s) ON CONFLICT (originator_id, class_code) DO UPDATE"
                " SET events = view_class.events + 1,"
                " completed_at = least(view_class.completed_at, excluded.completed_at)",
                (originator_id, class_code, completed_at),
                prepare=True,
            )


class Classes(Projection[ClassesView]):
    """Follows all events of all aggregates."""

    @singledispatchmethod
    def process_event(self, domain_event: object, tracking: Tracking) -> None:  # noqa: ARG002
        self.view.insert_tracking(tracking)

    @process_event.register
    def _completed(self, domain_event: Training.Completed, tracking: Tracking) -> None:
        self.view.reported(
            domain_event.originator_id, domain_event.class_code, domain_event.happened, tracking
        )

    @process_event.register
    def _reported(self, domain_event: Training.Reported, tracking: Tracking) -> None:
        self.view.reported(domain_event.originator_id, domain_event.class_code, None, tracking)
