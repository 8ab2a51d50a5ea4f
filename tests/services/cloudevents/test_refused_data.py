"""Each field of each type with what it does not take: the reason, the place and no echo of the value."""

import json

import pytest

from domain.errors import Reason
from domain.vocabulary import TYPE_PREFIX
from services.cloudevents.shape import FIELDS, Field
from tests.services.cloudevents.samples import (
    FULL,
    MINIMAL,
    OPTIONAL,
    TYPES,
    Json,
    accepted,
    envelope,
    refused,
)

NOT_TEXTS = [7, 7.5, True, [], {}, ["C-0107"], {"code": "C-0107"}]
NOT_NUMBERS = ["7", "", True, [7], {"value": 7}]

WRONG: dict[str, list[object]] = {
    "identifier": [*NOT_TEXTS, "", "x" * 257, "Rahasia\n", "\tRahasia", "Rahasia\x00", "Rah\ud800"],
    "text": [*NOT_TEXTS, "x" * 2001, "Rahasia\x00", "\udfffRahasia"],
    "whole": [*NOT_NUMBERS, -1, 1.5, 4.0, 2**63, 2**64, 10**30, -(2**63) - 1],
    "number": [*NOT_NUMBERS, -0.001, 100.001, 10**400],
    "flag": [0, 1, "true", "Rahasia", [], {}],
    "choice": [*NOT_TEXTS, "", "Rahasia", "POST_TEST", "completed"],
    "unit": ["", "x" * 257, 1.5, 2.0, True, [1], {}, 2**63, 10**30, -(2**63) - 1, "Rahasia\x00"],
    "codes": [
        "C-0107",
        7,
        {},
        [],
        [7],
        [None],
        [""],
        ["x" * 129],
        [["C"]],
        ["A\n"],
        ["A", "B\x00"],
    ],
    "items": ["C-0107", {"class_code": "C"}, [], ["C"], [None], [{}], [[]], [{"price": 1}]],
    "score": [7, "7", True, [], {}, {"min": 0, "max": 1}, {"raw": "7"}, {"raw": None}],
}
KINDS = {
    **dict.fromkeys(("title", "institution", "reason", "comment"), "text"),
    **dict.fromkeys(("units", "amount", "attempt"), "whole"),
    **dict.fromkeys(("rating", "instructor_rating", "facility_rating"), "whole"),
    **dict.fromkeys(("percent", "mastery_score"), "number"),
    **dict.fromkeys(("kind", "move_on"), "choice"),
    "passed": "flag",
    "unit": "unit",
    "class_codes": "codes",
    "items": "items",
    "score": "score",
}

WRONG_VALUES = [
    pytest.param(name, field, wrong, id=f"{name} {field} {wrong!a:.20}")
    for name in TYPES
    for field in FULL[name]
    for wrong in WRONG[KINDS.get(field, "identifier")]
]


@pytest.mark.parametrize(("name", "field", "wrong"), WRONG_VALUES)
def test_a_field_with_a_value_that_it_does_not_take(name: str, field: str, wrong: object) -> None:
    refusal = refused(envelope(name, FULL[name] | {field: wrong}))
    assert refusal.reason == Reason.INVALID_DATA
    assert refusal.detail.startswith(f"`data.{field}")
    assert "Rahasia" not in refusal.detail
    assert refusal.event_id == "e-42"


@pytest.mark.parametrize(
    ("name", "field"),
    [(name, field) for name in TYPES for field in FULL[name] if field not in OPTIONAL[name]],
)
@pytest.mark.parametrize("null", [True, False])
def test_a_required_field_that_is_not_there(name: str, field: str, *, null: bool) -> None:
    data = {key: value for key, value in MINIMAL[name].items() if key != field}
    refusal = refused(envelope(name, data | {field: None} if null else data))
    assert refusal.reason == Reason.INVALID_DATA
    assert refusal.detail.startswith(f"`data.{field}`")


