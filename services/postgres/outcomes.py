"""Records that are no new event: repeats and rejected ones, as rows of the ledger."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from msgspec import Struct, msgpack
from psycopg2.extensions import cursor

from projections.storage import binary_copy as field
from services.postgres.ledger import copy

KEPT_BYTES: Final = 64 * 1024
"""How much of a rejected record is kept (contract section 2)."""

LATEST_MS: Final = 253_402_300_799_999
"""The last millisecond of 9999: a later time of sending says no more."""

DuplicateRow: TypeAlias = tuple[int, int, int, str]
"""partner_id, lane_id, kafka_offset, event_id."""


class RejectionRow(Struct, frozen=True, gc=False):
    """One rejected record: what is too much of ``record`` is cut when it is stored.

    ``record_size`` is the whole value's, where ``record`` is not all of it. ``sent_ms`` is Kafka's timestamp in
    milliseconds since 1970, below 0: none.
    """

    lane_id: int
    kafka_offset: int
    partner_id: int
    reason: str
    detail: str
    event_id: str | None
    record_key: bytes | None
    record: bytes | None
    record_size: int | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    sent_ms: int = -1


def copy_duplicates(work: cursor, rows: Iterable[DuplicateRow], recorded: int) -> None:
    """Write repeated records: each is its offset and the id it repeats."""
    time = field.timestamptz(recorded)
    fields = (
        (
            field.bigint(offset),
            time,
            field.integer(lane_id),
            field.smallint(partner_id),
            field.text(event_id),
        )
        for partner_id, lane_id, offset, event_id in rows
    )
    copy(work, "copy_duplicates", field.stream(5, fields))


def copy_rejections(work: cursor, rows: Iterable[RejectionRow], recorded: int) -> None:
    """Write rejected records, each with at most KEPT_BYTES of its bytes.

    A rejection can always be stored, or it would hold up its lane: what PostgreSQL has no place
    for in a text (NUL, lone surrogates) is replaced.
    """
    time = field.timestamptz(recorded)
    fields = (
        (
            field.integer(row.lane_id),
            field.bigint(row.kafka_offset),
            field.smallint(row.partner_id),
            field.text(row.reason),
            field.text(storable(row.detail)),
            field.text(None if row.event_id is None else storable(row.event_id)),
            field.bytea(row.record_key and row.record_key[:KEPT_BYTES]),
            field.bytea((row.record or b"")[:KEPT_BYTES]),
            field.bigint(len(row.record or b"") if row.record_size is None else row.record_size),
            time,
            field.bytea(pack_headers(row.headers)),
            field.NULL
            if row.sent_ms < 0
            else field.timestamptz(min(row.sent_ms, LATEST_MS) * 1000),
        )
        for row in rows
    )
    copy(work, "copy_rejections", field.stream(12, fields))


def pack_headers(headers: Sequence[tuple[str, bytes]]) -> bytes | None:
    """A record's headers as they are stored: a MessagePack array of [name, value], within KEPT_BYTES; None: none."""
    kept: list[tuple[str, bytes]] = []
    size = 0
    for name, value in headers:
        size += len(name.encode()) + len(value)
        if size > KEPT_BYTES:
            break
        kept.append((name, value))
    return msgpack.encode(kept) if kept else None


def storable(value: str) -> str:
    """The text with a replacement for each character that PostgreSQL cannot store."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
