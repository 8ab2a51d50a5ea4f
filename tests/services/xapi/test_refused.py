"""What xAPI itself forbids, and what is no class: each refused with a sentence that repeats nothing of it."""

import json
from typing import Any

import pytest

from domain.errors import Reason
from tests.services.xapi.statements import ADL, CLASS, ID, TIME, event, refusal, statement

ACTOR = {"mbox": "mailto:somebody@learn.example"}
GROUP = {"objectType": "Group", "member": [ACTOR]}
SUB: dict[str, Any] = {
    "objectType": "SubStatement",
    "actor": ACTOR,
    "verb": {"id": f"{ADL}completed"},
    "object": {"id": CLASS},
}

FORBIDDEN: list[tuple[str, dict[str, Any]]] = [
    ("`id`", {"id": "no uuid"}),
    ("no `id`", {"id": None}),
    ("no `actor`", {"actor": None}),
    ("no `timestamp`", {"timestamp": None}),
    ("has no offset", {"timestamp": "2020-06-30T09:15:00"}),
    ("-00:00", {"timestamp": "2020-06-30T09:15:00-00:00"}),
    ("`stored`", {"stored": "yesterday"}),
    ("`the statement`", {"extra": 1}),
    ("`version`", {"version": "0.9"}),
    ("must have one of", {"actor": {"name": "Somebody"}}),
    ("more than one of", {"actor": {**ACTOR, "openid": "https://id.example/1"}}),
    ("`actor.mbox`", {"actor": {"mbox": "somebody@learn.example"}}),
    ("`actor`", {"actor": {**ACTOR, "national": 1}}),
    ("belongs to a Group", {"actor": {**ACTOR, "member": [ACTOR]}}),
    ("name its members", {"actor": {"objectType": "Group"}}),
    ("Agents only", {"actor": {"objectType": "Group", "member": [GROUP]}}),
    ("`verb` has no `id`", {"verb": {"display": {"en": "did"}}}),
    ("`verb.id`", {"verb": {"id": "completed"}}),
    ("`verb.display`", {"verb": {"id": f"{ADL}completed", "display": {"e_n": "did"}}}),
    ("`object.objectType`", {"object": {"objectType": "Course", "id": CLASS}}),
    ("`object.id`", {"object": {"id": "C-0107"}}),
    ("`object.definition`", {"object": {"id": CLASS, "definition": {"names": {}}}}),
    (
        "interactionType",
        {"object": {"id": CLASS, "definition": {"choices": [{"id": "a"}]}}},
    ),
    ("is null", {"result": {"success": None}}),
    ("`result.success`", {"result": {"success": "true"}}),
    ("`result.score.scaled`", {"result": {"score": {"scaled": 1.5}}}),
    ("below `max`", {"result": {"score": {"min": 3, "max": 3}}}),
    ("from `min` to `max`", {"result": {"score": {"raw": 4, "max": 3}}}),
    ("`result.duration`", {"result": {"duration": "an hour"}}),
    ("`context.registration`", {"context": {"registration": "7"}}),
    ("`context.team` must be a Group", {"context": {"team": ACTOR}}),
    ("must have one of", {"context": {"instructor": {"name": "Somebody"}}}),
    (
        "which xAPI 1.0 has not",
        {"context": {"contextAgents": [{"objectType": "contextAgent", "agent": ACTOR}]}},
    ),
    ("two members", {"authority": GROUP}),
    ("`attachments", {"attachments": [{"usageType": "https://x.example/u"}]}),
    ("StatementRef", {"verb": {"id": f"{ADL}voided"}}),
    ("only where the object is an Activity", {"object": SUB, "context": {"platform": "p"}}),
    ("`object.object`", {"object": {**SUB, "object": SUB}}),
    ("`object.object`", {"object": {**SUB, "object": {"id": "no iri"}}}),
    ("`object`", {"object": {**SUB, "id": ID}}),
]


@pytest.mark.parametrize(("words", "changes"), FORBIDDEN)
def test_what_xapi_forbids_is_invalid_data(words: str, changes: dict[str, Any]) -> None:
    tree = {**statement(), **changes}
    tree = {name: value for name, value in tree.items() if value is not None}
    refused = refusal(tree)
    assert refused.reason is Reason.INVALID_DATA
    assert words in refused.detail
    assert "omebody" not in refused.detail
    assert refused.event_id == (ID if tree.get("id") == ID else None)


def test_null_is_allowed_within_extensions_only() -> None:
    result = {"extensions": {"https://x.example/seen": None, "https://x.example/of": {"a": None}}}
    assert event(statement(result=result)).event_id == ID


