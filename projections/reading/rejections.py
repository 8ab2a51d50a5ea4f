"""Rejected records: what arrived, why it was not accepted, what to correct. The newest come first."""

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Struct, msgpack

from domain.errors import Reason
from domain.vocabulary import PARTNER_CODES
from projections.reading.by_partner import ALL_PARTNERS
from projections.reading.instants import instant, microseconds
from projections.reading.meaning import means
from projections.reading.page import Key, Page
from projections.reading.session import Session
from projections.storage.sql import load

SQL = load("projections.reading", "rejections.sql")

EARLIEST = microseconds(datetime.fromisoformat("0001-01-01T00:00:00+00:00"))
LATEST = microseconds(datetime.fromisoformat("9999-12-31T23:59:59.999999+00:00"))
NEWEST: Key = (LATEST, 2**31 - 1, 2**63 - 1)
"""Before every rejection, in this order."""

_HEADERS = msgpack.Decoder(list[tuple[str, bytes]])

Encoding = Literal["utf-8", "base64"]


class Header(Struct, frozen=True):
    """One header of a Kafka record."""

    name: Annotated[str, means("A header's name.")]
    value: Annotated[str, means("Its value.")]
    encoding: Annotated[
        Encoding, means("How the value is written here: utf-8 as it is, or base64.")
    ]


class Rejection(Struct, frozen=True):
    """One rejected record. ``detail`` says what to correct.

    ``record`` and ``key`` are text where the bytes are UTF-8, else base64, as the encodings beside them say.
    ``size`` is the whole record's in bytes; ``truncated``: not all of it was kept, but its first 64 KiB, or
    nothing where it holds a national id.
    """

    partner: Annotated[str, means("Whose topic it stood in.")]
    topic: Annotated[str, means("Kafka topic.")]
    partition: Annotated[int, means("Kafka partition.")]
    offset: Annotated[int, means("Kafka offset.")]
    reason: Annotated[Reason, means("Why it was not accepted.")]
    detail: Annotated[str, means("What to correct, as a sentence.")]
    event_id: Annotated[str | None, means("The event's id, where one could be read.")]
    recorded: Annotated[datetime, means("When it was rejected.")]
    key: Annotated[str | None, means("The record's key; null: it had none.")]
    key_encoding: Annotated[
        Encoding | None, means("How the key is written here: utf-8 as it is, or base64.")
    ]
    headers: Annotated[
        list[Header], means("The record's headers: in binary mode the event's attributes.")
    ]
    sent: Annotated[
        datetime | None, means("Kafka's own timestamp of the record; null: it had none.")
    ]
    record: Annotated[str, means("The record's first 64 KiB; empty where it holds a national id.")]
    record_encoding: Annotated[
        Encoding, means("How the record is written here: utf-8 as it is, or base64.")
    ]
    size: Annotated[int, means("Size of the whole record, bytes.")]
    truncated: Annotated[bool, means("The record is longer than what was kept of it.")]
    resolved: Annotated[bool, means("The same event id was accepted later on.")]


class Filter(Struct, frozen=True, kw_only=True):
    """What the list is narrowed to.

    ``since`` (inclusive) and ``until`` (exclusive), microseconds UTC, speak of when it was recorded. ``resolved``: the
    same event id was accepted later on.
    """

    partner_ids: tuple[int, ...] = ALL_PARTNERS
    reason: str | None = None
    since: int | None = None
    until: int | None = None
    event_id: str | None = None
    resolved: bool | None = None


async def pages(
    session: Session, wanted: Filter, after: Key | None, page_rows: int
) -> AsyncIterator[Page[Rejection]]:
    """The list behind the key ``after`` = (recorded in microseconds, lane id, offset)."""
    key = after or NEWEST
    since = instant(EARLIEST if wanted.since is None else wanted.since)
    until = instant(LATEST if wanted.until is None else wanted.until)
    while True:
        rows = await session.fetch(
            SQL["newest"],
            list(wanted.partner_ids),
            instant(key[0]),
            key[1],
            key[2],
            page_rows,
            wanted.reason,
            since,
            until,
            wanted.event_id,
            wanted.resolved,
        )
        items: list[tuple[Key, Rejection]] = []
        for row in rows:
            key = (microseconds(row["recorded"]), row["lane_id"], row["kafka_offset"])
            items.append((key, _rejection(row)))
        if items:
            yield Page(items, key, len(rows))
        if len(rows) < page_rows:
            return


def _rejection(row: Mapping[str, Any]) -> Rejection:
    record: bytes = row["record"]
    truncated = row["record_size"] > len(record)
    text, encoding = readable(record, cut=truncated)
    key, key_encoding = (None, None) if row["record_key"] is None else readable(row["record_key"])
    return Rejection(
        partner=PARTNER_CODES[row["partner_id"]],
        topic=row["topic"],
        partition=row["partition"],
        offset=row["kafka_offset"],
        reason=Reason(row["reason"]),
        detail=row["detail"],
        event_id=row["event_id"],
        recorded=row["recorded"],
        key=key,
        key_encoding=key_encoding,
        headers=[_header(name, value) for name, value in unpacked(row["headers"])],
        sent=row["sent"],
        record=text,
        record_encoding=encoding,
        size=row["record_size"],
        truncated=truncated,
        resolved=row["resolved"],
    )


def unpacked(headers: bytes | None) -> list[tuple[str, bytes]]:
    """Names and values of headers, from how they are stored."""
    return [] if headers is None else _HEADERS.decode(headers)


def _header(name: str, value: bytes) -> Header:
    text, encoding = readable(value)
    return Header(name, text, encoding)


def readable(content: bytes, *, cut: bool = False) -> tuple[str, Encoding]:
    """The bytes as text where they are UTF-8, else as base64. A character that was cut in two is left out."""
    for missing in range(4 if cut else 1):
        try:
            return content[: len(content) - missing].decode(), "utf-8"
        except UnicodeDecodeError:
            continue
    return b64encode(content).decode(), "base64"


async def reasons(session: Session, partner_id: int, newest: int) -> list[tuple[str, int]]:
    """The reasons of a partner's newest rejections, each with how often it is among them, the most frequent first."""
    return [(reason, n) for reason, n in await session.fetch(SQL["reasons"], partner_id, newest)]
