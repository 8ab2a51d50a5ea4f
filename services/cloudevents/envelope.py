"""The CloudEvents envelope of each type, in structured mode: one typed JSON object a record."""

from typing import Annotated, Any, Final, Literal, Union

from msgspec import Meta, Struct, defstruct

from domain.vocabulary import PARTNERS
from services.cloudevents.event_types import EVENT_TYPES
from services.cloudevents.wire import MAX_ID_LENGTH, Identifier

Source = Annotated[
    str,
    Meta(
        description="/partners/ and your partner code",
        extra_json_schema={"enum": [f"/partners/{partner}" for partner in PARTNERS]},
    ),
]
Time = Annotated[
    str,
    Meta(
        description="when it happened: RFC 3339 with an offset, as in 2020-06-30T09:15:00+07:00",
        extra_json_schema={"format": "date-time"},
    ),
]
RecordedTime = Annotated[
    str,
    Meta(
        description="when you recorded it: RFC 3339 with an offset",
        extra_json_schema={"format": "date-time"},
    ),
]
Sequence = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_ID_LENGTH,
        description="a text of 1 to 128 characters that rises from event to event, to find gaps",
    ),
]
ContentType = Annotated[str, Meta(description="application/json")]


class Envelope(Struct, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """The attributes of an event beside its ``type``, which selects the subclass."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Source
    time: Time
    subject: Identifier | None = None
    sequence: Sequence | None = None
    recordedtime: RecordedTime | None = None
    datacontenttype: ContentType | None = None


ENVELOPES: Final[tuple[type[Struct], ...]] = tuple(
    defstruct(
        kind.fact.__name__,
        [("data", kind.data)],
        bases=(Envelope,),
        frozen=True,
        kw_only=True,
        gc=False,
        tag=kind.name,
    )
    for kind in EVENT_TYPES
)
"""One for each type: what its envelope is with its ``data``."""

ANY_ENVELOPE: Final[Any] = Union[ENVELOPES]  # noqa: UP007 - of as many as there are types
"""Any of them: the type that a decoder takes."""
