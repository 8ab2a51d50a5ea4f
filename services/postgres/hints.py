"""What is noted of hints: one row a lane and kind, with how many records had it and the last that did."""

from collections.abc import Iterable
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


def note(work: cursor, rows: Iterable[HintRow], recorded: int) -> None:
    """Adds what was found, within the transaction of the batch; ``recorded`` in microseconds UTC.

    Only the owner of a lane writes its rows: nobody waits.
    """
    for row in rows:
        names = {name: getattr(row, name) for name in HintRow.__struct_fields__}
        work.execute(SQL["note"], names | {"recorded": recorded})
