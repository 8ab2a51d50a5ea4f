"""Attributes and data to a Kafka record: the reverse of decode (CloudEvents Kafka binding 1.0.2, section 3)."""

from collections.abc import Mapping

import msgspec

from services.cloudevents.mode import ATTRIBUTE_PREFIX, BINARY_TYPE, CONTENT_TYPE, STRUCTURED_TYPE

Record = tuple[list[tuple[str, bytes]], bytes]
"""A Kafka record's headers and value."""

SPECVERSION = "1.0"


def encode_structured(attributes: Mapping[str, str], data: object) -> Record:
    """A record in structured mode: the whole event is the value.

    ``attributes`` are without ``specversion``, which is added. ``data`` is whatever msgspec writes as a
    JSON object: a mapping, or a shape of services.cloudevents.wire, whose empty fields are left out.
    """
    event = {"specversion": SPECVERSION, **attributes, "data": data}
    return [(CONTENT_TYPE, STRUCTURED_TYPE.encode())], msgspec.json.encode(event)


def encode_binary(attributes: Mapping[str, str], data: object) -> Record:
    """The same in binary mode: the attributes are ``ce_`` headers, the value is ``data``."""
    headers = [
        (ATTRIBUTE_PREFIX + name, text.encode())
        for name, text in {"specversion": SPECVERSION, **attributes}.items()
    ]
    return [*headers, (CONTENT_TYPE, BINARY_TYPE.encode())], msgspec.json.encode(data)
