"""A statement in a Kafka record to the partner event that it tells, or why it is refused (contract section 2).

The statement's id is the event id, ``timestamp`` the time, ``stored`` when it was recorded; who did it is the record's
key, never the actor, of whom nothing is kept. From there on it is an event like any other: the same rules and facts.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET

from domain.errors import Reason, Refusal
from domain.events import PartnerEvent
from domain.telling import tell
from domain.vocabulary import TYPE_PREFIX
from services.cloudevents.examine import event_of, source_of
from services.cloudevents.json_text import Malformed, parse
from services.cloudevents.time import NO_TIMESTAMP
from services.xapi.activities import class_of
from services.xapi.rules import VOIDED, Object, read_object, statement_faults, text_faults
from services.xapi.statement import Activity, Result, Statement, StatementRef
from services.xapi.verbs import ANY_OTHER, BY_IRI

VERSION_HEADER: Final = "x-experience-api-version"

_VERSION: Final = re.compile(rb"(1\.0|2\.0)(\.\d+)?")
_PLACE: Final = re.compile(r" - at `(?:key` in `)?\$\.?([^`]*)`$")
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def version_of(headers: Sequence[tuple[str, bytes | None]]) -> bytes | None:
    """What the header ``x-experience-api-version`` says, b"" where it says nothing; None: no statement."""
    for name, content in headers:
        if name.lower() == VERSION_HEADER:
            return content or b""
    return None


def decode_statement(  # noqa: PLR0911 - each rule returns its own refusal
    partner: str,
    key: bytes | None,
    version: bytes,
    value: bytes,
    activities: Mapping[str, str],
    sent_ms: int = NO_TIMESTAMP,
) -> PartnerEvent | Refusal:
    """The event that a statement tells, or why it is refused.

    ``activities``: the partner's activity ids to class codes; ``sent_ms``: as in services.cloudevents.decode.
    """
    tree = parse(value)
    if isinstance(tree, Malformed):
        return Refusal(Reason.NOT_JSON, tree.detail)
    event_id = _id_of(tree)
    form = _VERSION.fullmatch(version)
    if form is None:
        detail = tell("The header `%(name)s` must be 1.0.3 or 2.0.0.", name=VERSION_HEADER)
        return Refusal(Reason.INVALID_DATA, detail, event_id)
    if not isinstance(tree, dict):
        detail = tell(
            "The value must be one statement, a JSON object: send one statement a record."
        )
        return Refusal(Reason.INVALID_DATA, detail)
    fault = next(text_faults(tree), "")
    if fault:
        return Refusal(Reason.INVALID_DATA, fault, event_id)
    try:
        statement = msgspec.convert(tree, Statement)
    except msgspec.ValidationError as error:
        return Refusal(Reason.INVALID_DATA, _type_fault(str(error), ""), event_id)
    target = read_object(statement.object)
    if isinstance(target, str):
        return Refusal(Reason.INVALID_DATA, _type_fault(target, "object"), event_id)
    fault = next(statement_faults(statement, target, form[1].decode()), "")
    if fault:
        return Refusal(Reason.INVALID_DATA, fault, event_id)
    translated = _translated(statement, target, activities)
    if isinstance(translated, Refusal):
        return translated
    kind, data = translated
    try:
        participant_id = (key or b"").decode()
    except UnicodeDecodeError:
        participant_id = ""
    if not participant_id:
        detail = tell(
            "The record's key must be the participant_id, in UTF-8: the statement's actor is not read."
        )
        return Refusal(Reason.INVALID_DATA, detail, event_id)
    attributes = {
        "specversion": "1.0",
        "id": statement.id.lower(),
        "source": source_of(partner),
        "type": TYPE_PREFIX + kind,
        "time": statement.timestamp,
    }
    if statement.stored is not UNSET:
        attributes["recordedtime"] = str(statement.stored)
    data = {"participant_id": participant_id, **data}
    return event_of(partner, attributes, data, "", key, sent_ms)


def _translated(
    statement: Statement, target: Object, activities: Mapping[str, str]
) -> tuple[str, dict[str, Any]] | Refusal:
    """The contract's type and data, but for the participant."""
    event_id = statement.id.lower()
    if statement.verb.id == VOIDED:
        assert isinstance(target, StatementRef)  # noqa: S101 - one of the rules
        reason = "voided by a statement"
        return "event.voided.v1", {"target_id": target.id.lower(), "reason": reason}
    result = Result() if statement.result is UNSET else statement.result
    translated = BY_IRI.get(statement.verb.id, ANY_OTHER).translate(result)
    if isinstance(translated, str):
        return Refusal(Reason.INVALID_DATA, translated, event_id)
    try:
        class_code = class_of(target.id, activities) if isinstance(target, Activity) else None
    except UnicodeDecodeError:
        class_code = None
    if class_code is None:
        detail = tell(
            "`object` is no class that is known: give an activity whose id ends in /classes/<class_code>,"
            " or have its id mapped to its class."
        )
        return Refusal(Reason.UNMAPPED_ACTIVITY, detail, event_id)
    kind, data = translated
    return kind, {"class_code": class_code, **data}


def _id_of(tree: object) -> str | None:
    """The statement's id where it has one, for the partner's own search."""
    given = tree.get("id") if isinstance(tree, dict) else None
    return given.lower() if isinstance(given, str) and _UUID.fullmatch(given) else None


def _type_fault(message: str, at: str) -> str:
    """What to correct, from msgspec's word; only the place is taken from it, since some messages repeat the value."""
    place = _PLACE.search(message)
    path = ".".join(part for part in (at, place[1] if place else "") if part)
    where = f"`{path}`" if path else tell("`the statement`")
    if missing := _MISSING.match(message):
        return tell(
            "%(where)s has no `%(name)s`, which xAPI wants there.", where=where, name=missing[1]
        )
    return tell("%(where)s is not what xAPI allows there.", where=where)
