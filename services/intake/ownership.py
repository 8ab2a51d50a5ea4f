"""Which lane writes a participant's rows, so that a worker may trust its view of them between batches.

A participant's events arrive in one lane as long as the partner keys them by participant_id and the topic keeps its
partitions. Where they do not, two workers would fold two halves of one record without noticing. Hence one row a
participant says which lane writes it, and it changes hands under both lanes' row locks: whoever has committed rows of
a participant since is found here before the next batch is.
"""

from collections.abc import Collection, Container, Iterable, Mapping
from collections.abc import Set as AbstractSet

from psycopg2.extensions import cursor

from projections.storage.copy import bigint_array
from projections.storage.sql import load

SQL = load("services.intake", "ownership.sql")

Row = tuple[int, int, int]
"""Partner id, number of a participant, lane id."""


class WrittenElsewhere(Exception):
    """Other lanes wrote participants of the batch: hold those lanes, load the participants again, do it again."""

    def __init__(self, lane_ids: AbstractSet[int]) -> None:
        super().__init__(f"lanes {sorted(lane_ids)} write participants of this batch")
        self.lane_ids = lane_ids


def hold(work: cursor, lane_ids: Collection[int]) -> None:
    """Locks lanes until the end of the transaction, in the order that every worker takes them."""
    work.execute(SQL["hold"], {"lane_ids": list(lane_ids)})


def claim(
    work: cursor,
    participants: Mapping[int, Mapping[int, int]],
    held: AbstractSet[int],
    loaded: Mapping[int, Container[int]],
) -> None:
    """Makes sure that the batch's lanes write its participants: partner id to number to lane id.

    The caller holds the row locks of the lanes ``held`` (the batch's, and what an earlier attempt found); ``loaded`` in
    this transaction were these numbers by partner id, the others it remembered. Raises WrittenElsewhere when a
    participant is written by a lane that is not held, when one that is remembered was written by another lane than the
    caller last did, before that lane came to the caller, and when one was new to two workers at once.
    """
    wanted = [
        (partner_id, person, lane_id)
        for partner_id, lanes in participants.items()
        for person, lane_id in lanes.items()
    ]
    if not wanted:
        return
    work.execute(SQL["elsewhere"], _columns(wanted))
    new: list[Row] = []
    moved: list[Row] = []
    others: set[int] = set()
    for partner_id, person, lane_id, owner in work.fetchall():
        row = (partner_id, person, lane_id)
        if owner is None:
            new.append(row)
        elif owner in held and person in loaded[partner_id]:
            moved.append(row)
        else:
            others.add(owner)
    if others:
        raise WrittenElsewhere(others)
    if new:
        work.execute(SQL["own"], _columns(new))
        if work.rowcount != len(new):
            raise WrittenElsewhere(frozenset())
    if moved:
        work.execute(SQL["move"], _columns(moved))


def _columns(rows: Iterable[Row]) -> dict[str, str]:
    partner_ids, persons, lane_ids = zip(*rows, strict=True)
    return {
        "partner_ids": bigint_array(partner_ids),
        "persons": bigint_array(persons),
        "lane_ids": bigint_array(lane_ids),
    }
