"""What was read from Kafka, lane by lane, and how far answers are behind it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Final

from msgspec import Struct
from msgspec.structs import replace

from domain.telling import tell
from domain.vocabulary import PARTNER_CODES, PARTNER_IDS, TOPIC_PREFIX
from projections.reading.instants import microseconds
from projections.reading.kafka_log import Asked, KafkaLog
from projections.reading.meaning import means
from projections.reading.session import Session
from projections.storage.sql import load

SQL = load("projections.reading", "intake.sql")


class Lane(Struct, frozen=True):
    """One topic partition. ``offsets_read`` = accepted + duplicate + rejected.

    ``skipped`` counts offsets that hold no record: first_offset + offsets_read + skipped = next_offset. A topic
    partition has a row for each log that was read of it; only the current one's is read on.
    """

    partner: Annotated[str, means("Whose topic it is.")]
    topic: Annotated[str, means("Kafka topic.")]
    partition: Annotated[int, means("Kafka partition.")]
    log_id: Annotated[str, means("Which log the offsets are of: Kafka's cluster id.")]
    is_current: Annotated[
        bool, means("Whether that log is read on; false: another one has taken its place.")
    ]
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
    lag: Annotated[
        int | None,
        means(
            "Offsets that Kafka holds beyond those that were read, 0 of a log that is not current; "
            "null: Kafka cannot be asked."
        ),
    ]
    first_offset: Annotated[int, means("The offset that reading began with.")]
    next_offset: Annotated[int, means("The offset that is read next.")]
    high_water: Annotated[
        int,
        means("The offset that Kafka would have given to its next record when it was read last."),
    ]
    last_read: Annotated[datetime | None, means("When records were read last; null: never.")]
    topic_id: Annotated[
        str | None,
        means("Kafka's id of the topic: one that is made under its name later has another."),
    ] = None
    trouble: Annotated[
        str | None, means("Why it is not read on, and what to do; null: nothing is wrong.")
    ] = None


class Totals(Struct):
    """The sums over lanes."""

    offsets_read: Annotated[int, means("Records read: accepted + duplicate + rejected.")] = 0
    accepted: Annotated[int, means("Records that became events.")] = 0
    duplicate: Annotated[int, means("Records that repeated an event.")] = 0
    rejected: Annotated[int, means("Records that were not accepted.")] = 0
    skipped: Annotated[int, means("Offsets that hold no record.")] = 0
    unknown_fields: Annotated[int, means("Fields that the contract does not name.")] = 0
    lag: Annotated[
        int | None, means("Offsets that are not read yet; null: Kafka cannot be asked.")
    ] = 0


class Freshness(Struct, frozen=True, omit_defaults=True):
    """How far answers are behind: records that wait in Kafka, catalogue changes not applied yet, and for how long."""

    events: Annotated[
        int | None,
        means("Records not read, and catalogue changes not applied yet; null: not known."),
    ]
    seconds: Annotated[
        float | None, means("For how long the oldest of them has waited, seconds; null: not known.")
    ]
    unknown: Annotated[
        str | None, means("Why something of it is not known; absent where all is.")
    ] = None


class Backlog(Struct, frozen=True):
    """What one partner's answers are behind by. ``since``: microseconds UTC; None: nothing waits, or nobody knows.

    ``dateless`` counts what has waited for nobody knows how long.
    """

    events: int = 0
    changes: int = 0
    since: int | None = None
    dateless: int = 0


AGE_UNKNOWN: Final = tell("how long the oldest record has waited was not to be read in time")


async def lanes(session: Session, partner_ids: Iterable[int]) -> list[Lane]:
    """The lanes of some partners, by topic and partition; ``lag`` is what was known when each was read last."""
    wanted = set(partner_ids)
    return [
        Lane(
            partner=PARTNER_CODES[row["partner_id"]],
            topic=row["topic"],
            partition=row["partition"],
            log_id=row["log_id"],
            is_current=row["is_current"],
            offsets_read=row["accepted"] + row["duplicate"] + row["rejected"],
            accepted=row["accepted"],
            duplicate=row["duplicate"],
            rejected=row["rejected"],
            skipped=row["skipped"],
            unknown_fields=row["unknown_fields"],
            lag=max(row["high_water"] - row["next_offset"], 0) if row["is_current"] else 0,
            first_offset=row["first_offset"],
            next_offset=row["next_offset"],
            high_water=row["high_water"],
            last_read=row["last_read"],
            topic_id=row["topic_uuid"],
            trouble=row["trouble"],
        )
        for row in await session.fetch(SQL["lanes"])
        if row["partner_id"] in wanted
    ]


def compared(found: Iterable[Lane], asked: Asked | None) -> list[Lane]:
    """The lanes with what Kafka says of them now. ``asked`` None: nobody asks it."""
    if asked is None:
        return list(found)
    log = asked.log
    if log is None:
        return [replace(lane, lag=None if lane.is_current else 0) for lane in found]
    return [_compared(lane, log) for lane in found]


def _compared(lane: Lane, log: KafkaLog) -> Lane:
    if not lane.is_current or not log.is_of(lane.log_id, lane.topic, lane.topic_id):
        return replace(lane, is_current=False, lag=0)
    end = max(log.ends.get((lane.topic, lane.partition), 0), lane.high_water)
    return replace(lane, lag=max(end - lane.next_offset, 0))


def totals(of: Iterable[Lane]) -> Totals:
    """The sums over some lanes."""
    sums = Totals()
    for lane in of:
        for name in Totals.__struct_fields__:
            one, more = getattr(sums, name), getattr(lane, name)
            setattr(sums, name, None if one is None or more is None else one + more)
    return sums


async def changes(session: Session) -> dict[int, int]:
    """Partner id to the catalogue changes that not every row follows yet."""
    return dict(await session.fetch(SQL["changes"]))


async def answers_behind(session: Session) -> dict[int, int]:
    """Partner id to the events and catalogue changes that nobody was told yet what they change in answers."""
    return dict(await session.fetch(SQL["answers_behind"]))


def backlog(
    found: Iterable[Lane], waiting: Mapping[int, int], log: KafkaLog | None
) -> dict[int, Backlog]:
    """Partner id to what its answers are behind by. ``log`` None: as far as the lanes themselves know."""
    behind = {partner_id: Backlog(changes=count) for partner_id, count in waiting.items()}
    for partner, events, since in _waiting(found, log):
        partner_id = PARTNER_IDS[partner]
        before = behind.get(partner_id, Backlog())
        behind[partner_id] = replace(
            before,
            events=before.events + events,
            since=min((at for at in (before.since, since) if at is not None), default=None),
            dateless=before.dateless + (events if since is None else 0),
        )
    return behind


def _waiting(found: Iterable[Lane], log: KafkaLog | None) -> Iterator[tuple[str, int, int | None]]:
    """Partner, how many offsets wait, and since when; of each topic partition where some do."""
    if log is None:
        for lane in found:
            if lane.lag:
                since = None if lane.last_read is None else microseconds(lane.last_read)
                yield (lane.partner, lane.lag, since)
        return
    by_place = {
        (lane.topic, lane.partition): lane
        for lane in found
        if lane.is_current and log.is_of(lane.log_id, lane.topic, lane.topic_id)
    }
    for place, end in log.ends.items():
        lane_of = by_place.get(place)
        next_offset = lane_of.next_offset if lane_of else log.begins[place]
        events = max(end, lane_of.high_water if lane_of else 0) - next_offset
        if events <= 0:
            continue
        # What is read beyond what Kafka held at the last look came after it.
        since = log.looked_at if next_offset >= end else log.waiting_since.get(place)
        yield (place[0].removeprefix(TOPIC_PREFIX), events, since)


def freshness(
    behind: Mapping[int, Backlog], partner_ids: Iterable[int], now: int, unknown: str | None = None
) -> Freshness:
    """How far the answers about some partners are behind at ``now`` (microseconds UTC).

    ``unknown``: why Kafka says nothing, so that nobody can know what waits.
    """
    if unknown is not None:
        return Freshness(None, None, unknown)
    of = [behind[partner_id] for partner_id in partner_ids if partner_id in behind]
    events = sum(partner.events + partner.changes for partner in of)
    if any(partner.dateless for partner in of):
        return Freshness(events, None, AGE_UNKNOWN)
    since = min((partner.since for partner in of if partner.since is not None), default=now)
    return Freshness(events, round(max(now - since, 0) / 1_000_000, 3) if events else 0.0)
