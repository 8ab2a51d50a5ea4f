"""Puts a suite of the library on a lane in a real PostgreSQL database."""

from collections.abc import Iterator
from unittest import TestCase
from uuid import uuid4

import pytest

from services.postgres.connect import close, connect, transaction
from services.postgres.lane_rows import LaneState, open_lane
from services.postgres.migrations.run import migrate
from services.postgres.pool import ConnectionPool


class LaneTestCase(TestCase):
    """Each test gets an empty database with one lane, and a pool of connections to it.

    ``originator_id`` is a stream's text, so new ones are texts here.
    """

    pool: ConnectionPool
    lane: LaneState

    @pytest.fixture(autouse=True)
    def on_postgres(self, database_url: str) -> Iterator[None]:
        session = connect(database_url, "conformance")
        migrate(session)
        with transaction(session) as work:
            self.lane = open_lane(
                work, log_id="log", topic="topic", partition=0, partner_id=4, first_offset=0
            )
        close(session)
        self.pool = ConnectionPool(database_url, "conformance")
        yield
        self.pool.close()

    def new_originator_id(self) -> str:
        return str(uuid4())
