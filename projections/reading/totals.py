"""Totals over a partner's events that happened before some times: from counts by day, or from all its events.

The counts follow the intake; what they lack is looked at beside them, and of a day that a time is within, its events.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, Final

from msgspec import Struct

from domain.days import begin_of, day_of
from domain.events import ClassCompleted, PurchasePaid
from projections.reading.instants import instant
from projections.reading.session import SnapshotSession
from projections.storage.facts import decode
from projections.storage.sql import load

SQL: Final = load("projections.reading", "totals.sql")

MOST_BEHIND: Final = 5_000
"""Counts that lack more events than these are not asked."""
MOST_DAYS: Final = 100
"""Where times are within more days than these, all events are rather counted than those of each day."""


class Counted(Struct):
    """Sums, and those of them that partners declare. ``amount``: whole rupiah, as payments say."""

    events: int = 0
    purchases: int = 0
    completions: int = 0
    amount: int = 0

    def add(self, topic: str, times: int, amount: int = 0) -> None:
        """Adds so many events of a kind, with what was paid."""
        self.events += times
        self.purchases += times * (topic == PurchasePaid.topic)
        self.completions += times * (topic == ClassCompleted.topic)
        self.amount += amount


async def before(session: SnapshotSession, partner_id: int, times: Sequence[int]) -> list[Counted]:
    """What happened before each of some times (microseconds UTC, which rise), declarations left out.

    Without counts it passes over the partner's events once, and once over those that pay: seconds for each few million.
    """
    within = sorted({day_of(time) for time in times if begin_of(day_of(time)) != time})
    (is_usable,) = await session.fetchrow(SQL["usable"], partner_id, MOST_BEHIND)
    if is_usable and len(within) <= MOST_DAYS:
        return await _from_days(session, partner_id, times, within)
    return await counted_of_all(session, partner_id, times)


async def _from_days(
    session: SnapshotSession, partner_id: int, times: Sequence[int], within: Sequence[int]
) -> list[Counted]:
    days = [day_of(time) for time in times]
    found: list[Counted] = []
    until_here = Counted()
    for row in await session.fetch(SQL["by_day"], partner_id, days[-1]):
        while days[len(found)] <= row["day"]:
            found.append(copy(until_here))
        until_here.add(row["topic"], row["events"], row["amount"])
    found += [copy(until_here) for _ in times[len(found) :]]
    instants = [instant(time) for time in times]
    if within:
        for row in await session.fetch(SQL["of_days"], partner_id, within, instants):
            for place in range(row["bucket"], len(times)):
                if days[place] == row["day"]:
                    found[place].add(row["topic"], row["events"], _paid(row["paid"]))
    for row in await session.fetch(SQL["behind"], partner_id, instants):
        for total in found[row["bucket"] :]:
            total.add(row["topic"], row["events"], _paid(row["paid"]))
    return found


async def counted_of_all(
    session: SnapshotSession, partner_id: int, times: Sequence[int]
) -> list[Counted]:
    """As `before`, by passing over all events."""
    found = [Counted() for _ in times]
    instants = [instant(time) for time in times]
    for row in await session.fetch(SQL["counts"], partner_id, instants):
        for total in found[row["bucket"] :]:
            total.add(row["topic"], row["events"])
    paid = [0] * (len(times) + 1)
    async for rows in session.parts(SQL["facts"], partner_id, PurchasePaid.topic):
        for row in rows:
            paid[bisect_right(instants, row["happened"])] += amount_of(row["state"])
    until_here = 0
    for total, amount in zip(found, paid, strict=False):
        until_here += amount
        total.amount += until_here
    return found


def amount_of(state: bytes) -> int:
    """What a payment says that was paid, whole rupiah; 0: it does not say."""
    paid = decode(PurchasePaid.topic, state)
    assert isinstance(paid, PurchasePaid)  # noqa: S101 - narrows for mypy
    return paid.amount or 0


def _paid(states: Iterable[Any] | None) -> int:
    return sum(amount_of(bytes(state)) for state in states or ())
