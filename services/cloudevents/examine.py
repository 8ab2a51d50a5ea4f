"""A record read in full: what is wrong with it, or the event that it holds after all.

The reference for the rules of contract section 2. Sentences name the field and say what to correct; they
never repeat a value, nor the name of a field that the contract does not know.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from domain.errors import Reason, Refusal
from domain.events import PartnerEvent
from domain.vocabulary import TYPE_PREFIX
from services.cloudevents import time
from services.cloudevents.facts import BUILDERS
from services.cloudevents.identifiers import (
    NATIONAL_ID_DIGITS,
    has_control_characters,
    is_national_id,
    is_not_text,
)
from services.cloudevents.json_text import Malformed, Repeated, parse
from services.cloudevents.mode import ATTRIBUTE_PREFIX, ATTRIBUTES, Mode, is_json, layout, mode_of
from services.cloudevents.shape import FIELDS, Fields, described, objects, scalars
from services.cloudevents.wire import DATA, MAX_ID_LENGTH

MAX_BYTES: Final = 256 * 1024

_REQUIRED: Final = ("specversion", "id", "source", "type", "time")
_SHORT: Final = ("id", "subject", "sequence")
_TIMES: Final = ("time", "recordedtime")


@lru_cache(maxsize=64)
def source_of(partner: str) -> str:
    """The ``source`` that every event of the partner carries."""
    return f"/partners/{partner}"


def examine(
    topic_partner: str, headers: Sequence[tuple[str, bytes]], value: bytes | None
) -> PartnerEvent | Refusal:
    """The same as ``decode``, which see."""
    if value is None:
        return Refusal(
            Reason.NOT_JSON,
            "The record has no value (a tombstone): nothing can be deleted by key;"
            f" withdraw an event with {TYPE_PREFIX}event.voided.v1.",
        )
    if len(value) > MAX_BYTES:
        return Refusal(
            Reason.TOO_LARGE, "The value is larger than 256 KiB: send less in one event."
        )
    place = layout(tuple([name for name, _ in headers]))
    content_type = headers[place.content_type][1] if place.content_type >= 0 else None
    mode = mode_of(content_type, "specversion" in place.attributes)
    if isinstance(mode, str):
        return Refusal(Reason.NOT_CLOUDEVENTS, mode)
    tree = parse(value)
    if isinstance(tree, Malformed):
        return Refusal(Reason.NOT_JSON, str(tree))
    if place.repeated:
        return Refusal(
            Reason.NOT_CLOUDEVENTS, f"The header `{place.repeated}` is there twice: send it once."
        )
    if mode is Mode.BINARY:
        attributes = _from_headers(headers, place.attributes)
        if isinstance(attributes, Refusal):
            return attributes
        return _event(topic_partner, attributes, tree, ATTRIBUTE_PREFIX)
    if isinstance(tree, list):
        return Refusal(
            Reason.NOT_CLOUDEVENTS,
            "The value is a JSON array: batch mode is not accepted, send one event a record.",
        )
    if not isinstance(tree, dict):
        return Refusal(
            Reason.NOT_CLOUDEVENTS, "The value must be a JSON object with the event's attributes."
        )
    envelope = {name: found for name, found in tree.items() if found is not None}
    if isinstance(tree, Repeated):
        return Refusal(
            Reason.NOT_CLOUDEVENTS, _named_twice(tree, ATTRIBUTES | {"data"}, "the event")
        )
    return _event(topic_partner, envelope, envelope.get("data"), "")


def _from_headers(
    headers: Sequence[tuple[str, bytes]], places: Mapping[str, int]
) -> dict[str, object] | Refusal:
    attributes: dict[str, object] = {}
    for name, index in places.items():
        content: bytes | None = headers[index][1]
        if name in ATTRIBUTES and content is not None:
            try:
                attributes[name] = content.decode()
            except UnicodeDecodeError:
                return Refusal(
                    Reason.NOT_CLOUDEVENTS, f"The header `{ATTRIBUTE_PREFIX}{name}` is not UTF-8."
                )
    return attributes


def _event(
    partner: str, attributes: Mapping[str, object], data: object, prefix: str
) -> PartnerEvent | Refusal:
    """The event of these attributes. ``prefix`` spells an attribute as the sender did."""
    event_id = _searchable(attributes.get("id"))

    def refused(reason: Reason, detail: str) -> Refusal:
        return Refusal(reason, detail, event_id)

    fault = _attribute_fault(attributes, prefix)
    if fault:
        return refused(Reason.NOT_CLOUDEVENTS, fault)
    texts = {name: text for name, text in attributes.items() if isinstance(text, str)}
    happened, recorded = _instant(texts["time"]), None
    if "recordedtime" in texts:
        recorded = _instant(texts["recordedtime"])
    if texts["source"] != source_of(partner):
        return refused(
            Reason.SOURCE_MISMATCH,
            f"`{prefix}source` must be {source_of(partner)}: the topic says who is speaking.",
        )
    kind = texts["type"]
    fields = FIELDS.get(kind)
    if fields is None:
        return refused(
            Reason.UNKNOWN_TYPE,
            f"`{prefix}type` is none of the types that are accepted: see docs/events.md.",
        )
    personal = _personal_data(texts, data, fields, prefix)
    if personal:
        return refused(Reason.PERSONAL_DATA, personal)
    if not prefix and "data_base64" in attributes:
        return refused(Reason.INVALID_DATA, "`data_base64` is not accepted: send `data` as JSON.")
    fault = _data_fault(data, fields)
    if fault:
        return refused(Reason.INVALID_DATA, fault)
    try:
        typed = msgspec.convert(data, DATA[kind])
    except msgspec.ValidationError as error:
        return refused(Reason.INVALID_DATA, _sentence(str(error), fields))
    built = BUILDERS[DATA[kind]](typed)
    if isinstance(built, str):
        return refused(Reason.INVALID_DATA, built)
    return PartnerEvent(
        partner,
        texts["id"],
        happened,
        built[0],
        built[1],
        texts.get("sequence"),
        recorded,
        sum(len(found.keys() - named.keys()) for _, found, named in objects(data, fields, "data")),
    )


def _instant(text: str) -> int:
    instant = time.microseconds(text)
    if instant is None:
        raise AssertionError("attributes are checked before they are read")
    return instant


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


def _attribute_fault(attributes: Mapping[str, object], prefix: str) -> str:
    """What is wrong with the attributes, "" where nothing is."""
    for name in _REQUIRED:
        if name not in attributes:
            return f"`{prefix}{name}` is missing: {_MEANING[name]}."
    for name in ATTRIBUTES & attributes.keys():
        text = attributes[name]
        if not isinstance(text, str):
            return f"`{prefix}{name}` must be a text."
        if has_control_characters(text):
            return f"`{prefix}{name}` holds a control character or half of a surrogate pair."
    if attributes["specversion"] != "1.0":
        return f'`{prefix}specversion` must be "1.0".'
    for name in _SHORT:
        if not 0 < len(str(attributes.get(name, "-"))) <= MAX_ID_LENGTH:
            return f"`{prefix}{name}` must be a text of 1 to {MAX_ID_LENGTH} characters."
    for name in _TIMES:
        text = attributes.get(name)
        if isinstance(text, str) and time.microseconds(text) is None:
            return f"`{prefix}{name}` {time.fault(text)}."
    content_type = attributes.get("datacontenttype", "application/json")
    if not prefix and not (isinstance(content_type, str) and is_json(content_type)):
        return "`datacontenttype` must be application/json, or absent."
    return ""


_MEANING: Final = {
    "specversion": 'send "1.0" (CloudEvents 1.0)',
    "id": "send an id that you give to no other event",
    "source": "send /partners/ and your partner code",
    "type": f"send one of the types that start with {TYPE_PREFIX}",
    "time": "send when it happened, as in 2020-06-30T09:15:00+07:00",
}


def _personal_data(attributes: Mapping[str, str], data: object, fields: Fields, prefix: str) -> str:
    places: list[tuple[str, object]] = [
        (prefix + name, attributes.get(name)) for name in ("id", "subject")
    ]
    values = scalars(data, fields, "data")
    places += [
        (path, str(abs(value)) if type(value) is int else value)
        for path, value, field in values
        if field.identifier and type(value) in {int, str}
    ]
    for path, identifier in places:
        if isinstance(identifier, str) and is_national_id(identifier):
            return (
                f"`{path}` is a number of {NATIONAL_ID_DIGITS} digits, as national ids are:"
                " send a pseudonymous identifier, never a national id."
            )
    return ""


def _data_fault(data: object, fields: Fields) -> str:
    """What is wrong with ``data`` beyond the types of its fields, "" where nothing is."""
    if data is None:
        return "`data` is missing: send the event's fields as a JSON object."
    if not isinstance(data, dict):
        return "`data` must be a JSON object, not a text or a list."
    for path, found, named in objects(data, fields, "data"):
        if isinstance(found, Repeated):
            return _named_twice(found, frozenset(named), f"`{path}`")
    for path, value, field in scalars(data, fields, "data"):
        if isinstance(value, str):
            if is_not_text(value):
                return f"`{path}` holds NUL or half of a surrogate pair: send text."
            if field.identifier and has_control_characters(value):
                return f"`{path}` holds a control character (a line break?): leave it out."
    return ""


def _named_twice(found: Repeated, known: frozenset[str], where: str) -> str:
    names = sorted(found.names & known)
    what = f"`{names[0]}`" if names else "a field"
    return f"{what[0].upper() + what[1:]} is named twice in {where}: name each field once."


_MISSING = re.compile(r"Object missing required field `(\w+)`(?: - at `\$\.?(.*)`)?")
_PLACE = re.compile(r" - at `\$\.?(.*)`")


def _sentence(message: str, fields: Fields) -> str:
    """What to correct, from where msgspec found a value that does not fit its type."""
    missing = _MISSING.fullmatch(message)
    if missing:
        path = f"{missing[2]}.{missing[1]}" if missing[2] else missing[1]
        return f"`data.{path}` is missing: it must be {described(path, fields)}."
    place = _PLACE.search(message)
    path = place[1] if place else ""
    return f"`data.{path}` must be {described(path, fields)}."
