"""Kafka record to partner event or refusal (contract section 2).

Two ways through, one answer. Most records are well-formed: they are decoded straight into their types,
and a count of the quotes shows that no field is repeated or unknown. Whatever that way does not take,
``examine`` reads in full, to say what is wrong or to accept it after all.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from domain.errors import Refusal
from domain.events import PartnerEvent
from services.cloudevents.envelope import AnyEnvelope
from services.cloudevents.examine import MAX_BYTES, examine, source_of
from services.cloudevents.facts import BUILDERS
from services.cloudevents.identifiers import IDENTIFIERS, NATIONAL_ID_DIGITS, is_national_id
from services.cloudevents.json_text import Malformed, Repeated, parse
from services.cloudevents.mode import CONTENT_TYPE, Mode, mode_of
from services.cloudevents.shape import fields_of, objects
from services.cloudevents.time import microseconds
from services.cloudevents.wire import DATA, MAX_ID_LENGTH, Data

_ENVELOPE: Final = msgspec.json.Decoder(AnyEnvelope)
_DATA: Final = {name.encode(): msgspec.json.Decoder(data) for name, data in DATA.items()}

_ENVELOPE_STRINGS: Final = 11
"""Six names (with ``data``) and five texts."""


def decode(
    topic_partner: str,
    key: bytes | None,  # noqa: ARG001 - any key is accepted, it only places the record
    headers: Sequence[tuple[str, bytes]],
    value: bytes | None,
) -> PartnerEvent | Refusal:
    """The event that a record of ``tuntas.partner.<topic_partner>`` holds, or why it is refused.

    Raises nothing for any bytes. The first rule that is broken gives the reason, in this order: too_large,
    not_json, not_cloudevents, source_mismatch, unknown_type, personal_data, invalid_data; but a record
    without a value is not_json and a content type that is not accepted is not_cloudevents before all that
    needs the JSON.
    """
    if value is not None and len(value) <= MAX_BYTES:
        try:
            event = _well_formed(topic_partner, headers, value)
        except (ValueError, RecursionError):
            # msgspec's errors are ValueErrors; examine finds the fault again and names it.
            event = None
        if event is not None:
            return event
    return examine(topic_partner, headers, value)


def _well_formed(
    topic_partner: str, headers: Sequence[tuple[str, bytes]], value: bytes
) -> PartnerEvent | None:
    """The event, or None where the record needs a closer look; or raises for the same."""
    if headers:
        contents = dict(headers)
        if not "".join(contents).islower():
            contents = {name.lower(): content for name, content in headers}
        if len(contents) != len(headers):
            return None
        mode = mode_of(contents.get(CONTENT_TYPE), has_specversion="ce_specversion" in contents)
        if mode is Mode.BINARY:
            return _binary(topic_partner, contents, value)
        if mode is not Mode.STRUCTURED:
            return None
    envelope = _ENVELOPE.decode(value)
    if envelope.source != source_of(topic_partner):
        return None
    strings = _ENVELOPE_STRINGS
    if envelope.subject is not None:
        strings += 2
    if envelope.sequence is not None:
        strings += 2
    if envelope.recordedtime is not None:
        strings += 2
    if envelope.datacontenttype is not None:
        if envelope.datacontenttype != "application/json":
            return None
        strings += 2
    return _event(
        topic_partner,
        (envelope.id, envelope.time, envelope.subject, envelope.sequence, envelope.recordedtime),
        envelope.data,
        strings,
        value,
    )


def _binary(topic_partner: str, contents: Mapping[str, bytes], value: bytes) -> PartnerEvent | None:
    decoder = _DATA.get(contents.get("ce_type", b""))
    if (
        decoder is None
        or contents.get("ce_specversion") != b"1.0"
        or contents.get("ce_source") != source_of(topic_partner).encode()
        or None in contents.values()  # a header of the Kafka protocol may be without a value
    ):
        return None
    subject, sequence = contents.get("ce_subject"), contents.get("ce_sequence")
    recordedtime = contents.get("ce_recordedtime")
    attributes = (
        contents.get("ce_id", b"").decode(),
        contents.get("ce_time", b"").decode(),
        None if subject is None else subject.decode(),
        None if sequence is None else sequence.decode(),
        None if recordedtime is None else recordedtime.decode(),
    )
    return _event(topic_partner, attributes, decoder.decode(value), 0, value)


def _event(
    partner: str,
    attributes: tuple[str, str, str | None, str | None, str | None],
    data: Data,
    envelope_strings: int,
    value: bytes,
) -> PartnerEvent | None:
    """The event of id, time, subject, sequence, recordedtime and ``data``, or None for a closer look."""
    event_id, time, subject, sequence, recordedtime = attributes
    happened = microseconds(time)
    recorded = None if recordedtime is None else microseconds(recordedtime)
    shape = type(data)
    built = BUILDERS[shape](data)
    if (
        happened is None
        or (recorded is None and recordedtime is not None)
        or isinstance(built, str)
        or not _is_plain(event_id)
        or (subject is not None and not _is_plain(subject))
        or (sequence is not None and not (0 < len(sequence) <= MAX_ID_LENGTH))
        or (sequence is not None and not sequence.isprintable())
    ):
        return None
    for identifier in IDENTIFIERS[shape](data):
        if identifier is not None and (
            not identifier.isprintable()
            or (len(identifier) >= NATIONAL_ID_DIGITS and is_national_id(identifier))
        ):
            return None
    stream, fact, strings = built
    unknown = 0
    # Each name and text takes two quotes. Names that are repeated, unknown or null and quotes within a text (\")
    # can only add to them, so as many quotes as expected prove that there are none. Behind \u may be NUL.
    if value.count(b'"') != 2 * (envelope_strings + strings) or (
        b"\\" in value and b"\\u" in value
    ):
        counted = _unknown_fields(value, shape, structured=envelope_strings > 0)
        if counted is None:
            return None
        unknown = counted
    return PartnerEvent(partner, event_id, happened, stream, fact, sequence, recorded, unknown)


def _unknown_fields(value: bytes, shape: type[Data], *, structured: bool) -> int | None:
    """How many fields of ``data`` the contract does not name; None where that needs a closer look."""
    if b"\\u0000" in value:
        return None
    tree = parse(value)
    if isinstance(tree, Malformed):
        return None
    if structured:
        if isinstance(tree, Repeated) or not isinstance(tree, dict) or "data_base64" in tree:
            return None
        tree = tree["data"]
    unknown = 0
    for _, found, named in objects(tree, fields_of(shape), "data"):
        if isinstance(found, Repeated):
            return None
        unknown += len(found.keys() - named.keys())
    return unknown


def _is_plain(identifier: str) -> bool:
    return (
        0 < len(identifier) <= MAX_ID_LENGTH
        and identifier.isprintable()
        and not (len(identifier) >= NATIONAL_ID_DIGITS and is_national_id(identifier))
    )
