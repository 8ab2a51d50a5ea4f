"""Which of several servers a database is: it numbers its lanes apart from the others'.

Groups of partners may be kept on PostgreSQL servers of their own (docs/scaling.md). A lane's number is part of the
place of each of its events, so it must be free wherever the partner moves to.
"""

from typing import Final

from psycopg2.extensions import cursor

from projections.storage.sql import load
from services.unworkable import Unworkable

SQL: Final = load("services.postgres", "queries.sql")

MOST_SERVERS: Final = 128
"""As many servers as lane numbers of 23 bits leave when each has 16 bits of them (ledger.next_lane_id)."""


def set_server_number(work: cursor, number: int) -> None:
    """Makes ``number`` the database's own, for good. Raises Unworkable when it has another one."""
    work.execute(SQL["set_server_number"], {"number": number})
    must_be(work, number)


def must_be(work: cursor, number: int) -> None:
    """Returns when the database is server ``number``, or none yet; raises Unworkable when it is another one."""
    work.execute(SQL["server_number"])
    held = [row[0] for row in work.fetchall()]
    if held not in ([], [number]):
        raise Unworkable(
            f"This database is server {held[0]} and numbers its lanes so, but TUNTAS_SERVER_NUMBER says {number}: "
            f"set it to {held[0]}, or TUNTAS_DATABASE_URL to the database of server {number}."
        )
