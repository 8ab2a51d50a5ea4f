"""CloudEvents 1.0 over Kafka, JSON: a draft as headers and value, in either content mode.

Source: CloudEvents Kafka protocol binding 1.0.2, sections 3.2 (binary) and 3.3 (structured), and
the attributes of the contract, section 2.
"""

from typing import Final

import msgspec

from services.simulator.instants import rfc3339
from services.simulator.record import Draft

Headers = list[tuple[str, bytes]]

_encode: Final = msgspec.json.Encoder().encode

STRUCTURED: Final[Headers] = [("content-type", b"application/cloudevents+json")]
STRUCTURED_UTF8: Final[Headers] = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
BINARY_CONTENT_TYPE: Final = ("content-type", b"application/json")


class Envelope(msgspec.Struct, frozen=True):
    """The context attributes and the JSON text of `data`: what the two content modes share."""

    attributes: dict[str, str]
    data: bytes

    def structured(self) -> bytes:
        content = {
            **self.attributes,
            "datacontenttype": "application/json",
            "data": msgspec.Raw(self.data),
        }
        return _encode(content)

    def binary(self) -> tuple[Headers, bytes]:
        headers = [(f"ce_{name}", text.encode()) for name, text in self.attributes.items()]
        return [BINARY_CONTENT_TYPE, *headers], self.data


def envelope_of(draft: Draft, sequence: int | None = None, *, recorded: bool = False) -> Envelope:
    """The envelope of a draft; `sequence` is padded, for the extension sorts it as text."""
    partner = draft.partner
    attributes = {
        "specversion": "1.0",
        "id": draft.event_id,
        "source": partner.source,
        "type": draft.type,
        "time": rfc3339(draft.happened, partner.offset_hours, partner.fraction_digits),
    }
    if partner.names_subject:
        attributes["subject"] = draft.key
    if sequence is not None:
        attributes["sequence"] = f"{sequence:010d}"
    if recorded:
        attributes["recordedtime"] = rfc3339(
            max(draft.sent, draft.happened), partner.offset_hours, partner.fraction_digits
        )
    return Envelope(attributes, _encode(draft.data))