def test_everything_that_xapi_allows_is_accepted() -> None:
    names = {"en-US": "Driving", "id": "Mengemudi"}
    tree = statement(
        actor={**GROUP, "name": "Team", "account": {"homePage": "https://l.example", "name": "t"}},
        object={
            "id": CLASS,
            "definition": {
                "name": names,
                "description": names,
                "type": "http://adlnet.gov/expapi/activities/course",
                "moreInfo": "https://learn.example/more",
                "interactionType": "choice",
                "correctResponsesPattern": ["a[,]b"],
                "choices": [{"id": "a", "description": names}],
                "extensions": {"https://x.example/e": [1, None]},
            },
        },
        result={"duration": "PT1H0.5S", "response": "a", "completion": True, "success": True},
        context={
            "registration": ID,
            "instructor": ACTOR,
            "team": GROUP,
            "platform": "web",
            "revision": "7",
            "language": "id-ID",
            "statement": {"objectType": "StatementRef", "id": ID},
            "contextActivities": {
                "parent": {"id": CLASS},
                "category": [{"id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"}],
            },
            "contextAgents": [{"objectType": "contextAgent", "agent": ACTOR}],
            "contextGroups": [
                {
                    "objectType": "contextGroup",
                    "group": GROUP,
                    "relevantTypes": ["https://x.example/r"],
                }
            ],
        },
        stored=TIME,
        authority={"objectType": "Group", "member": [ACTOR, ACTOR]},
        version="2.0.0",
        attachments=[
            {
                "usageType": "https://x.example/u",
                "display": names,
                "contentType": "text/plain",
                "length": 27,
                "sha2": "a" * 64,
                "fileUrl": "https://x.example/f",
            }
        ],
    )
    assert event(tree, version=b"2.0.0").event_id == ID


@pytest.mark.parametrize("version", [b"", b"0.9", b"3.0.0", b"1.0.3x", b"\xff"])
def test_other_versions_are_refused(version: bytes) -> None:
    refused = refusal(statement(), version=version)
    assert refused.reason is Reason.INVALID_DATA
    assert "x-experience-api-version" in refused.detail


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"{", Reason.NOT_JSON),
        (b'{"id": NaN}', Reason.NOT_JSON),
        (b"[" * 70 + b"]" * 70, Reason.NOT_JSON),
        (b"[]", Reason.INVALID_DATA),
        (b"[{}]", Reason.INVALID_DATA),
        (b'"text"', Reason.INVALID_DATA),
        (b'{"id":"a","id":"b"}', Reason.INVALID_DATA),
        (b'{"\\ud800":1}', Reason.INVALID_DATA),
        (b'{"id":"\\ud800"}', Reason.INVALID_DATA),
    ],
)
def test_what_is_no_statement_is_refused(value: bytes, reason: Reason) -> None:
    assert refusal(value).reason is reason


@pytest.mark.parametrize("key", [None, b"", b"\xff"])
def test_without_a_key_nobody_knows_who_it_was(key: bytes | None) -> None:
    refused = refusal(statement(), key=key)
    assert refused.reason is Reason.INVALID_DATA
    assert "key must be the participant_id" in refused.detail


def test_a_national_id_is_refused_wherever_it_names_somebody() -> None:
    national = "3171234567890123"
    assert refusal(statement(), key=national.encode()).reason is Reason.PERSONAL_DATA
    about = statement(object={"id": f"https://learn.example/classes/{national}"})
    refused = refusal(about)
    assert refused.reason is Reason.PERSONAL_DATA
    assert national not in refused.detail


@pytest.mark.parametrize(
    "target",
    [
        {"id": "https://learn.example/lessons/7"},
        {"id": "https://learn.example/classes/C-0107/lessons/7"},
        {"id": "https://learn.example/classes/"},
        {"id": "https://learn.example/classes/%ff"},
        {"objectType": "Agent", **ACTOR},
        {"objectType": "StatementRef", "id": ID},
        SUB,
    ],
)
def test_what_is_no_class_is_never_taken_for_one(target: dict[str, Any]) -> None:
    parent = {"contextActivities": {"parent": [{"id": CLASS}]}}
    refused = refusal(statement(object=target, context=parent))
    assert (refused.reason, refused.event_id) == (Reason.UNMAPPED_ACTIVITY, ID)


def test_an_activity_is_the_class_that_the_file_says_or_its_id_names() -> None:
    lesson = "https://learn.example/course?id=7"
    mapped = event(statement(object={"id": lesson}), activities={lesson: "C-7"})
    assert mapped.fact == event(statement(object={"id": "urn:x/classes/C-7"})).fact
    # The file wins: a partner's own path may say something else.
    named = event(statement(), activities={CLASS: "C-8"})
    assert named.fact != event(statement()).fact
    spelled = event(statement(object={"id": "https://l.example/classes/C%2F1%20a"}))
    assert getattr(spelled.fact, "class_code", "") == "C/1 a"
    assert json.dumps(statement())
