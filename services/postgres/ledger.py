"""The ledger's statements: lanes, events, duplicates, rejections.

Every function works on a cursor inside the caller's transaction and lets psycopg2's errors pass:
``services.postgres.connect.transaction`` translates them. Times are microseconds since 1970.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

from msgspec import Struct
from psycopg2.errors import UniqueViolation
from psycopg2.extensions import cursor

from domain.events import FACTS, PARTICIPANT_STREAM
from projections.storage import binary_copy as field
from projections.storage.copy import copy_stream, text_array
from projections.storage.sql import load

SQL: Final = load("services.postgres", "queries.sql")

NOBODY: Final = "\0"
"""What no participant is called: NUL is refused in what partners send."""

POSITION_BITS: Final = 40
"""Of a place, so many are the position."""

TOPIC_NUMBERS: Final[Mapping[str, int]] = {topic: fact.number for topic, fact in FACTS.items()}
"""The number under which a fact's topic is stored, as in ledger.topic."""

_COLUMNS: Final = 13
_NUMBERS: Final = struct.Struct(">hiqiqiqiq").pack
"""How many columns, then place, number, person and happened, each behind its length."""
_OF_TOPIC: Final = struct.Struct(">iqihihib").pack
"""recorded, partner_id, topic_id and collided, each behind its length."""
_COLLIDED_AT: Final = 28
"""In what _OF_TOPIC makes, the place of ``collided``."""


EventRow: TypeAlias = tuple[int, str | None, int, int, str, str, bytes, str | None, int | None]
"""number, event_id, happened, person, stream, topic, state, sequence, recordedtime.

``person`` is the participant's number and ``stream`` '' then, or 0 and another stream. ``number`` is the Kafka offset,
or, of an event that did not come from Kafka, what `number_of_version` makes of its version. A plain tuple: there are
tens of thousands a second of them. ``state`` is the fact in MessagePack.
"""


class LaneEvents(Struct, frozen=True):
    """New events of one lane, in the order of their positions; the first one gets ``first_position``."""

    lane_id: int
    partner_id: int
    first_position: int
    rows: Sequence[EventRow]

    def end(self) -> int:
        """The place of the last of them."""
        return place(self.lane_id, self.first_position + len(self.rows) - 1)


EventId: TypeAlias = tuple[int, str | None]
"""partner_id, event_id."""


class LedgerEntry(Struct, frozen=True, gc=False):
    """What the ledger holds under an event id, to tell a duplicate from an id conflict.

    ``stream`` as the event has it (domain/events.py): that of a participant names it.
    """

    topic: str
    stream: str
    happened: int
    state: bytes


class StoredRow(Struct, frozen=True, gc=False):
    """One event of a stream's history; None where the event did not come from Kafka."""

    lane_id: int
    position: int
    version: int
    lane_topic: str
    partition: int
    kafka_offset: int | None
    happened: int
    recorded: int
    recordedtime: int | None
    topic: str
    event_id: str | None
    sequence: str | None
    state: bytes


def copy_events(
    work: cursor,
    batches: Sequence[LaneEvents],
    recorded: int,
    *,
    encoded: bytes | None = None,
    topic_numbers: Mapping[str, int] = TOPIC_NUMBERS,
) -> None:
    """Appends new events to any number of lanes in one COPY: the only way in which events enter the ledger.

    ``encoded``: what `encode_events` makes of them, where that was done already. Raises, through the transaction,
    LedgerConflict when an event id of a partner is already there; KeyError for a topic without a number.
    """
    if not any(batch.rows for batch in batches):
        return
    if encoded is None:
        encoded = encode_events(batches, recorded, topic_numbers=topic_numbers)
    # Most likely no id has a hash that another id has: that is found out only when the first try meets one.
    work.execute("SAVEPOINT before_events")
    try:
        copy(work, "copy_events", encoded)
    except UniqueViolation:
        work.execute("ROLLBACK TO SAVEPOINT before_events")
        collided = _collided(work, batches)
        if not collided:
            raise
        again = encode_events(batches, recorded, collided, topic_numbers=topic_numbers)
        copy(work, "copy_events", again)
    work.execute("RELEASE SAVEPOINT before_events")


def _collided(work: cursor, batches: Sequence[LaneEvents]) -> AbstractSet[EventId]:
    """The events' ids whose hash another id has."""
    ids = [
        (batch.partner_id, row[1]) for batch in batches for row in batch.rows if row[1] is not None
    ]
    partner_ids = [partner_id for partner_id, _ in ids]
    names = {"partner_ids": partner_ids, "event_ids": text_array(event_id for _, event_id in ids)}
    work.execute(SQL["owners_of_hashes"], names)
    return frozenset(work.fetchall())


