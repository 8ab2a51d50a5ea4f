"""Events of every type to start from: in full, and with what is required only."""

import json
from typing import Any

from domain.errors import Refusal
from domain.events import PartnerEvent
from domain.vocabulary import TYPE_PREFIX
from services.cloudevents.decode import decode

PARTNER = "pijar-mahir"
TIME = "2020-06-30T09:15:00+07:00"
HAPPENED = 1_593_483_300_000_000

Json = dict[str, Any]

_CLASS = {"participant_id": "PRK-000000042", "class_code": "C-0107"}
_CLASS_OF_PURCHASE = {**_CLASS, "purchase_id": "INV-0001"}

FULL: dict[str, Json] = {
    "class.published.v1": {
        "class_code": "C-0107",
        "title": "Bahasa Inggris untuk Pengemudi",
        "institution": "Lembaga Contoh",
        "units": 12,
        "move_on": "Passed",
        "mastery_score": 0.7,
    },
    "package.published.v1": {
        "package_code": "K-01",
        "title": "Paket Pengemudi",
        "class_codes": ["C-0107", "C-0108"],
    },
    "purchase.paid.v1": {
        "purchase_id": "INV-0001",
        "participant_id": "PRK-000000042",
        "package_code": "K-01",
        "items": [{"class_code": "C-0107", "price": 350_000}, {"class_code": "C-0108"}],
        "amount": 500_000,
    },
    "purchase.refunded.v1": {
        "purchase_id": "INV-0001",
        "participant_id": "PRK-000000042",
        "class_codes": ["C-0107"],
        "reason": "the class was cancelled",
    },
    "class.redeemed.v1": {**_CLASS_OF_PURCHASE, "redeem_code": "R-77"},
    "class.started.v1": _CLASS_OF_PURCHASE,
    "class.attended.v1": {**_CLASS_OF_PURCHASE, "session": 3, "mode": "offline", "minutes": 90},
    "class.progressed.v1": {**_CLASS_OF_PURCHASE, "percent": 62.5, "unit": "Pelajaran 5"},
    "class.completed.v1": _CLASS_OF_PURCHASE,
    "class.assessed.v1": {
        **_CLASS_OF_PURCHASE,
        "kind": "post_test",
        "score": {"raw": 41, "min": 1, "max": 51},
        "passed": True,
        "attempt": 2,
    },
    "certificate.issued.v1": {**_CLASS_OF_PURCHASE, "certificate_no": "CERT/2020/42"},
    "class.reviewed.v1": {
        **_CLASS_OF_PURCHASE,
        "rating": 4,
        "instructor_rating": 5,
        "facility_rating": 3,
        "comment": "jelas dan berguna",
    },
    "event.voided.v1": {
        "participant_id": "PRK-000000042",
        "target_id": "e-1",
        "reason": "sent by mistake",
    },
    "totals.declared.v1": {
        "until": "2020-07-01T00:00:00+07:00",
        "events": 1200,
        "purchases": 150,
        "completions": 90,
        "amount": 52_500_000,
    },
}

OPTIONAL = {
    "class.published.v1": {"units", "move_on", "mastery_score"},
    "package.published.v1": set[str](),
    "purchase.paid.v1": {
        "package_code",
        "amount",
    },  # items: since then no package names the classes
    "purchase.refunded.v1": {"class_codes", "reason"},
    "class.redeemed.v1": {"redeem_code", "purchase_id"},
    "class.started.v1": {"purchase_id"},
    "class.attended.v1": {"mode", "minutes", "purchase_id"},
    "class.progressed.v1": {"unit", "purchase_id"},  # percent: one of the two must be there
    "class.completed.v1": {"purchase_id"},
    "class.assessed.v1": {"score", "passed", "attempt", "purchase_id"},
    "certificate.issued.v1": {"purchase_id"},
    "class.reviewed.v1": {"instructor_rating", "facility_rating", "comment", "purchase_id"},
    "event.voided.v1": set[str](),
    "totals.declared.v1": {"purchases", "completions", "amount"},
}

MINIMAL: dict[str, Json] = {
    name: {field: value for field, value in data.items() if field not in OPTIONAL[name]}
    for name, data in FULL.items()
}

TYPES = list(FULL)


def envelope(name: str, data: object = None, **attributes: object) -> Json:
    """An event of the type, minimal unless ``data`` is given. An attribute of None is left out."""
    event = {
        "specversion": "1.0",
        "id": "e-42",
        "source": f"/partners/{PARTNER}",
        "type": TYPE_PREFIX + name,
        "time": TIME,
        "data": MINIMAL[name] if data is None else data,
        **attributes,
    }
    return {attribute: value for attribute, value in event.items() if value is not None}


def read(value: bytes | str | Json, *headers: tuple[str, bytes]) -> PartnerEvent | Refusal:
    """What becomes of a record with this value: bytes, JSON text, or what is to be written as JSON."""
    if isinstance(value, dict):
        value = json.dumps(value)
    return decode(PARTNER, None, headers, value if isinstance(value, bytes) else value.encode())


def accepted(value: bytes | str | Json, *headers: tuple[str, bytes]) -> PartnerEvent:
    """The event that the record must be accepted as."""
    event = read(value, *headers)
    assert isinstance(event, PartnerEvent), event
    return event


def refused(value: bytes | str | Json, *headers: tuple[str, bytes]) -> Refusal:
    """The refusal that the record must end in."""
    refusal = read(value, *headers)
    assert isinstance(refusal, Refusal), refusal
    return refusal
