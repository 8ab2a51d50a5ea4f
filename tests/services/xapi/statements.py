"""A statement to start from, and what a record of it becomes."""

import json
from typing import Any

from domain.errors import Refusal
from domain.events import PartnerEvent
from services.xapi.decode import decode_statement

PARTNER = "pintaria"
KEY = b"PRK-000000042"
ID = "6c5b4b2e-7d3f-4b7c-9a53-2f5f0e3b1a10"
TIME = "2020-06-30T09:15:00+07:00"
HAPPENED = 1_593_483_300_000_000
CLASS = "https://learn.example/classes/C-0107"
ADL = "http://adlnet.gov/expapi/verbs/"
W3ID = "https://w3id.org/xapi/adl/verbs/"
PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"

Json = dict[str, Any]


def statement(verb: str = f"{ADL}completed", **changes: Any) -> Json:
    """A statement about CLASS; a change to None leaves the property out."""
    whole: Json = {
        "id": ID,
        "actor": {"account": {"homePage": "https://learn.example", "name": "u-1"}},
        "verb": {"id": verb, "display": {"en": "did"}},
        "object": {"objectType": "Activity", "id": CLASS},
        "timestamp": TIME,
    }
    whole.update(changes)
    return {name: value for name, value in whole.items() if value is not None}


def decoded(
    tree: object,
    version: bytes = b"1.0.3",
    key: bytes | None = KEY,
    activities: dict[str, str] | None = None,
) -> PartnerEvent | Refusal:
    value = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    return decode_statement(PARTNER, key, version, value, activities or {})


def event(tree: object, **given: Any) -> PartnerEvent:
    outcome = decoded(tree, **given)
    assert isinstance(outcome, PartnerEvent), outcome
    return outcome


def refusal(tree: object, **given: Any) -> Refusal:
    outcome = decoded(tree, **given)
    assert isinstance(outcome, Refusal), outcome
    return outcome