def encode_events(
    batches: Iterable[LaneEvents],
    recorded: int,
    collided: AbstractSet[EventId] = frozenset(),
    *,
    topic_numbers: Mapping[str, int] = TOPIC_NUMBERS,
) -> bytes:
    """The COPY stream of the batches; ``collided`` are the ids whose hash another id has.

    Raises KeyError for a topic without a number.
    """
    # The loop runs for each event: names are local and one list is extended, because that is
    # what measured fastest (tests/benchmarks/ledger.py).
    pack_numbers, lengths, columns = _NUMBERS, field.LENGTHS, _COLUMNS
    epoch, null, no_delay = field.POSTGRES_EPOCH, field.NULL, delay(0, None)
    no_stream = field.text("")
    of_partner: dict[int, dict[str, bytes]] = {}
    parts = [field.HEADER]
    for batch in batches:
        partner_id = batch.partner_id
        of_topic = of_partner.setdefault(partner_id, {})
        at = place(batch.lane_id, batch.first_position)
        for (
            number,
            event_id,
            happened,
            person,
            stream,
            topic,
            state,
            sequence,
            recordedtime,
        ) in batch.rows:
            common = of_topic.get(topic)
            if common is None:
                topic_id = topic_numbers[topic]
                common = _OF_TOPIC(8, recorded - epoch, 2, partner_id, 2, topic_id, 1, 0) + no_delay
                of_topic[topic] = common
            if recordedtime is not None:
                common = common[: -len(no_delay)] + delay(happened, recordedtime)
            if collided and (partner_id, event_id) in collided:
                common = common[:_COLLIDED_AT] + b"\1" + common[_COLLIDED_AT + 1 :]
            stream_field = no_stream if person else field.text(stream)
            if event_id is None:
                id_field = null
            else:
                id_bytes = event_id.encode()
                id_field = lengths[len(id_bytes)] + id_bytes
            size = len(state)
            if sequence is None:
                sequence_field = null
            else:
                sequence_bytes = sequence.encode()
                sequence_field = lengths[len(sequence_bytes)] + sequence_bytes
            parts += (
                pack_numbers(columns, 8, at, 8, number, 8, person, 8, happened - epoch),
                common,
                stream_field,
                id_field,
                sequence_field,
                lengths[size] if size < 4096 else field.pack_length(size),
                state,
            )
            at += 1
    parts.append(field.TRAILER)
    return b"".join(parts)


def number_of_version(version: int) -> int:
    """The ``number`` of an event that did not come from Kafka: below 0, so that it is told from an offset."""
    return ~version


def topics() -> str:
    """The SQL that writes the names and numbers of all facts, where they are missing."""
    rows = ", ".join(f"({number}, '{topic}')" for topic, number in TOPIC_NUMBERS.items())
    return f"\nINSERT INTO ledger.topic (topic_id, name) VALUES {rows} ON CONFLICT DO NOTHING;\n"


def place(lane_id: int, position: int) -> int:
    """A lane and a position in it as the one number that ``ledger.place`` makes of them."""
    return lane_id << POSITION_BITS | position


def delay(happened: int, recordedtime: int | None) -> bytes:
    """The field that stands for ``recordedtime``: the microseconds since ``happened``, in digits; None: none."""
    return field.bytea(b"" if recordedtime is None else b"%d" % (recordedtime - happened))


def copy(work: cursor, statement: str, stream: bytes) -> None:
    """Send a COPY stream; an empty one is not sent."""
    if len(stream) > len(field.HEADER) + len(field.TRAILER):
        copy_stream(work, SQL[statement], stream)


def find_events(
    work: cursor, wanted: Mapping[int, Iterable[str]], participants: Mapping[int, str]
) -> dict[int, dict[str, LedgerEntry]]:
    """Those of partners' event ids that the ledger holds: by partner id, as asked for.

    One index probe an id, one query. ``participants``: numbers to participants, of all whose events the ids may be;
    others are given a stream that nobody has.
    """
    found: dict[int, dict[str, LedgerEntry]] = {partner_id: {} for partner_id in wanted}
    ids = [(partner_id, event_id) for partner_id, each in wanted.items() for event_id in each]
    if ids:
        names = {
            "partner_ids": [partner_id for partner_id, _ in ids],
            "event_ids": text_array(event_id for _, event_id in ids),
        }
        work.execute(SQL["find_events"], names)
        for partner_id, event_id, topic, person, stream, happened, state in work.fetchall():
            of = PARTICIPANT_STREAM + participants.get(person, NOBODY) if person else stream
            found[partner_id][event_id] = LedgerEntry(topic, of, happened, bytes(state))
    return found


def events_of_stream(
    work: cursor, partner_id: int, person: int, stream: str = ""
) -> list[StoredRow]:
    """The events of a participant or another stream in the order they were recorded, with Kafka coordinates."""
    names = {"partner_id": partner_id, "person": person, "stream": stream}
    work.execute(SQL["events_of_stream"], names)
    return [StoredRow(*(*row[:-1], bytes(row[-1]))) for row in work.fetchall()]
