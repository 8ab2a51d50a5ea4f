"""A database with the ledger in it, and lanes to write to."""

from collections.abc import Callable, Iterator

import pytest
from psycopg2.extensions import connection

from services.postgres.connect import close, connect, transaction
from services.postgres.lane_rows import LaneState, open_lane, take_over
from services.postgres.migrations.run import migrate


@pytest.fixture
def open_session(database_url: str) -> Iterator[Callable[[], connection]]:
    """A function that opens one more connection to the database of this test."""
    sessions: list[connection] = []

    def another() -> connection:
        sessions.append(connect(database_url, "test"))
        return sessions[-1]

    yield another
    for session in sessions:
        close(session)


@pytest.fixture
def session(open_session: Callable[[], connection]) -> connection:
    """A connection to a database with the ledger's schema."""
    session = open_session()
    migrate(session)
    return session


@pytest.fixture
def lanes(session: connection) -> list[LaneState]:
    """Two lanes of one partner, read from offset 0 and from offset 7, in their first epoch."""
    with transaction(session) as work:
        opened = [
            open_lane(
                work,
                log_id="log",
                topic="tuntas.partner.pintaria",
                partition=partition,
                partner_id=4,
                first_offset=first_offset,
            )
            for partition, first_offset in enumerate((0, 7))
        ]
        return take_over(work, [lane.lane_id for lane in opened])


@pytest.fixture
def weakly_hashed(session: connection) -> connection:
    """A ledger in which event ids of one length have one hash."""
    with transaction(session) as work:
        work.execute(
            "CREATE OR REPLACE FUNCTION ledger.id_hash(partner_id smallint, event_id text) RETURNS bigint"
            " LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN length(event_id);"
            "REINDEX TABLE ledger.stored_event"
        )
    return session
