"""Each verb becomes what the contract says, and answers as the contract's own event would."""

import json
from typing import Any

import pytest

from domain.errors import Reason
from domain.events import PartnerEvent
from services.cloudevents.decode import decode
from services.xapi.verbs import VERBS
from tests.services.xapi.statements import (
    ADL,
    CLASS,
    HAPPENED,
    ID,
    KEY,
    PARTNER,
    PROGRESS,
    TIME,
    W3ID,
    event,
    refusal,
    statement,
)


def as_the_contract_says_it(event_type: str, **data: Any) -> PartnerEvent:
    """The same fact told in a contract event under the same id."""
    told = {
        "specversion": "1.0",
        "id": ID,
        "source": f"/partners/{PARTNER}",
        "type": f"id.tuntas.{event_type}",
        "time": TIME,
        "data": {"participant_id": KEY.decode(), **data},
    }
    outcome = decode(PARTNER, KEY, (), json.dumps(told).encode())
    assert isinstance(outcome, PartnerEvent), outcome
    return outcome


SCORE = {"scaled": 0.5, "raw": 20, "min": 10, "max": 30}

CASES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("initialized", {}, "class.started.v1", {}),
    ("launched", {}, "class.started.v1", {}),
    ("progressed", {"extensions": {PROGRESS: 40}}, "class.progressed.v1", {"percent": 40}),
    ("progressed", {}, "class.started.v1", {}),
    ("completed", {}, "class.completed.v1", {}),
    ("completed", {"completion": True}, "class.completed.v1", {}),
    ("completed", {"completion": False}, "class.started.v1", {}),
    ("passed", {}, "class.assessed.v1", {"kind": "post_test", "passed": True}),
    (
        "passed",
        {"success": True, "score": SCORE},
        "class.assessed.v1",
        {"kind": "post_test", "passed": True, "score": {"raw": 20, "min": 10, "max": 30}},
    ),
    (
        "failed",
        {"score": {"scaled": 0.25}},
        "class.assessed.v1",
        {"kind": "post_test", "passed": False, "score": {"raw": 0.25, "min": 0, "max": 1}},
    ),
    (
        "failed",
        {"score": {"raw": 41}},
        "class.assessed.v1",
        {"kind": "post_test", "passed": False, "score": {"raw": 41}},
    ),
    (
        # Without its bounds a raw score says less than the scaled one beside it.
        "scored",
        {"score": {"raw": 7, "scaled": 0.7}},
        "class.assessed.v1",
        {"kind": "assignment", "score": {"raw": 0.7, "min": 0, "max": 1}},
    ),
    ("scored", {"success": False}, "class.assessed.v1", {"kind": "assignment", "passed": False}),
]


@pytest.mark.parametrize(("verb", "result", "kind", "data"), CASES)
@pytest.mark.parametrize("version", [b"1.0.3", b"2.0.0"])
def test_a_statement_is_the_event_that_the_contract_would_send(
    verb: str, result: dict[str, Any], kind: str, data: dict[str, Any], version: bytes
) -> None:
    told = statement(ADL + verb, result=result or None)
    expected = as_the_contract_says_it(kind, class_code="C-0107", **data)
    assert event(told, version=version) == expected


def test_a_statement_says_when_it_happened_and_when_it_was_stored() -> None:
    told = event(statement(stored="2020-06-30T10:15:00+07:00"))
    assert (told.event_id, told.happened) == (ID, HAPPENED)
    assert told.recordedtime == HAPPENED + 3_600_000_000
    assert told.stream == "p:PRK-000000042"


def test_a_voided_statement_is_withdrawn_by_its_id_in_any_case() -> None:
    target = "0A1B2C3D-7d3f-4b7c-9a53-2f5f0e3b1a10"
    told = statement(f"{ADL}voided", object={"objectType": "StatementRef", "id": target})
    expected = as_the_contract_says_it(
        "event.voided.v1", target_id=target.lower(), reason="voided by a statement"
    )
    assert event(told) == expected


@pytest.mark.parametrize("verb", ["waived", "satisfied"])
def test_what_only_the_management_system_may_say_is_refused(verb: str) -> None:
    refused = refusal(statement(W3ID + verb))
    assert refused.reason is Reason.INVALID_DATA
    assert "a partner may not" in refused.detail
    assert refused.event_id == ID


@pytest.mark.parametrize(("verb", "success"), [("passed", False), ("failed", True)])
def test_a_verdict_that_contradicts_its_verb_is_refused(verb: str, success: bool) -> None:
    refused = refusal(statement(ADL + verb, result={"success": success}))
    assert (refused.reason, refused.event_id) == (Reason.INVALID_DATA, ID)


@pytest.mark.parametrize("percent", [-1, 101, 40.5, "40", True])
def test_progress_is_a_whole_number_of_percent(percent: object) -> None:
    told = statement(f"{ADL}progressed", result={"extensions": {PROGRESS: percent}})
    assert refusal(told).reason is Reason.INVALID_DATA


@pytest.mark.parametrize("score", [{"raw": 101}, {"raw": -1}, {"scaled": -0.5}])
def test_a_score_that_the_contract_has_no_place_for_is_refused(score: dict[str, float]) -> None:
    assert refusal(statement(f"{ADL}passed", result={"score": score})).reason is Reason.INVALID_DATA


def test_the_table_has_each_verb_once() -> None:
    assert len({verb.iri for verb in VERBS}) == len({verb.name for verb in VERBS}) == len(VERBS)
    assert CLASS.endswith("/classes/C-0107")
