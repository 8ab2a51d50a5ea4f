"""Kafka record to partner event or refusal (contract section 2).

Two ways through, one answer. Most records are well-formed: they are decoded straight into their types,
and a count of the quotes shows that no field is repeated or unknown. Whatever that way does not take,
``examine`` reads in full, to say what is wrong or to accept it after all.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from domain.errors import Reason, Refusal
from domain.events import PartnerEvent
from domain.telling import tell
from services.cloudevents.envelope import ANY_ENVELOPE
from services.cloudevents.event_types import DATA, READERS
from services.cloudevents.examine import MAX_BYTES, examine, source_bytes_of, source_of
from services.cloudevents.identifiers import (
    NATIONAL_ID_DIGITS,
    is_national_id,
    is_national_key,
    is_national_number,
)
from services.cloudevents.json_text import Malformed, Repeated, is_too_deep, parse
from services.cloudevents.mode import (
    ATTRIBUTE_PREFIX,
    ATTRIBUTES,
    CONTENT_TYPE,
    USUAL_MODES,
    Mode,
    mode_of,
)
from services.cloudevents.shape import fields_of, objects
from services.cloudevents.time import NO_TIMESTAMP, latest, microseconds
from services.cloudevents.wire import MAX_ID_LENGTH, Data
from services.logs import pairs
from services.xapi.activities import NO_ACTIVITIES
from services.xapi.decode import VERSION_HEADER, decode_statement, version_of

log = logging.getLogger("tuntas.intake")

UNREADABLE: Final = Refusal(
    Reason.INVALID_DATA,
    tell(
        "The event holds something that the rules did not foresee: send it in a simpler form, and tell"
        " who runs Tuntas."
    ),
)

_ENVELOPE: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(ANY_ENVELOPE)
_ANY: Final = msgspec.json.Decoder()
_DATA: Final = {name.encode(): msgspec.json.Decoder(data) for name, data in DATA.items()}

_OF_SHAPE: Final = {
    shape: (read.build, read.identifiers_of, read.lines_of) for shape, read in READERS.items()
}
"""As tuples: for each record one is taken apart."""

_BACKSLASH: Final = ord("\\")
_DELETE: Final = 0x7F
"""As numbers: looked for in bytes, these are found seven times as fast as as bytes."""

_USUAL_HEADERS: Final = frozenset({CONTENT_TYPE, *(ATTRIBUTE_PREFIX + name for name in ATTRIBUTES)})

_ENVELOPE_QUOTES: Final = 22
"""Of six names (with ``data``) and five texts."""


def decode(
    topic_partner: str,
    key: bytes | None,
    headers: Sequence[tuple[str, bytes]],
    value: bytes | None,
    sent_ms: int = NO_TIMESTAMP,
    activities: Mapping[str, str] = NO_ACTIVITIES,
) -> PartnerEvent | Refusal:
    """The event that a record of ``tuntas.partner.<topic_partner>`` holds, or why it is refused.

    ``sent_ms`` is Kafka's timestamp of the record, milliseconds since 1970: what is said to have happened more than
    24 hours after it has not; below 0, there is none, and nothing is compared.

    A record with the header ``x-experience-api-version`` is an xAPI statement; ``activities`` are the partner's
    activity ids with their class codes.

    Raises nothing for any bytes: what reading a record raises is the refusal of that record. The first rule
    that is broken gives the reason, in this order: too_large, not_json, not_cloudevents, source_mismatch,
    unknown_type, personal_data, invalid_data; but a record without a value is not_json and a content type
    that is not accepted is not_cloudevents before all that needs the JSON.
    """
    if value is not None and len(value) <= MAX_BYTES:
        try:
            event = _well_formed(topic_partner, key, headers, value, sent_ms)
        except Exception:  # noqa: BLE001 - whatever is the matter, examine finds it again and names it
            event = None
        if event is not None:
            return event
    try:
        version = version_of(headers)
        if version is not None and value is not None and len(value) <= MAX_BYTES:
            return decode_statement(topic_partner, key, version, value, activities, sent_ms)
        return examine(topic_partner, headers, value, key, sent_ms)
    except Exception as error:  # noqa: BLE001 - one partner's record must not end the reading of all
        return _unforeseen(error)


def _unforeseen(error: Exception) -> Refusal:
    """The refusal of a record that no rule refused. The log says where; a message could hold data."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    where = traceback and f"{traceback.tb_frame.f_code.co_qualname}:{traceback.tb_lineno}"
    log.error("a record could not be read %s", pairs(error=type(error).__name__, where=where))
    return UNREADABLE


