"""One step behind the intake: what comes next in each lane, for whoever looks at each of it once."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from projections.storage.cursor import Cursor

POSITIONS: Final = ("partner_ids", "lane_ids", "seen", "upto")
"""What a step of positions has of each lane."""


class Step(NamedTuple):
    """``values``: columns by name, of each lane one; ``more``: whether more waits behind them."""

    values: dict[str, list[Any]]
    more: bool


def next_step(
    cursor: Cursor, sql: Mapping[str, str], most: int, names: Sequence[str] = POSITIONS
) -> Step | None:
    """The next of each lane, ``most`` at most, by statements `claim` and `lanes`.

    The columns of `lanes` are ``names``, and whether more waits. None: another process has the turn, or nothing waits.
    """
    cursor.execute(sql["claim"])
    if not cursor.fetchone()[0]:
        return None
    cursor.execute(sql["lanes"], {"most": most})
    lanes = cursor.fetchall()
    if not lanes:
        return None
    *columns, waits = (list(column) for column in zip(*lanes, strict=True))
    return Step(dict(zip(names, columns, strict=True)), any(waits))
