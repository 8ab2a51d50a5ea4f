"""Gaps in a partner's running numbers: what its `sequence` says was sent and did not become an event."""

from typing import Annotated, Final

from msgspec import Struct, field

from projections.reading.meaning import means
from projections.reading.session import Session
from projections.storage.sql import load

SQL: Final = load("projections.reading", "sequences.sql")

GAPS_SHOWN: Final = 100
STRETCHES_READ: Final = 5_000
"""So many stretches of numbers that arrived are read for them; there are fewer gaps where records were rejected."""


class Gap(Struct, frozen=True):
    """Numbers that never arrived, between numbers that did."""

    first: Annotated[int, means("The first missing number.")] = field(name="from")
    last: Annotated[int, means("The last missing number.")] = field(name="to")
    missing: Annotated[int, means("How many are missing.")]


class Sequence(Struct, frozen=True):
    """The running numbers of a partner's events (CloudEvents extension `sequence`).

    About what arrived so far, not about what had happened by a time. What a rejected record carries is not missing
    where it can be read: in structured mode, from a record that was kept whole (64 KiB).
    """

    lowest: Annotated[int | None, means("The lowest number accepted; null: none.")]
    highest: Annotated[int | None, means("The highest number accepted; null: none.")]
    received: Annotated[int, means("Numbers that accepted events carry, each counted once.")]
    rejected: Annotated[int, means("Numbers that only rejected records carry.")]
    missing: Annotated[
        int,
        means("Numbers between the lowest and the highest that neither kind of record carries."),
    ]
    gap_count: Annotated[int, means("Gaps: runs of missing numbers.")]
    gaps: Annotated[list[Gap], means(f"The first {GAPS_SHOWN} gaps.")]
    unnumbered: Annotated[int, means("Accepted events without a sequence.")]
    unusable: Annotated[int, means("Accepted events whose sequence is no whole number.")]
    behind: Annotated[int, means("Accepted events that were not looked at yet.")]


async def missing(session: Session) -> dict[int, int]:
    """Partner id to how many of its running numbers are missing; of partners that number their events."""
    return dict(await session.fetch(SQL["missing"]))


async def sequence(session: Session, partner_id: int) -> Sequence:
    """What one partner's running numbers say. Reads a bounded number of ranges, and each rejected number."""
    counts = await session.fetchrow(SQL["counts"], partner_id)
    lowest, highest = counts["lowest"], counts["highest"]
    received = counts["received"] or 0
    gaps = await session.fetch(SQL["gaps"], partner_id, GAPS_SHOWN, STRETCHES_READ, lowest, highest)
    gap_count = max((counts["ranges"] or 0) - 1, 0) - counts["closing"] + counts["opening"]
    return Sequence(
        lowest=lowest,
        highest=highest,
        received=received,
        rejected=counts["rejected"],
        missing=0 if lowest is None else highest - lowest + 1 - received - counts["inside"],
        gap_count=gap_count,
        gaps=[Gap(first, last, last - first + 1) for first, last in gaps],
        unnumbered=counts["unnumbered"] or 0,
        unusable=counts["unusable"] or 0,
        behind=counts["behind"],
    )
