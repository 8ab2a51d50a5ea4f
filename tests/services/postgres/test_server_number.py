"""Lanes of several servers have numbers of their own, so a partner can move with them."""

import pytest
from psycopg2.extensions import connection

from services.postgres.connect import transaction
from services.postgres.errors import StatementRefused
from services.postgres.lane_rows import open_lane
from services.postgres.server_number import MOST_SERVERS, set_server_number
from services.unworkable import Unworkable


def opened(session: connection, partition: int) -> int:
    with transaction(session) as work:
        lane = open_lane(
            work, log_id="log", topic="t", partition=partition, partner_id=4, first_offset=0
        )
        return lane.lane_id


def test_each_server_numbers_its_lanes_in_a_range_of_its_own(
    session: connection,
) -> None:
    with transaction(session) as work:
        set_server_number(work, MOST_SERVERS - 1)
    first, second = opened(session, 0), opened(session, 1)
    assert (first, second) == (127 * 65_536 + 1, 127 * 65_536 + 2)
    with transaction(session) as work:
        work.execute("SELECT setval('ledger.lane_number', 65535)")
        work.execute("SELECT 127 * 65536 + 65535 < 1 << 23")
        assert work.fetchall() == [(True,)]
    with pytest.raises(StatementRefused, match="reached maximum value"):
        opened(session, 2)


def test_a_server_keeps_its_number(session: connection) -> None:
    for _ in range(2):
        with transaction(session) as work:
            set_server_number(work, 5)
    with (
        pytest.raises(Unworkable, match=r"is server 5 .* TUNTAS_SERVER_NUMBER says 6"),
        transaction(session) as work,
    ):
        set_server_number(work, 6)
