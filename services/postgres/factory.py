"""eventsourcing's infrastructure factory on the ledger: ``PERSISTENCE_MODULE=services.postgres.factory``.

An application of the library then keeps its events in lanes of its own beside those of Kafka: log id
``application``, topic ``<application name>.<purpose>``, partner 0.
"""

from typing import Any, Final

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    InfrastructureFactoryError,
    ProcessRecorder,
)
from eventsourcing.utils import Environment, resolve_topic, strtobool

from services.postgres.connect import close, connect
from services.postgres.lane_recorder import (
    LaneAggregateRecorder,
    LaneApplicationRecorder,
    LaneRecorder,
    LaneTrackingRecorder,
)
from services.postgres.lane_rows import LaneState, open_lane
from services.postgres.migrations.run import migrate
from services.postgres.pool import ConnectionPool

APPLICATION_LOG: Final = "application"
NO_PARTNER: Final = 0


class LaneFactory(InfrastructureFactory[LaneTrackingRecorder]):
    """Builds recorders from the environment.

    ``LANE_DATABASE_URL`` (required), ``LANE_POOL_SIZE`` (5) and, as in the library's own factories, ``CREATE_TABLE``
    (y): whether the database is brought up to this version's layout when the factory is made.
    """

    DATABASE_URL = "LANE_DATABASE_URL"
    POOL_SIZE = "LANE_POOL_SIZE"
    CREATE_TABLE = "CREATE_TABLE"

    aggregate_recorder_class = LaneAggregateRecorder
    application_recorder_class = LaneApplicationRecorder
    tracking_recorder_class = LaneTrackingRecorder
    process_recorder_class = LaneRecorder

    def __init__(self, env: Environment | dict[str, str] | None = None) -> None:
        super().__init__(env)
        database_url = self.env.get(self.DATABASE_URL)
        if not database_url:
            raise InfrastructureFactoryError(f"{self.DATABASE_URL} is not set")
        if strtobool(self.env.get(self.CREATE_TABLE, "y")):
            session = connect(database_url, self.env.name)
            try:
                migrate(session)
            finally:
                close(session)
        size = int(self.env.get(self.POOL_SIZE, "5"))
        self.pool = ConnectionPool(database_url, self.env.name, size=size)

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        return self.aggregate_recorder_class(self.pool, self.lane(purpose))

    def application_recorder(self) -> ApplicationRecorder:
        return self.application_recorder_class(self.pool, self.lane("events"))

    def tracking_recorder(
        self, tracking_recorder_class: type[Any] | None = None
    ) -> LaneTrackingRecorder:
        topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
        chosen: type[LaneTrackingRecorder] = (
            tracking_recorder_class
            or (resolve_topic(topic) if topic else None)
            or self.tracking_recorder_class
        )
        return chosen(self.pool, self.lane("events"))

    def process_recorder(self) -> ProcessRecorder:
        return self.process_recorder_class(self.pool, self.lane("events"))

    def lane(self, purpose: str) -> LaneState:
        """The application's lane for a purpose: its events, or its snapshots."""
        with self.pool.transaction() as work:
            return open_lane(
                work,
                log_id=APPLICATION_LOG,
                topic=f"{self.env.name}.{purpose}",
                partition=0,
                partner_id=NO_PARTNER,
                first_offset=0,
            )

    def close(self) -> None:
        self.pool.close()
