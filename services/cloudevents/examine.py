"""A record read in full: what is wrong with it, or the event that it holds after all.

The reference for the rules of contract section 2. Sentences name the field and say what to correct; they
never repeat a value, nor the name of a field that the contract does not know.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from domain.errors import Reason, Refusal
from domain.events import PartnerEvent
from domain.telling import tell
from domain.vocabulary import TYPE_PREFIX
from services.cloudevents.attributes import attribute_fault
from services.cloudevents.event_types import DATA, FIELDS, READERS
from services.cloudevents.faults import data_fault, named_twice, personal_data, type_fault
from services.cloudevents.hints import type_meant
from services.cloudevents.identifiers import has_control_characters, is_national_id
from services.cloudevents.json_text import Malformed, Repeated, parse
from services.cloudevents.mode import ATTRIBUTE_PREFIX, ATTRIBUTES, Mode, mode_of, read_headers
from services.cloudevents.shape import objects
from services.cloudevents.time import NO_TIMESTAMP, latest, microseconds
from services.cloudevents.wire import MAX_ID_LENGTH

MAX_BYTES: Final = 256 * 1024

TOO_LARGE: Final = Refusal(
    Reason.TOO_LARGE, tell("The value is larger than 256 KiB: send less in one event.")
)
TOO_MUCH_BESIDE: Final = Refusal(
    Reason.TOO_LARGE,
    tell("The record's key and headers are larger than 64 KiB: send less beside the value."),
)


@lru_cache(maxsize=64)
def source_of(partner: str) -> str:
    """The ``source`` that every event of the partner carries."""
    return f"/partners/{partner}"


@lru_cache(maxsize=64)
def source_bytes_of(partner: str) -> bytes:
    """The same as a header holds it."""
    return source_of(partner).encode()


def examine(  # noqa: PLR0911 - each rule returns its own refusal
    topic_partner: str,
    headers: Sequence[tuple[str, bytes]],
    value: bytes | None,
    key: bytes | None = None,
    sent_ms: int = NO_TIMESTAMP,
) -> PartnerEvent | Refusal:
    """The same as ``decode``, which see."""
    if value is None:
        return Refusal(
            Reason.NOT_JSON,
            tell(
                "The record has no value (a tombstone), and nothing is deleted by key:"
                " to withdraw an event send %(type)s.",
                type=TYPE_PREFIX + "event.voided.v1",
            ),
        )
    if len(value) > MAX_BYTES:
        return TOO_LARGE
    read = read_headers(headers)
    mode = mode_of(read.content_type, has_specversion="specversion" in read.attributes)
    if isinstance(mode, str):
        return Refusal(Reason.NOT_CLOUDEVENTS, mode)
    tree = parse(value)
    if isinstance(tree, Malformed):
        return Refusal(Reason.NOT_JSON, tree.detail)
    if read.repeated:
        fault = tell("The header `%(name)s` is there twice: send it once.", name=read.repeated)
        return Refusal(Reason.NOT_CLOUDEVENTS, fault)
    if mode is Mode.BINARY:
        attributes = _texts(read.attributes)
        if isinstance(attributes, Refusal):
            return attributes
        return event_of(topic_partner, attributes, tree, ATTRIBUTE_PREFIX, key, sent_ms)
    if not isinstance(tree, dict):
        return Refusal(
            Reason.NOT_CLOUDEVENTS,
            tell("The value is a JSON array: batch mode is not accepted, send one event a record.")
            if isinstance(tree, list)
            else tell("The value must be a JSON object with the event's attributes and `data`."),
        )
    if isinstance(tree, Repeated):
        detail = named_twice(tree, {*ATTRIBUTES, "data", "datacontenttype"}, tell("the event"))
        return Refusal(Reason.NOT_CLOUDEVENTS, detail)
    # Null is the same as absent (CloudEvents JSON format 1.0.2, section 2.2).
    envelope = {name: found for name, found in tree.items() if found is not None}
    return event_of(topic_partner, envelope, envelope.get("data"), "", key, sent_ms)


def _texts(contents: Mapping[str, bytes | None]) -> dict[str, object] | Refusal:
    attributes: dict[str, object] = {}
    for name, content in contents.items():
        if content is not None:
            try:
                attributes[name] = content.decode()
            except UnicodeDecodeError:
                fault = tell("The header `%(name)s` is not UTF-8.", name=ATTRIBUTE_PREFIX + name)
                return Refusal(Reason.NOT_CLOUDEVENTS, fault)
    return attributes


def event_of(  # noqa: PLR0911 - each rule returns its own refusal
    partner: str,
    attributes: Mapping[str, object],
    data: object,
    prefix: str,
    key: bytes | None,
    sent_ms: int,
) -> PartnerEvent | Refusal:
    """The event of these attributes. ``prefix`` spells an attribute as the sender did."""
    event_id = _searchable(attributes.get("id"))
    fault = attribute_fault(attributes, prefix)
    if fault:
        return Refusal(Reason.NOT_CLOUDEVENTS, fault, event_id)
    texts = {name: text for name, text in attributes.items() if isinstance(text, str)}
    if texts["source"] != source_of(partner):
        fault = tell(
            "`%(name)s` must be %(source)s: the topic says who is speaking.",
            name=prefix + "source",
            source=source_of(partner),
        )
        return Refusal(Reason.SOURCE_MISMATCH, fault, event_id)
    fields, shape = FIELDS.get(texts["type"]), DATA.get(texts["type"])
    if fields is None or shape is None:
        fault = tell(
            "`%(name)s` is none of the types that are accepted: see docs/events.md.%(meant)s",
            name=prefix + "type",
            meant=type_meant(texts["type"], FIELDS),
        )
        return Refusal(Reason.UNKNOWN_TYPE, fault, event_id)
    fault = personal_data(texts, key, data, fields, prefix)
    if fault:
        return Refusal(Reason.PERSONAL_DATA, fault)
    happened, recorded = (microseconds(texts.get(name, "")) for name in ("time", "recordedtime"))
    assert happened is not None  # noqa: S101 - attribute_fault has read it
    if sent_ms >= 0 and happened > latest(sent_ms):
        fault = tell(
            "`%(name)s` is more than 24 hours after the record was sent: send when it happened.",
            name=prefix + "time",
        )
        return Refusal(Reason.INVALID_DATA, fault, event_id)
    fault = data_fault(attributes, data, fields)
    if fault:
        return Refusal(Reason.INVALID_DATA, fault, event_id)
    assert isinstance(data, dict)  # noqa: S101 - data_fault has seen it
    try:
        typed = msgspec.convert(data, shape)
    except msgspec.ValidationError as error:
        return Refusal(Reason.INVALID_DATA, type_fault(str(error), data, fields), event_id)
    built = READERS[shape].build(typed)
    if isinstance(built, str):
        return Refusal(Reason.INVALID_DATA, built, event_id)
    stream, fact, _ = built
    unknown = sum(len(found.keys() - named) for _, found, named in objects(data, fields, "data"))
    return PartnerEvent(
        partner, texts["id"], happened, stream, fact, texts.get("sequence"), recorded, unknown
    )


def _searchable(event_id: object) -> str | None:
    """The id for the partner's own search: none that is personal data or could not be stored."""
    if (
        isinstance(event_id, str)
        and 0 < len(event_id) <= MAX_ID_LENGTH
        and not has_control_characters(event_id)
        and not is_national_id(event_id)
    ):
        return event_id
    return None
