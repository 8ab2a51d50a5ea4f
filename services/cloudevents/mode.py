"""The content mode of a record and where its attributes are (CloudEvents Kafka binding 1.0.2, section 3).

A ``content-type`` that starts with application/cloudevents means structured mode, any other means binary.
Without one, a ``ce_specversion`` header means binary mode; contract section 2 accepts the rest as structured.
Header names and content types are compared without case; parameters (charset) are ignored: JSON is UTF-8.
"""

from enum import Enum
from typing import Final, NamedTuple

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


class Layout(NamedTuple):
    """Where a record's headers are: index of the content type (-1: none) and of each attribute.

    ``repeated`` is a header that counts and is there twice, "" where there is none.
    """

    content_type: int
    attributes: dict[str, int]
    repeated: str


_MAX_LAYOUTS_KEPT: Final = 256
_MAX_NAMES_LENGTH: Final = 1000
_layouts: dict[tuple[str, ...], Layout] = {}


def layout(names: tuple[str, ...]) -> Layout:
    """The layout of a record with these header names. Kept, since a producer's records share one."""
    known = _layouts.get(names)
    if known is None:
        known = _lay_out(names)
        # Names are the partner's to choose: few and short ones are kept, so that memory is bounded.
        if sum(map(len, names)) <= _MAX_NAMES_LENGTH:
            if len(_layouts) >= _MAX_LAYOUTS_KEPT:
                _layouts.clear()
            _layouts[names] = known
    return known


def _lay_out(names: tuple[str, ...]) -> Layout:
    content_type, attributes, repeated = -1, dict[str, int](), ""
    for index, name in enumerate(names):
        lower = name.lower()
        attribute = lower.removeprefix(ATTRIBUTE_PREFIX)
        if lower == CONTENT_TYPE:
            if content_type >= 0:
                repeated = CONTENT_TYPE
            content_type = index
        elif attribute != lower and attribute in ATTRIBUTES:
            if attribute in attributes:
                repeated = lower
            attributes[attribute] = index
    return Layout(content_type, attributes, repeated)


def mode_of(content_type: bytes | None, attributes: dict[str, int]) -> Mode | str:  # noqa: PLR0911 - each rule returns its own sentence
    """The mode of a record, or a sentence where its content type is none that is accepted."""
    if content_type is None:
        return Mode.BINARY if "specversion" in attributes else Mode.STRUCTURED
    mode = _USUAL.get(content_type)
    if mode is not None:
        return mode
    media_type = _media_type(content_type.decode("latin-1"))
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


_USUAL: Final = {
    f"{content_type}{charset}".encode(): mode
    for content_type, mode in {STRUCTURED_TYPE: Mode.STRUCTURED, BINARY_TYPE: Mode.BINARY}.items()
    for charset in ("", "; charset=utf-8", "; charset=UTF-8", ";charset=utf-8", ";charset=UTF-8")
}


def is_json(content_type: str) -> bool:
    """Whether the content type, parameters aside, is JSON: application/json, text/json or any …+json."""
    media_type = _media_type(content_type)
    return media_type in {BINARY_TYPE, "text/json"} or media_type.endswith("+json")


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
