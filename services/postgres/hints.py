"""What is noted of hints: one row a lane and kind, with how many records had it and the last that did."""

from collections.abc import Collection
from typing import Final

from msgspec import Struct
from psycopg2.extensions import cursor

from projections.storage.sql import load

SQL: Final = load("services.postgres", "hints.sql")


class HintRow(Struct, frozen=True):
    """So many more records of a lane with a hint of a kind; offset and detail are of the last of them."""

    partner_id: int
    lane_id: int
    kind: str
    records: int
    kafka_offset: int
    detail: str


def note(work: cursor, rows: Collection[HintRow], recorded: int) -> None:
    """Adds what a batch found, a row a lane and kind, within its transaction; ``recorded`` in microseconds UTC.

    Only the owner of a lane writes its rows: nobody waits.
    """
    if rows:
        columns = {name: [getattr(row, name) for row in rows] for name in HintRow.__struct_fields__}
        work.execute(SQL["note"], columns | {"recorded": recorded})
