"""Takes rejected records up again: each is sent to its topic once more, and read like any other.

At most once each: that a record is taken up is committed before it is sent. A process that is killed in between leaves
some that were noted and maybe not sent; they are not tried again, and the partner may send them.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from psycopg2.extensions import connection

from projections.storage.sql import load
from services.kafka.producer import Producer
from services.postgres.connect import transaction

SQL: Final = load("services.redriving", "redrive.sql")

PAGE: Final = 200
"""So many are read, noted and sent at a time."""

HEADER: Final = "tuntas-redriven"
"""Names the record that was rejected; nobody reads it but people."""

_headers: Final = msgspec.msgpack.Decoder(list[tuple[str, bytes]]).decode


class Wanted(Struct, frozen=True):
    """Which rejections: of these partners, for one reason or any, recorded since then.

    ``again``: also what was taken up before and rejected once more; each such copy at most once, too.
    """

    partner_ids: Sequence[int]
    reason: str | None
    since: datetime
    again: bool = False


class Rejected(Struct, frozen=True):
    """One record that was rejected, whole."""

    partner_id: int
    lane_id: int
    kafka_offset: int
    recorded: datetime
    reason: str
    topic: str
    partition: int
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    value: bytes

    @property
    def place(self) -> str:
        """Topic, partition and offset, as rejections are named on `tuntas.rejections.<partner>`."""
        return f"{self.topic}/{self.partition}/{self.kafka_offset}"


class Redriven(Struct, frozen=True):
    """A record that was taken up: where it was rejected, why, and where it stands now."""

    rejected: Rejected
    partition: int
    offset: int


def waiting(session: connection, wanted: Wanted) -> Iterator[Rejected]:
    """What can be taken up again, in the order in which it was rejected; reads a page at a time."""
    last: dict[str, Any] = {"recorded": "-infinity", "lane_id": 0, "kafka_offset": 0}
    while True:
        values = {
            "partner_ids": list(wanted.partner_ids),
            "reason": wanted.reason,
            "since": wanted.since,
            "again": wanted.again,
            "limit": PAGE,
            **last,
        }
        with transaction(session) as work:
            work.execute(SQL["waiting"], values)
            rows = work.fetchall()
        yield from map(_from_row, rows)
        if len(rows) < PAGE:
            return
        _, lane_id, kafka_offset, recorded, *_ = rows[-1]
        last = {"recorded": recorded, "lane_id": lane_id, "kafka_offset": kafka_offset}


def _from_row(row: tuple[Any, ...]) -> Rejected:
    partner_id, lane_id, kafka_offset, recorded, reason, topic, partition, key, packed, value = row
    return Rejected(
        partner_id,
        lane_id,
        kafka_offset,
        recorded,
        reason,
        topic,
        partition,
        None if key is None else bytes(key),
        () if packed is None else tuple(_headers(bytes(packed))),
        bytes(value),
    )


def redrive(
    session: connection, producer: Producer, rejected: Iterable[Rejected]
) -> Iterator[Redriven]:
    """Each record that was sent, with its place. Raises PublishFailed, BrokerUnavailable: the rest is not sent then."""
    page: list[Rejected] = []
    for one in rejected:
        page.append(one)
        if len(page) == PAGE:
            yield from _send(session, producer, page)
            page = []
    if page:
        yield from _send(session, producer, page)


def _send(session: connection, producer: Producer, page: Sequence[Rejected]) -> list[Redriven]:
    with transaction(session) as work:
        taken = []
        for one in page:
            work.execute(SQL["take"], _named(one))
            if work.fetchone() is not None:
                taken.append(one)
    answers = []
    for one in taken:
        headers = [header for header in one.headers if header[0] != HEADER]
        headers.append((HEADER, one.place.encode()))
        answers.append((one, producer.send(one.topic, one.key, headers, one.value)))
    producer.flush()
    found = [Redriven(one, answer.value.partition, answer.value.offset) for one, answer in answers]
    with transaction(session) as work:
        for sent in found:
            place = {"partition": sent.partition, "offset": sent.offset}
            work.execute(SQL["sent"], {**_named(sent.rejected), **place})
    return found


def outcome(session: connection, sent: Redriven) -> str | None:
    """`accepted`, `duplicate` or the reason why it was rejected again; None: it was not read yet."""
    values = {
        "topic": sent.rejected.topic,
        "partition": sent.partition,
        "offset": sent.offset,
    }
    with transaction(session) as work:
        work.execute(SQL["outcome"], values)
        row = work.fetchone()
    return None if row is None else row[0]


def _named(one: Rejected) -> dict[str, int]:
    return {
        "partner_id": one.partner_id,
        "lane_id": one.lane_id,
        "kafka_offset": one.kafka_offset,
    }
