"""The messages that partners send: each type of event in both content modes, and statements."""

import json
from inspect import getdoc
from typing import Any, Final

from msgspec import Struct

from domain.vocabulary import PARTNERS, TYPE_PREFIX
from services.asyncapi.shapes import SCHEMAS
from services.cloudevents.event_type import EventType
from services.cloudevents.event_types import EVENT_TYPES
from services.cloudevents.mode import ATTRIBUTE_PREFIX, BINARY_TYPE, CONTENT_TYPE, STRUCTURED_TYPE
from services.cloudevents.schemas import said
from services.xapi.decode import VERSION_HEADER

Json = dict[str, Any]

STATEMENT: Final = "xapi.statement"
BINARY: Final = ".binary"
"""What the name of a message in binary mode ends with."""

_KEY_BINDING: Final = "0.5.0"
SENDER: Final = "pijar-mahir"
assert SENDER in PARTNERS  # noqa: S101 - the examples are of a partner that there is

_ENVELOPE_TEXTS: Final = {
    "specversion": {"type": "string", "const": "1.0"},
    "id": {"type": "string", "minLength": 1, "maxLength": 128},
    "source": {"type": "string", "enum": [f"/partners/{partner}" for partner in PARTNERS]},
    "time": {"type": "string", "format": "date-time"},
    "subject": {"type": "string", "minLength": 1, "maxLength": 128},
    "sequence": {"type": "string", "minLength": 1, "maxLength": 128},
    "recordedtime": {"type": "string", "format": "date-time"},
}
_REQUIRED: Final = ("specversion", "id", "source", "type", "time")


def events() -> Json:
    """Name to message of every type of event, structured and binary."""
    found: Json = {}
    for kind in EVENT_TYPES:
        name = kind.name.removeprefix(TYPE_PREFIX)
        found[name] = _structured(name, kind)
        found[name + BINARY] = _binary(name, kind)
    return found


def _structured(name: str, kind: EventType) -> Json:
    attributes, data = _example(kind)
    return {
        **told(name, kind.data, "structured mode"),
        "contentType": STRUCTURED_TYPE,
        "headers": {
            "type": "object",
            "properties": {CONTENT_TYPE: {"type": "string", "const": STRUCTURED_TYPE}},
        },
        "payload": {"$ref": SCHEMAS + kind.fact.__name__},
        "bindings": _key(kind),
        "examples": [
            {
                "name": name,
                "headers": {CONTENT_TYPE: STRUCTURED_TYPE},
                "payload": {**attributes, "data": data},
            }
        ],
    }


def _binary(name: str, kind: EventType) -> Json:
    attributes, data = _example(kind)
    of_type = {**_ENVELOPE_TEXTS, "type": {"type": "string", "const": kind.name}}
    return {
        **told(name, kind.data, "binary mode"),
        "contentType": BINARY_TYPE,
        "headers": {
            "type": "object",
            "properties": {
                CONTENT_TYPE: {"type": "string", "const": BINARY_TYPE},
                **{ATTRIBUTE_PREFIX + attribute: shape for attribute, shape in of_type.items()},
            },
            "required": [ATTRIBUTE_PREFIX + attribute for attribute in _REQUIRED],
        },
        "payload": {"$ref": SCHEMAS + kind.data.__name__},
        "bindings": _key(kind),
        "examples": [
            {
                "name": name + BINARY,
                "headers": {
                    CONTENT_TYPE: BINARY_TYPE,
                    **{ATTRIBUTE_PREFIX + key: value for key, value in attributes.items()},
                },
                "payload": data,
            }
        ],
    }


def statement() -> Json:
    """An xAPI or cmi5 statement as it is; docs/xapi.md says what each verb becomes."""
    example = {
        "id": "6c5b4b2e-7d3f-4b7c-9a53-2f5f0e3b1a10",
        "actor": {"account": {"homePage": "https://learn.example", "name": "u-1"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://learn.example/classes/C-0107"},
        "timestamp": "2020-06-30T09:15:00+07:00",
    }
    return {
        "name": STATEMENT,
        "title": "An xAPI statement",
        "summary": "One statement of xAPI 1.0.3 or 2.0, cmi5 included; the record's key says who did it.",
        "contentType": BINARY_TYPE,
        "headers": {
            "type": "object",
            "properties": {
                VERSION_HEADER: {"type": "string", "pattern": r"^(1\.0|2\.0)(\.\d+)?$"},
            },
            "required": [VERSION_HEADER],
        },
        "payload": {
            "type": "object",
            "required": ["id", "actor", "verb", "object", "timestamp"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "timestamp": {"type": "string", "format": "date-time"},
            },
        },
        "bindings": bound("the participant_id"),
        "examples": [{"name": STATEMENT, "headers": {VERSION_HEADER: "1.0.3"}, "payload": example}],
    }


def told(name: str, shape: type[Struct], mode: str) -> Json:
    """What a message is called, and what its shape says of itself."""
    return {"name": name, "title": f"{name} ({mode})", "summary": said(getdoc(shape) or name)}


def _example(kind: EventType) -> tuple[Json, Json]:
    """The attributes and the data of the example that the guide shows."""
    attributes = kind.example_attributes(SENDER)
    return attributes, json.loads(json.dumps(kind.example.data))


def _key(kind: EventType) -> Json:
    fields = kind.data.__struct_fields__
    named = next(
        name
        for name in ("participant_id", "package_code", "class_code", "")
        if name in fields or not name
    )
    return bound(f"the {named}" if named else "anything")


def bound(key: str) -> Json:
    """The Kafka binding of a message with this key."""
    return {
        "kafka": {
            "key": {"type": "string", "description": key},
            "bindingVersion": _KEY_BINDING,
        }
    }
