"""What was read from Kafka, lane by lane, and how far answers are behind it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

from msgspec import Struct

from domain.vocabulary import PARTNER_CODES
from projections.reading.instants import microseconds
from projections.reading.meaning import means
from projections.reading.session import Session
from projections.sql import load

SQL = load("projections.reading", "intake.sql")


class Lane(Struct, frozen=True):
    """One topic partition. ``offsets_read`` = accepted + duplicate + rejected.

    ``skipped`` counts offsets that hold no record: first_offset + offsets_read + skipped = next_offset. ``lag`` is
    what Kafka held (``high_water``) beyond it when it was read last.
    """

    partner: Annotated[str, means("Whose topic it is.")]
    topic: Annotated[str, means("Kafka topic.")]
    partition: Annotated[int, means("Kafka partition.")]
    offsets_read: Annotated[int, means("Records read: accepted + duplicate + rejected.")]
    accepted: Annotated[int, means("Records that became events.")]
    duplicate: Annotated[int, means("Records that repeated an event: harmless.")]
    rejected: Annotated[int, means("Records that were not accepted.")]
    skipped: Annotated[
        int, means("Offsets that hold no record (Kafka's own marks, or deleted by it).")
    ]
    unknown_fields: Annotated[
        int, means("Fields of accepted events that the contract does not name.")
    ]
    lag: Annotated[int, means("Offsets that Kafka held beyond the next one when it was read last.")]
    first_offset: Annotated[int, means("The offset that reading began with.")]
    next_offset: Annotated[int, means("The offset that is read next.")]
    high_water: Annotated[
        int,
        means("The offset that Kafka would have given to its next record when it was read last."),
    ]
    last_read: Annotated[datetime | None, means("When records were read last; null: never.")]


class Totals(Struct):
    """The sums over lanes."""

    offsets_read: Annotated[int, means("Records read: accepted + duplicate + rejected.")] = 0
    accepted: Annotated[int, means("Records that became events.")] = 0
    duplicate: Annotated[int, means("Records that repeated an event.")] = 0
    rejected: Annotated[int, means("Records that were not accepted.")] = 0
    skipped: Annotated[int, means("Offsets that hold no record.")] = 0
    unknown_fields: Annotated[int, means("Fields that the contract does not name.")] = 0
    lag: Annotated[int, means("Offsets that are not read yet.")] = 0


class Freshness(Struct, frozen=True):
    """How far answers are behind: records not read and catalogue changes not applied yet, and for how long."""

    events: Annotated[int, means("Records not read, and catalogue changes not applied yet.")]
    seconds: Annotated[float, means("Since when, seconds.")]


class Backlog(Struct, frozen=True):
    """What one partner's answers are behind by. ``since``: microseconds UTC; None: no lane lags."""

    events: int
    changes: int
    since: int | None


async def lanes(session: Session, partner_ids: Iterable[int]) -> list[Lane]:
    """The lanes of some partners, in order of topic and partition."""
    wanted = set(partner_ids)
    found = [
        Lane(
            partner=PARTNER_CODES[row["partner_id"]],
            topic=row["topic"],
            partition=row["partition"],
            offsets_read=row["accepted"] + row["duplicate"] + row["rejected"],
            accepted=row["accepted"],
            duplicate=row["duplicate"],
            rejected=row["rejected"],
            skipped=row["skipped"],
            unknown_fields=row["unknown_fields"],
            lag=max(row["high_water"] - row["next_offset"], 0),
            first_offset=row["first_offset"],
            next_offset=row["next_offset"],
            high_water=row["high_water"],
            last_read=row["last_read"],
        )
        for row in await session.fetch(SQL["lanes"])
        if row["partner_id"] in wanted
    ]
    return sorted(found, key=lambda lane: (lane.topic, lane.partition))


def totals(of: Iterable[Lane]) -> Totals:
    """The sums over some lanes."""
    sums = Totals()
    for lane in of:
        for name in Totals.__struct_fields__:
            setattr(sums, name, getattr(sums, name) + getattr(lane, name))
    return sums


async def backlog(session: Session) -> dict[int, Backlog]:
    """Partner id to what its answers are behind by."""
    return {
        row["partner_id"]: Backlog(
            row["events"],
            row["changes"],
            None if row["since"] is None else microseconds(row["since"]),
        )
        for row in await session.fetch(SQL["backlog"])
    }


def freshness(behind: Mapping[int, Backlog], partner_ids: Iterable[int], now: int) -> Freshness:
    """How far the answers about some partners are behind at ``now`` (microseconds UTC)."""
    of = [behind[partner_id] for partner_id in partner_ids if partner_id in behind]
    events = sum(partner.events + partner.changes for partner in of)
    since = min((partner.since for partner in of if partner.since is not None), default=now)
    return Freshness(events, round(max(now - since, 0) / 1_000_000, 3) if events else 0.0)
