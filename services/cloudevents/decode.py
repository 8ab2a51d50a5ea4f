"""Kafka record to partner event or refusal (contract section 2).

Two ways through, one answer. Most records are well-formed: they are decoded straight into their types,
and a count of the quotes shows that no field is repeated or unknown. Whatever that way does not take,
``examine`` reads in full, to say what is wrong or to accept it.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from domain.errors import Refusal
from domain.events import PartnerEvent
from services.cloudevents.envelope import AnyEnvelope
from services.cloudevents.examine import MAX_BYTES, examine, source_of
from services.cloudevents.facts import BUILDERS
from services.cloudevents.identifiers import IDENTIFIERS, is_national_id
from services.cloudevents.mode import Mode, layout, mode_of
from services.cloudevents.time import microseconds
from services.cloudevents.wire import DATA, MAX_ID_LENGTH, Data

_ENVELOPE: Final = msgspec.json.Decoder(AnyEnvelope)
_DATA: Final = {name.encode(): msgspec.json.Decoder(data) for name, data in DATA.items()}
_ENVELOPE_STRINGS: Final = 11
_MAX_SURE_LENGTH: Final = 15


def decode(
    topic_partner: str,
    key: bytes | None,  # noqa: ARG001 - the partition's matter: any key is accepted
    headers: Sequence[tuple[str, bytes]],
    value: bytes | None,
) -> PartnerEvent | Refusal:
    """The event that a record of ``tuntas.partner.<topic_partner>`` holds, or why it is refused.

    Raises nothing for any bytes. The checks go in this order, and the first that fails gives the reason:
    too_large, not_json, not_cloudevents, source_mismatch, unknown_type, personal_data, invalid_data.
    """
    if value is not None and len(value) <= MAX_BYTES:
        try:
            event = _well_formed(topic_partner, headers, value)
        except (ValueError, RecursionError):
            event = None
        if event is not None:
            return event
    return examine(topic_partner, headers, value)


def _well_formed(
    topic_partner: str, headers: Sequence[tuple[str, bytes]], value: bytes
) -> PartnerEvent | None:
    """The event, or None where the record needs a closer look. Raises ValueError for the same."""
    if b"\\" in value and (b'\\"' in value or b"\\u" in value):
        # Behind an escape there may be a quote, NUL or half of a surrogate pair.
        return None
    if headers:
        content_type, attributes, repeated = layout(tuple([name for name, _ in headers]))
        content = headers[content_type][1] if content_type >= 0 else None
        mode = mode_of(content, "specversion" in attributes)
        if repeated:
            return None
        if mode is Mode.BINARY:
            return _binary(topic_partner, headers, attributes, value)
        if mode is not Mode.STRUCTURED:
            return None
    envelope = _ENVELOPE.decode(value)
    if envelope.source != source_of(topic_partner):
        return None
    strings = _ENVELOPE_STRINGS
    if envelope.datacontenttype is not None:
        if envelope.datacontenttype != "application/json":
            return None
        strings += 2
    if envelope.subject is not None:
        strings += 2
    if envelope.sequence is not None:
        strings += 2
    if envelope.recordedtime is not None:
        strings += 2
    return _event(
        topic_partner,
        envelope.id,
        envelope.time,
        envelope.subject,
        envelope.sequence,
        envelope.recordedtime,
        envelope.data,
        value.count(b'"') - 2 * strings,
    )


def _binary(
    topic_partner: str,
    headers: Sequence[tuple[str, bytes]],
    attributes: dict[str, int],
    value: bytes,
) -> PartnerEvent | None:
    texts = {name: headers[index][1] for name, index in attributes.items()}
    decoder = _DATA.get(texts.get("type", b""))
    if (
        decoder is None
        or texts.get("specversion") != b"1.0"
        or texts.get("source") != source_of(topic_partner).encode()
    ):
        return None
    subject, sequence = texts.get("subject"), texts.get("sequence")
    recordedtime = texts.get("recordedtime")
    return _event(
        topic_partner,
        texts.get("id", b"").decode(),
        texts.get("time", b"").decode(),
        None if subject is None else subject.decode(),
        None if sequence is None else sequence.decode(),
        None if recordedtime is None else recordedtime.decode(),
        decoder.decode(value),
        value.count(b'"'),
    )


def _event(
    partner: str,
    event_id: str,
    time: str,
    subject: str | None,
    sequence: str | None,
    recordedtime: str | None,
    data: Data,
    quotes: int,
) -> PartnerEvent | None:
    """The event, if ``data`` takes exactly so many quotes and nothing else needs a closer look."""
    happened = microseconds(time)
    built = BUILDERS[type(data)](data)
    if happened is None or isinstance(built, str):
        return None
    stream, fact, strings = built
    if quotes != 2 * strings or not _is_plain(event_id):
        return None
    for identifier in IDENTIFIERS[type(data)](data):
        if identifier is not None and (
            (len(identifier) > _MAX_SURE_LENGTH and is_national_id(identifier))
            or not identifier.isprintable()
        ):
            return None
    if subject is not None and not _is_plain(subject):
        return None
    if sequence is not None and not (0 < len(sequence) <= MAX_ID_LENGTH and sequence.isprintable()):
        return None
    recorded = None
    if recordedtime is not None:
        recorded = microseconds(recordedtime)
        if recorded is None:
            return None
    return PartnerEvent(partner, event_id, happened, stream, fact, sequence, recorded)


def _is_plain(identifier: str) -> bool:
    return (
        0 < len(identifier) <= MAX_ID_LENGTH
        and identifier.isprintable()
        and not (len(identifier) > _MAX_SURE_LENGTH and is_national_id(identifier))
    )
