"""Which content mode a record is in, and where its attributes are (CloudEvents Kafka binding 1.0.2, section 3).

A ``content-type`` that starts with application/cloudevents means structured mode, any other means binary.
Without one, a ``ce_specversion`` header means binary mode; contract section 2 accepts the rest as structured.
Header names and content types are compared without case; parameters (charset) are ignored: JSON is UTF-8.
"""

from enum import Enum
from functools import lru_cache
from typing import NamedTuple

ATTRIBUTE_PREFIX = "ce_"
CONTENT_TYPE = "content-type"
STRUCTURED_TYPE = "application/cloudevents+json"
BINARY_TYPE = "application/json"

_JSON_TYPES = frozenset({BINARY_TYPE, "text/json"})


class Mode(Enum):
    STRUCTURED = "structured"
    BINARY = "binary"


class Layout(NamedTuple):
    """Where a record's headers are: index of the content type (-1: none) and of each attribute.

    ``repeated`` is a header that counts and is there twice, "" where there is none.
    """

    content_type: int
    attributes: dict[str, int]
    repeated: str


@lru_cache(maxsize=1024)
def layout(names: tuple[str, ...]) -> Layout:
    """The layout of a record with these header names. A producer's records share one."""
    content_type, attributes, repeated = -1, dict[str, int](), ""
    for index, name in enumerate(names):
        lower = name.lower()
        if lower == CONTENT_TYPE:
            repeated = repeated or (CONTENT_TYPE if content_type >= 0 else "")
            content_type = index
        elif lower.startswith(ATTRIBUTE_PREFIX):
            attribute = lower[len(ATTRIBUTE_PREFIX) :]
            if attribute in attributes and attribute in ATTRIBUTES:
                repeated = repeated or lower
            attributes[attribute] = index
    return Layout(content_type, attributes, repeated)


ATTRIBUTES = frozenset(
    {"specversion", "id", "source", "type", "time", "subject", "sequence", "recordedtime"}
)
"""The attributes that Tuntas reads; all are texts."""


@lru_cache(maxsize=256)
def mode_of(content_type: bytes | None, has_specversion: bool) -> Mode | str:
    """The mode of a record, or a sentence where its content type is none that is accepted."""
    if content_type is None:
        return Mode.BINARY if has_specversion else Mode.STRUCTURED
    media_type = content_type.decode("latin-1").partition(";")[0].strip().lower()
    if media_type == STRUCTURED_TYPE:
        return Mode.STRUCTURED
    if media_type.startswith("application/cloudevents-batch"):
        return "The header `content-type` says batch mode: send one event a record."
    if media_type.startswith("application/cloudevents"):
        return f"The header `content-type` must be {STRUCTURED_TYPE}: events are JSON."
    if is_json(media_type):
        return Mode.BINARY
    return (
        f"The header `content-type` must be {STRUCTURED_TYPE} (the whole event is the value)"
        f" or {BINARY_TYPE} (the value is `data`, the attributes are `ce_` headers)."
    )


def is_json(content_type: str) -> bool:
    """Whether the content type, parameters aside, is JSON: application/json, text/json or any …+json."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type in _JSON_TYPES or media_type.endswith("+json")