def _well_formed(  # noqa: C901, PLR0911, PLR0912, PLR0915 - a call costs as much as the rest: it stays whole
    topic_partner: str,
    key: bytes | None,
    headers: Sequence[tuple[str, bytes]],
    value: bytes,
    sent_ms: int,
) -> PartnerEvent | None:
    """The event, or None where the record needs a closer look; or raises for the same."""
    sequence: str | None
    contents: dict[str, bytes] | None = None
    if headers and not (
        len(headers) == 1
        and headers[0][0] == CONTENT_TYPE
        and USUAL_MODES.get(headers[0][1]) is Mode.STRUCTURED
    ):
        contents = dict(headers)
        if not _USUAL_HEADERS.issuperset(contents):
            contents = {name.lower(): content for name, content in headers}
        if len(contents) != len(headers) or VERSION_HEADER in contents:
            return None
        mode = USUAL_MODES.get(contents.get(CONTENT_TYPE, b"")) or mode_of(
            contents.get(CONTENT_TYPE), has_specversion="ce_specversion" in contents
        )
        if mode is Mode.STRUCTURED:
            contents = None
        elif mode is not Mode.BINARY:
            return None
    recorded: int | None = None
    if contents is None:
        envelope = _ENVELOPE.decode(value)
        if envelope.source != source_of(topic_partner):
            return None
        event_id, sequence, data = envelope.id, envelope.sequence, envelope.data
        happened = microseconds(envelope.time)
        quotes = _ENVELOPE_QUOTES
        subject = envelope.subject
        if subject is not None:
            quotes += 4
        if sequence is not None:
            quotes += 4
        if envelope.recordedtime is not None:
            quotes += 4
            recorded = microseconds(envelope.recordedtime)
            if recorded is None:
                return None
        if envelope.datacontenttype is not None:
            if envelope.datacontenttype != "application/json":
                return None
            quotes += 4
    else:
        content = contents.get
        decoder = _DATA.get(content("ce_type", b""))
        if (
            decoder is None
            or content("ce_specversion") != b"1.0"
            or content("ce_source") != source_bytes_of(topic_partner)
        ):
            return None
        # A header of the Kafka protocol may be without a value: as good as absent.
        event_id = (content("ce_id") or b"").decode()
        happened = microseconds((content("ce_time") or b"").decode())
        encoded = content("ce_subject")
        subject = None if encoded is None else encoded.decode()
        encoded = content("ce_sequence")
        sequence = None if encoded is None else encoded.decode()
        encoded = content("ce_recordedtime")
        if encoded is not None:
            recorded = microseconds(encoded.decode())
            if recorded is None:
                return None
        data = decoder.decode(value)
        quotes = 0
    if happened is None or not _is_plain(event_id):
        return None
    if sent_ms >= 0 and happened > latest(sent_ms):
        return None
    if key is not None and len(key) >= NATIONAL_ID_DIGITS and is_national_key(key):
        return None
    if subject is not None and not _is_plain(subject):
        return None
    if sequence is not None and not (
        0 < len(sequence) <= MAX_ID_LENGTH
        and sequence.isprintable()
        and (len(sequence) < NATIONAL_ID_DIGITS or not is_national_number(sequence))
    ):
        return None
    shape = type(data)
    build, identifiers_of, lines_of = _OF_SHAPE[shape]
    built = build(data)
    if isinstance(built, str):
        return None
    stream, fact, strings = built
    escaped = _BACKSLASH in value
    if escaped or not value.isascii() or _DELETE in value:
        for identifier in identifiers_of(data):
            if identifier is not None and not _is_plain(identifier):
                return None
        for line in () if lines_of is None else lines_of(data):
            if type(line) is str and not line.isprintable():
                return None
    else:
        # What JSON allows of ASCII without an escape is printable, but for DEL.
        for identifier in identifiers_of(data):
            if (
                identifier is not None
                and len(identifier) >= NATIONAL_ID_DIGITS
                and is_national_id(identifier)
            ):
                return None
    unknown = 0
    # Each name and text takes two quotes. Names that are repeated, unknown or null and quotes within a text (\")
    # can only add to them, so as many quotes as expected prove that there are none. Behind \u may be NUL.
    if value.count(b'"') != quotes + 2 * strings or (escaped and b"\\u" in value):
        counted = _unknown_fields(value, shape, structured=contents is None)
        if counted is None:
            return None
        unknown = counted
    return PartnerEvent(
        topic_partner, event_id, happened, stream, fact, sequence, recorded, unknown
    )


def _unknown_fields(value: bytes, shape: type[Data], *, structured: bool) -> int | None:
    """How many fields of ``data`` the contract does not name; None where that needs a closer look."""
    tree: object = None
    if _BACKSLASH not in value and not is_too_deep(value):
        tree = _ANY.decode(value)
        # As many quotes as when it is written again: no name is there twice.
        if value.count(b'"') != msgspec.json.encode(tree).count(b'"'):
            tree = None
    if tree is None:
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
