"""What a partner reads on ``tuntas.rejections.<partner>``: one CloudEvent for each rejected record."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from domain.errors import Reason
from domain.vocabulary import TYPE_PREFIX


class RecordHeader(Struct, frozen=True, kw_only=False):
    """One header of the record: in binary mode they are the event's attributes."""

    name: str
    value: str
    encoding: Annotated[
        Literal["utf-8", "base64"],
        Meta(description="how `value` is written: as it is, or in base64"),
    ]


class RecordRejected(Struct, frozen=True, kw_only=True):
    """Which record was rejected, and why.

    It has one of ``record`` and ``record_base64``: the first 64 KiB of the record's value, as text where it is
    UTF-8. Of a record that holds a national id nothing is there: ``record`` is empty, and there are no headers.
    """

    partner: str
    topic: str
    partition: int
    offset: int
    reason: Reason
    detail: Annotated[str, Meta(description="what to correct, as a sentence")]
    event_id: Annotated[
        str | None, Meta(description="the id of the event, where one could be read")
    ]
    record_size: Annotated[int, Meta(ge=0, description="size of the whole value, in bytes")]
    truncated: Annotated[bool, Meta(description="whether there was more than what is here")]
    record: str | UnsetType = UNSET
    record_base64: str | UnsetType = UNSET
    headers: list[RecordHeader]


class Rejection(
    Struct, frozen=True, kw_only=True, tag_field="type", tag=TYPE_PREFIX + "record.rejected.v1"
):
    """The CloudEvent. Its ``id`` is the record's place, `topic/partition/offset`: it may come more than once."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: Literal["/tuntas"] = "/tuntas"
    time: Annotated[datetime, Meta(description="when it was rejected", tz=True)]
    datacontenttype: Literal["application/json"] = "application/json"
    data: RecordRejected