@pytest.mark.parametrize(
    ("name", "change", "place"),
    [
        ("class.assessed.v1", {"score": {"raw": -0.1}}, "data.score.raw"),
        ("class.assessed.v1", {"score": {"raw": 100.1}}, "data.score.raw"),
        ("class.assessed.v1", {"score": {"raw": 5, "max": 4}}, "data.score.raw"),
        ("class.assessed.v1", {"score": {"raw": 5, "min": 6}}, "data.score.raw"),
        ("class.assessed.v1", {"score": {"raw": 5, "min": 5, "max": 5}}, "data.score.min"),
        ("class.assessed.v1", {"score": {"raw": 5, "min": 9, "max": 1}}, "data.score.min"),
        ("class.assessed.v1", {"score": {"raw": 100, "min": 100}}, "data.score.min"),
        ("class.assessed.v1", {"score": {"raw": 0, "max": 0}}, "data.score.min"),
        ("class.assessed.v1", {"score": {"raw": 1e10}}, "data.score.raw"),
        ("class.assessed.v1", {"score": {"raw": 1, "max": 1e10}}, "data.score.max"),
        ("class.assessed.v1", {"score": {"raw": 1, "min": "0"}}, "data.score.min"),
        ("class.assessed.v1", {"score": {"raw": 1, "max": True}}, "data.score.max"),
        ("class.reviewed.v1", {"rating": 0}, "data.rating"),
        ("class.reviewed.v1", {"rating": 6}, "data.rating"),
        ("class.reviewed.v1", {"instructor_rating": 0}, "data.instructor_rating"),
        ("class.reviewed.v1", {"facility_rating": 6}, "data.facility_rating"),
        ("class.published.v1", {"mastery_score": 1.01}, "data.mastery_score"),
        ("class.published.v1", {"title": ""}, "data.title"),
        ("class.published.v1", {"institution": "x" * 257}, "data.institution"),
        ("class.published.v1", {"units": 2**31}, "data.units"),
        ("event.voided.v1", {"reason": ""}, "data.reason"),
        ("package.published.v1", {"class_codes": ["A", 7]}, "data.class_codes[1]"),
        ("purchase.refunded.v1", {"class_codes": ["A", ""]}, "data.class_codes[1]"),
        ("purchase.paid.v1", {"items": None}, "data.items"),
        ("purchase.paid.v1", {"items": [{"class_code": "A"}, {}]}, "data.items[1].class_code"),
        ("purchase.paid.v1", {"items": [{"class_code": "A\r"}]}, "data.items[0].class_code"),
        (
            "purchase.paid.v1",
            {"items": [{"class_code": "A", "price": "5"}]},
            "data.items[0].price",
        ),
        (
            "purchase.paid.v1",
            {"items": [{"class_code": "A", "price": -5}]},
            "data.items[0].price",
        ),
        ("class.progressed.v1", {"percent": None}, "data.percent"),
    ],
)
def test_fields_that_contradict_the_rules(name: str, change: Json, place: str) -> None:
    refusal = refused(envelope(name, MINIMAL[name] | change))
    assert refusal.reason == Reason.INVALID_DATA
    assert f"`{place}`" in refusal.detail


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("data", ["null", "[]", "7", '"text"', "true", '"{\\"a\\": 1}"', "[{}]"])
def test_data_that_is_no_object(name: str, data: str) -> None:
    text = json.dumps(envelope(name, "DATA")).replace('"DATA"', data)
    refusal = refused(text)
    assert refusal.reason == Reason.INVALID_DATA
    assert refusal.detail.startswith("`data` ")


@pytest.mark.parametrize("name", TYPES)
def test_data_that_is_not_there(name: str) -> None:
    event = envelope(name)
    del event["data"]
    assert refused(event).detail == "`data` is missing: send the event's fields as a JSON object."


@pytest.mark.parametrize("with_data", [True, False])
def test_data_base64(*, with_data: bool) -> None:
    event = envelope("class.completed.v1", data_base64="eyJhIjogMX0=")
    if not with_data:
        del event["data"]
    refusal = refused(event)
    assert (refusal.reason, refusal.event_id) == (Reason.INVALID_DATA, "e-42")
    assert refusal.detail.startswith("`data_base64` is not accepted")


