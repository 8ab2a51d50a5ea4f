"""The content mode of a record, and its headers (CloudEvents Kafka binding 1.0.2, section 3).

A ``content-type`` that starts with application/cloudevents means structured mode, any other means binary.
Without one, a ``ce_specversion`` header means binary mode; contract section 2 accepts the rest as structured.
Header names and content types are compared without case; parameters (charset) are ignored: JSON is UTF-8.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple

from domain.telling import tell

ATTRIBUTE_PREFIX: Final = "ce_"
CONTENT_TYPE: Final = "content-type"
STRUCTURED_TYPE: Final = "application/cloudevents+json"
BINARY_TYPE: Final = "application/json"

ATTRIBUTES: Final = (
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "subject",
    "sequence",
    "recordedtime",
)
"""The attributes that Tuntas reads; all are texts."""


class Mode(Enum):
    STRUCTURED = "structured"
    BINARY = "binary"


class Headers(NamedTuple):
    """What a record's headers say. A header of the Kafka protocol may be without a value: None.

    ``repeated`` is a header that counts and is there twice, "" where there is none.
    """

    content_type: bytes | None
    attributes: dict[str, bytes | None]
    repeated: str


def read_headers(headers: Sequence[tuple[str, bytes | None]]) -> Headers:
    """The headers that count, by lower-case name, attributes without their prefix."""
    content_types: list[bytes | None] = []
    attributes: dict[str, bytes | None] = {}
    repeated = ""
    for name, content in headers:
        lower = name.lower()
        attribute = lower.removeprefix(ATTRIBUTE_PREFIX)
        if lower == CONTENT_TYPE:
            content_types.append(content)
        elif attribute != lower and attribute in ATTRIBUTES:
            if attribute in attributes:
                repeated = lower
            attributes[attribute] = content
    if len(content_types) > 1:
        repeated = CONTENT_TYPE
    return Headers(content_types[-1] if content_types else None, attributes, repeated)


def mode_of(content_type: bytes | None, *, has_specversion: bool) -> Mode | str:  # noqa: PLR0911 - each rule returns its own sentence
    """The mode of a record, or a sentence where its content type is none that is accepted."""
    if content_type is None:
        return Mode.BINARY if has_specversion else Mode.STRUCTURED
    mode = USUAL_MODES.get(content_type)
    if mode is not None:
        return mode
    media_type = _media_type(content_type.decode("latin-1"))
    if media_type == STRUCTURED_TYPE:
        return Mode.STRUCTURED
    if media_type.startswith("application/cloudevents-batch"):
        return tell("The header `content-type` says batch mode: send one event a record.")
    if media_type.startswith("application/cloudevents"):
        return tell(
            "The header `content-type` must be %(type)s: events are JSON.", type=STRUCTURED_TYPE
        )
    if is_json(media_type):
        return Mode.BINARY
    return tell(
        "The header `content-type` must be %(structured)s (the whole event is the value)"
        " or %(binary)s (the value is `data`, the attributes are `ce_` headers).",
        structured=STRUCTURED_TYPE,
        binary=BINARY_TYPE,
    )


USUAL_MODES: Final = {
    f"{content_type}{charset}".encode(): mode
    for content_type, mode in {STRUCTURED_TYPE: Mode.STRUCTURED, BINARY_TYPE: Mode.BINARY}.items()
    for charset in ("", "; charset=utf-8", "; charset=UTF-8", ";charset=utf-8", ";charset=UTF-8")
}


"""Content types as clients usually spell them, to their mode."""


def is_json(content_type: str) -> bool:
    """Whether the content type, parameters aside, is JSON: application/json, text/json or any …+json."""
    media_type = _media_type(content_type)
    return media_type in {BINARY_TYPE, "text/json"} or media_type.endswith("+json")


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
