"""What became of single events, by the ids that their partner gave them (contract section 3, ``/v1/events``)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Struct

from domain.errors import Reason
from domain.vocabulary import PARTNER_CODES
from projections.reading.meaning import means
from projections.reading.partner_event import type_of
from projections.reading.session import Session
from projections.storage.facts import decode
from projections.storage.sql import load

SQL: Final = load("projections.reading", "events.sql")

SHOWN: Final = 100
"""So many repeats, and so many rejections, are shown of one event; all are counted."""

Outcome = Literal["accepted", "rejected", "never_seen"]


class Place(Struct, frozen=True, kw_only=True):
    """Where in Kafka a record stood, and when it was read."""

    topic: Annotated[str, means("Kafka topic.")]
    partition: Annotated[int, means("Kafka partition.")]
    offset: Annotated[int, means("Kafka offset.")]
    recorded: Annotated[datetime, means("When it was read and recorded.")]


class Acceptance(Place, frozen=True, kw_only=True):
    """The record that was accepted."""

    type: Annotated[str, means("The CloudEvents type.")]
    happened: Annotated[datetime, means("When it happened: the CloudEvents time.")]


class Refused(Place, frozen=True, kw_only=True):
    """A record under this id that was rejected."""

    reason: Annotated[Reason, means("Why it was not accepted.")]
    detail: Annotated[str, means("What to correct, as a sentence.")]
    resolved: Annotated[bool, means("The same id was accepted later on.")]


class EventFate(Struct, frozen=True, kw_only=True):
    """What became of one event id of a partner.

    ``outcome`` is `accepted` once a record under the id was accepted, whatever else arrived under it.
    """

    partner: Annotated[str, means("Whose event it is.")]
    event_id: Annotated[str, means("The event's id.")]
    outcome: Annotated[Outcome, means("What became of it.")]
    accepted: Annotated[Acceptance | None, means("The record that was accepted, if one was.")]
    repeated: Annotated[int, means("How often it was sent again.")]
    repeats: Annotated[list[Place], means(f"Where, the latest first: at most {SHOWN}.")]
    rejected: Annotated[int, means("How many records under this id were rejected.")]
    rejections: Annotated[list[Refused], means(f"Which, the latest first: at most {SHOWN}.")]


async def fates(session: Session, partner_id: int, event_ids: Sequence[str]) -> list[EventFate]:
    """What became of each id, in the order given."""
    ids = list(dict.fromkeys(event_ids))
    accepted = {
        row["event_id"]: Acceptance(
            **_place(row),
            type=type_of(decode(row["fact"], row["state"])),
            happened=row["happened"],
        )
        for row in await session.fetch(SQL["accepted"], partner_id, ids)
    }
    repeats = _by_id(await session.fetch(SQL["repeats"], partner_id, ids, SHOWN))
    rejections = _by_id(await session.fetch(SQL["rejections"], partner_id, ids, SHOWN))
    return [
        EventFate(
            partner=PARTNER_CODES[partner_id],
            event_id=event_id,
            outcome="accepted"
            if event_id in accepted
            else "rejected"
            if event_id in rejections
            else "never_seen",
            accepted=accepted.get(event_id),
            repeated=_times(repeats.get(event_id)),
            repeats=[Place(**_place(row)) for row in repeats.get(event_id, ())],
            rejected=_times(rejections.get(event_id)),
            rejections=[
                Refused(
                    **_place(row),
                    reason=Reason(row["reason"]),
                    detail=row["detail"],
                    resolved=row["resolved"],
                )
                for row in rejections.get(event_id, ())
            ],
        )
        for event_id in event_ids
    ]


def _place(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "topic": row["topic"],
        "partition": row["partition"],
        "offset": row["kafka_offset"],
        "recorded": row["recorded"],
    }


def _by_id(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["event_id"], []).append(row)
    return found


def _times(rows: Sequence[Mapping[str, Any]] | None) -> int:
    return rows[0]["times"] if rows else 0