REPEATED = [
    ("class.completed.v1", '"class_code": "C-0107"', "`class_code` is named twice in `data`"),
    ("class.assessed.v1", '"kind": "post_test"', "`kind` is named twice in `data`"),
    ("class.assessed.v1", '"raw": 41', "`raw` is named twice in `data.score`"),
    ("class.assessed.v1", '"min": 1', "`min` is named twice in `data.score`"),
    ("class.assessed.v1", '"passed": true', "`passed` is named twice in `data`"),
    ("purchase.paid.v1", '"price": 350000', "`price` is named twice in `data.items[0]`"),
    (
        "purchase.paid.v1",
        '"class_code": "C-0108"',
        "`class_code` is named twice in `data.items[1]`",
    ),
]


@pytest.mark.parametrize(("name", "member", "sentence"), REPEATED)
@pytest.mark.parametrize("second", ["same", "null", "escaped"])
def test_a_field_that_is_named_twice(name: str, member: str, sentence: str, second: str) -> None:
    field, _, value = member.partition(": ")
    again = {
        "same": member,
        "null": f"{field}: null",
        "escaped": f'"\\u{ord(field[1]):04x}{field[2:]}: {value}',
    }[second]
    text = json.dumps(envelope(name, FULL[name]))
    assert member in text
    for twice in (f"{member}, {again}", f"{again} , {member}"):
        refusal = refused(text.replace(member, twice))
        assert refusal.reason == Reason.INVALID_DATA
        assert refusal.detail == f"{sentence}: name each field once."


def test_an_unknown_field_that_is_named_twice_is_not_repeated_in_the_sentence() -> None:
    text = json.dumps(envelope("class.completed.v1")).replace(
        '"class_code"', '"rahasia": 1, "rahasia": 2, "class_code"'
    )
    assert refused(text).detail == "A field is named twice in `data`: name each field once."


def test_names_that_are_repeated_deeper_within_an_unknown_field_do_not_matter() -> None:
    data = FULL["class.completed.v1"]
    text = json.dumps(envelope("class.completed.v1", data | {"note": "NOTE"}))
    assert accepted(text.replace('"NOTE"', '{"a": 1, "a": 2}')).unknown_fields == 1


def identifiers(fields: dict[str, Field]) -> list[str]:
    return [field for field, shape in fields.items() if shape.identifier]


NATIONAL_IDS = [
    "3201234567890001",
    "3201 2345 6789 0001",
    "32.01.23.456789.0001",
    "320123-456789-0001",
    " 3201234567890001 ",
    "3201/2345_6789:0001",
    "#3201234567890001",
    "３２０１２３４５６７８９０００１",
    "3201\u00a02345\u20136789\u00a00001",
]


@pytest.mark.parametrize(
    ("name", "field"),
    [(name, field) for name in TYPES for field in identifiers(FIELDS[TYPE_PREFIX + name])],
)
@pytest.mark.parametrize(
    "national_id", [*NATIONAL_IDS, 3201234567890001, 3201234567890001.0], ids=ascii
)
def test_a_national_id_where_an_identifier_is_expected(
    name: str, field: str, national_id: str | float
) -> None:
    listed = isinstance(FULL[name][field], list)
    wrong = ["C-0107", national_id] if listed else national_id
    refusal = refused(envelope(name, FULL[name] | {field: wrong}))
    assert refusal.reason == Reason.PERSONAL_DATA
    assert refusal.detail.startswith(f"`data.{field}{'[1]' if listed else ''}` is a number of 16")
    assert "3201" not in refusal.detail
    assert refusal.event_id == "e-42"


@pytest.mark.parametrize("national_id", NATIONAL_IDS)
def test_a_national_id_in_an_item_and_in_attributes(national_id: str) -> None:
    paid = MINIMAL["purchase.paid.v1"] | {"items": [{"class_code": national_id}]}
    for event, place, event_id in (
        (envelope("purchase.paid.v1", paid), "data.items[0].class_code", "e-42"),
        (envelope("class.completed.v1", subject=national_id), "subject", "e-42"),
        (envelope("class.completed.v1", id=national_id), "id", None),
    ):
        refusal = refused(event)
        assert (refusal.reason, refusal.event_id) == (Reason.PERSONAL_DATA, event_id)
        assert refusal.detail.startswith(f"`{place}` is a number of 16 digits")


def test_personal_data_is_told_before_other_faults_of_the_data() -> None:
    data = {"participant_id": "3201234567890001", "class_code": 7}
    assert refused(envelope("class.completed.v1", data)).reason == Reason.PERSONAL_DATA
