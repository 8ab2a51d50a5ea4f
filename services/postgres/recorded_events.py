"""Events of the eventsourcing library as rows of the ledger, and rows as the library's events.

Source: eventsourcing 9.5, eventsourcing/persistence.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eventsourcing.persistence import Notification, StoredEvent

from domain.events import PARTICIPANT_STREAM
from services.postgres.ledger import EventRow, number_of_version


@dataclass(frozen=True)
class LedgerEvent(StoredEvent):
    """A stored event that came from a partner, with its envelope; times in microseconds since 1970."""

    event_id: str
    partner_id: int
    sequence: str | None
    happened: int
    recordedtime: int | None


@dataclass(frozen=True)
class LedgerNotification(LedgerEvent, Notification):
    """A LedgerEvent at its position in the lane."""


def participants_of(originators: Iterable[str]) -> list[str]:
    """The participants among some streams."""
    return [
        originator.removeprefix(PARTICIPANT_STREAM)
        for originator in dict.fromkeys(originators)
        if originator.startswith(PARTICIPANT_STREAM)
    ]


def person_and_stream(originator: str, persons: Mapping[str, int]) -> tuple[int, str] | None:
    """A stream as it is stored, None: that of a participant who has no number."""
    if not originator.startswith(PARTICIPANT_STREAM):
        return 0, originator
    person = persons.get(originator.removeprefix(PARTICIPANT_STREAM))
    return None if person is None else (person, "")


def stored_as(originator: str, persons: Mapping[str, int]) -> tuple[int, str]:
    """The same where every participant has a number."""
    of = person_and_stream(originator, persons)
    assert of is not None  # noqa: S101 - it was given one
    return of


def row_of(event: StoredEvent, recorded: int, persons: Mapping[str, int]) -> EventRow:
    """The event as a row of the ledger; one that no partner sent happened when it is recorded."""
    number = number_of_version(event.originator_version)
    person, stream = stored_as(str(event.originator_id), persons)
    if isinstance(event, LedgerEvent):
        return (
            number,
            event.event_id,
            event.happened,
            person,
            stream,
            event.topic,
            event.state,
            event.sequence,
            event.recordedtime,
        )
    return number, None, recorded, person, stream, event.topic, event.state, None, None


def stored_event_of(
    stream: str, version: int, topic: str, state: memoryview, event_id: str | None, *envelope: Any
) -> StoredEvent:
    """A row of the ledger as the library's event; one that a partner sent has its envelope."""
    if event_id is None:
        return StoredEvent(stream, version, topic, bytes(state))
    return LedgerEvent(stream, version, topic, bytes(state), event_id, *envelope)


def notification_of(row: Sequence[Any], participants: Mapping[int, str]) -> Notification:
    """``participants``: numbers to participants."""
    position, person, stream, *columns = row
    if person:
        stream = PARTICIPANT_STREAM + participants[person]
    event = stored_event_of(stream, *columns)
    kind = LedgerNotification if isinstance(event, LedgerEvent) else Notification
    return kind(**vars(event), id=position)
