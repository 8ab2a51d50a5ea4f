"""One step behind the intake: the next events of each lane, for whoever looks at each event once."""

from collections.abc import Mapping
from typing import NamedTuple

from projections.storage.cursor import Cursor


class Step(NamedTuple):
    """``values``: columns partner_ids, lane_ids, seen and upto, of each lane one; ``more``: events still wait."""

    values: dict[str, list[int]]
    more: bool


def next_step(cursor: Cursor, sql: Mapping[str, str], events: int) -> Step | None:
    """The next ``events`` positions of each lane at most, by statements `claim` and `lanes`.

    None: another process has the turn, or nothing waits.
    """
    cursor.execute(sql["claim"])
    if not cursor.fetchone()[0]:
        return None
    cursor.execute(sql["lanes"], {"events": events})
    lanes = cursor.fetchall()
    if not lanes:
        return None
    partner_ids, lane_ids, seen, upto, ends = (list(column) for column in zip(*lanes, strict=True))
    values = {"partner_ids": partner_ids, "lane_ids": lane_ids, "seen": seen, "upto": upto}
    return Step(values, upto != ends)
