"""The faults of records that have to be rejected: one a record, each with what to call it.

The national id of `personal_data` begins with 99, which is no province: nobody has it.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from services.simulator.chance import Chance
from services.simulator.envelope import STRUCTURED, Envelope, Headers, envelope_of
from services.simulator.instants import DAY
from services.simulator.invalid_data import INVALID_DATA
from services.simulator.partners import PARTNERS
from services.simulator.record import Draft

TOO_LARGE_BYTES: Final = 256 * 1024 + 1

Spoilt = tuple[str, Headers, bytes]
"""What the fault is called, and the record's headers and value."""

Fault = Callable[[Chance, Draft], Spoilt]
_encode: Final = msgspec.json.Encoder().encode


def _in_a_mode(chance: Chance, envelope: Envelope) -> tuple[Headers, bytes]:
    if chance.happens(0.5):
        return list(STRUCTURED), envelope.structured()
    return envelope.binary()


def _truncated(chance: Chance, draft: Draft) -> Spoilt:
    headers, value = _in_a_mode(chance, envelope_of(draft))
    return "truncated", headers, value[: len(value) * 2 // 3]


def _error_page(_: Chance, draft: Draft) -> Spoilt:
    page = f"<html><body>502 Bad Gateway ({draft.event_id})</body></html>"
    return "error_page", list(STRUCTURED), page.encode()


def _csv_line(_: Chance, draft: Draft) -> Spoilt:
    return "csv_line", [], f"{draft.key};{draft.event_id};selesai".encode()


def _latin_1(_: Chance, draft: Draft) -> Spoilt:
    draft.type = "id.tuntas.class.reviewed.v1"
    draft.data |= {"rating": 4, "comment": "kafe"}
    value = envelope_of(draft).structured().replace(b'"kafe"', b'"caf\xe9"')
    return "latin_1", list(STRUCTURED), value


def _bare_data(_: Chance, draft: Draft) -> Spoilt:
    return "bare_data", [], _encode(draft.data)


def _array(_: Chance, draft: Draft) -> Spoilt:
    return "array", [], b"[" + envelope_of(draft).structured() + b"]"


def _old_specversion(chance: Chance, draft: Draft) -> Spoilt:
    envelope = envelope_of(draft)
    envelope.attributes["specversion"] = "0.3"
    return "old_specversion", *_in_a_mode(chance, envelope)


def _without_id(chance: Chance, draft: Draft) -> Spoilt:
    envelope = envelope_of(draft)
    del envelope.attributes["id"]
    return "without_id", *_in_a_mode(chance, envelope)


def _naive_time(chance: Chance, draft: Draft) -> Spoilt:
    envelope = envelope_of(draft)
    envelope.attributes["time"] = envelope.attributes["time"][:19]
    return "naive_time", *_in_a_mode(chance, envelope)


def _unknown_type(chance: Chance, draft: Draft) -> Spoilt:
    draft.type = chance.pick(
        ("id.tuntas.class.opened.v1", "id.tuntas.class.completed.v2", "com.example.ping")
    )
    return "unknown_type", *_in_a_mode(chance, envelope_of(draft))


def _invalid(name: str, event: str, fields: dict[str, object]) -> Fault:
    def fault(chance: Chance, draft: Draft) -> Spoilt:
        data = {
            "participant_id": draft.data["participant_id"],
            "class_code": draft.data["class_code"],
            **fields,
        }
        draft.type = f"id.tuntas.{event}.v1"
        draft.data = {field: content for field, content in data.items() if content is not ...}
        return name, *_in_a_mode(chance, envelope_of(draft))

    return fault


def _other_source(chance: Chance, draft: Draft) -> Spoilt:
    envelope = envelope_of(draft)
    other = chance.pick([partner for partner in PARTNERS if partner is not draft.partner])
    envelope.attributes["source"] = other.source
    return "other_source", *_in_a_mode(chance, envelope)


def _other_content(chance: Chance, draft: Draft) -> Spoilt:
    for name in ("percent", "rating"):
        if name in draft.data:
            draft.data[name] = 3 if draft.data[name] != 3 else 4
    if "score" in draft.data:
        draft.data["score"] = {"raw": 1, "min": 0, "max": 7}
    return "other_content", *_in_a_mode(chance, envelope_of(draft))


def _other_classes(chance: Chance, draft: Draft) -> Spoilt:
    codes = draft.data["class_codes"]
    draft.data["class_codes"] = [*codes, "C-9999"] if isinstance(codes, list) else []
    draft.happened += 3 * DAY
    return "other_classes", *_in_a_mode(chance, envelope_of(draft))


def _national_id(chance: Chance, draft: Draft) -> Spoilt:
    number = f"99{chance.between(0, 10**14 - 1):014d}"
    draft.key = number
    draft.data["participant_id"] = number
    return "national_id", *_in_a_mode(chance, envelope_of(draft))


def _too_large(chance: Chance, draft: Draft) -> Spoilt:
    draft.data["screenshot"] = "A" * (TOO_LARGE_BYTES + chance.between(0, 9_000))
    return "too_large", *_in_a_mode(chance, envelope_of(draft))


FAULTS: Final[dict[str, tuple[Fault, ...]]] = {
    "package_conflict": (_other_classes,),
    "not_json": (_truncated, _error_page, _csv_line, _latin_1),
    "invalid_data": tuple(_invalid(*each) for each in INVALID_DATA),
    "not_cloudevents": (_bare_data, _array, _old_specversion, _without_id, _naive_time),
    "id_conflict": (_other_content,),
    "personal_data": (_national_id,),
    "source_mismatch": (_other_source,),
    "unknown_type": (_unknown_type,),
    "too_large": (_too_large,),
}
