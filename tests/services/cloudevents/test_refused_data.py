"""Each field of each type with what it does not take: the reason, the place and no echo of the value."""

import json
import unicodedata

import pytest

from domain.errors import Reason, Refusal
from domain.events import PartnerEvent
from domain.vocabulary import TYPE_PREFIX
from services.cloudevents.decode import decode
from services.cloudevents.encode import encode_binary, encode_structured
from services.cloudevents.event_types import FIELDS
from services.cloudevents.examine import examine
from services.cloudevents.identifiers import has_invisible_characters
from services.cloudevents.shape import Field
from services.cloudevents.time import NO_TIMESTAMP
from tests.services.cloudevents.samples import (
    FULL,
    HAPPENED,
    MINIMAL,
    OPTIONAL,
    PARTNER,
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
    "time": [
        *NOT_TEXTS,
        "",
        "Rahasia",
        "2020-07-01",
        "2020-07-01T00:00:00",
        "1 July 2020",
    ],
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
    **dict.fromkeys(("units", "amount", "attempt", "session", "minutes"), "whole"),
    **dict.fromkeys(("events", "purchases", "completions"), "whole"),
    "until": "time",
    **dict.fromkeys(("rating", "instructor_rating", "facility_rating"), "whole"),
    **dict.fromkeys(("percent", "mastery_score"), "number"),
    **dict.fromkeys(("kind", "move_on", "mode"), "choice"),
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
    return [field for field, shape in fields.items() if shape.kind == "identifier"]


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
    assert refusal.event_id is None


@pytest.mark.parametrize("national_id", NATIONAL_IDS)
def test_a_national_id_in_an_item_and_in_attributes(national_id: str) -> None:
    paid = MINIMAL["purchase.paid.v1"] | {"items": [{"class_code": national_id}]}
    for event, place in (
        (envelope("purchase.paid.v1", paid), "data.items[0].class_code"),
        (envelope("class.completed.v1", subject=national_id), "subject"),
        (envelope("class.completed.v1", sequence=national_id), "sequence"),
        (envelope("class.completed.v1", id=national_id), "id"),
    ):
        refusal = refused(event)
        assert (refusal.reason, refusal.event_id) == (Reason.PERSONAL_DATA, None)
        assert refusal.detail.startswith(f"`{place}` is a number of 16 digits")


@pytest.mark.parametrize("national_id", NATIONAL_IDS)
def test_a_national_id_as_the_key_of_a_record(national_id: str) -> None:
    value = json.dumps(envelope("class.completed.v1")).encode()
    refusal = decode(PARTNER, national_id.encode(), (), value)
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.event_id) == (Reason.PERSONAL_DATA, None)
    assert refusal.detail.startswith("The record's key is a number of 16 digits")
    assert refusal == examine(PARTNER, (), value, national_id.encode())


@pytest.mark.parametrize("key", [b"\xff" * 16, b"PRK-3201234567890001", b"32012345678900011", b""])
def test_any_other_key_is_accepted(key: bytes) -> None:
    value = json.dumps(envelope("class.completed.v1")).encode()
    assert isinstance(decode(PARTNER, key, (), value), PartnerEvent)


@pytest.mark.parametrize("sequence", ["0000000000000042", "1234567890", "12345678901234567"])
def test_a_running_number_is_accepted(sequence: str) -> None:
    assert accepted(envelope("class.completed.v1", sequence=sequence)).sequence == sequence


UNSEEN = [
    "\u200b",
    "\u202e",
    "\u2066",
    "\u200f",
    "\ufeff",
    "\xad",
    "\u2028",
    "\u2060",
    "\U000e0041",
]
LINE_BREAKS = ["\n", "\r", "\x0b", "\x85", "\u2028", "\u2029", "\x07"]
TURNS = ["\u202e", "\u2066", "\u200e", "\u061c"]


def each_kind(*kinds: str) -> list[tuple[str, str]]:
    return [
        (name, field)
        for name in TYPES
        for field, shape in FIELDS[TYPE_PREFIX + name].items()
        if shape.kind in kinds and not isinstance(FULL[name][field], list)
    ]


@pytest.mark.parametrize(("name", "field"), each_kind("identifier", "name"))
@pytest.mark.parametrize("character", sorted({*UNSEEN, *LINE_BREAKS}), ids=ascii)
def test_an_identifier_and_an_institution_hold_nothing_that_is_not_seen(
    name: str, field: str, character: str
) -> None:
    refusal = refused(envelope(name, FULL[name] | {field: f"Rah{character}asia"}))
    assert refusal.reason == Reason.INVALID_DATA
    assert refusal.detail.startswith(f"`data.{field}` holds a ")


@pytest.mark.parametrize(("name", "field"), each_kind("line"))
@pytest.mark.parametrize("character", [*LINE_BREAKS, *TURNS], ids=ascii)
def test_a_title_and_a_lesson_are_one_line(name: str, field: str, character: str) -> None:
    refusal = refused(envelope(name, FULL[name] | {field: f"Rah{character}asia"}))
    assert refusal.reason == Reason.INVALID_DATA
    assert refusal.detail.startswith(f"`data.{field}` is not one line")


def test_a_title_may_hold_what_scripts_and_signs_need() -> None:
    title = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f468\u200d\U0001f373"
    accepted(envelope("class.published.v1", FULL["class.published.v1"] | {"title": title}))


@pytest.mark.parametrize("attribute", ["id", "subject", "sequence"])
@pytest.mark.parametrize("character", UNSEEN, ids=ascii)
def test_attributes_hold_nothing_that_is_not_seen(attribute: str, character: str) -> None:
    refusal = refused(envelope("class.completed.v1", **{attribute: f"a{character}b"}))
    assert refusal.reason == Reason.NOT_CLOUDEVENTS
    assert refusal.detail.startswith(f"`{attribute}` holds a character that is not seen")


def test_what_is_not_seen_is_what_unicode_says() -> None:
    for number in range(0x110000):
        character = chr(number)
        unseen = unicodedata.category(character) in {"Cf", "Zl", "Zp"}
        assert has_invisible_characters(character) == unseen or number in NEWER, hex(number)


NEWER = {*range(0x600, 0x606), 0x890, 0x891, *range(0x13430, 0x13440)}
"""Some that a Python may not know as such yet."""


SENT_MS = HAPPENED // 1000 - 24 * 3_600_000
"""Of a record that says it happened 24 hours after it was sent."""


@pytest.mark.parametrize("sent_ms", [NO_TIMESTAMP, SENT_MS, SENT_MS + 1, 2**62])
def test_a_time_up_to_24_hours_after_the_record_was_sent_is_accepted(sent_ms: int) -> None:
    for headers, value in both_modes():
        assert isinstance(decode(PARTNER, None, headers, value, sent_ms), PartnerEvent)


@pytest.mark.parametrize("sent_ms", [0, SENT_MS - 1])
def test_a_later_time_has_not_happened(sent_ms: int) -> None:
    for headers, value in both_modes():
        refusal = decode(PARTNER, None, headers, value, sent_ms)
        assert isinstance(refusal, Refusal)
        assert (refusal.reason, refusal.event_id) == (Reason.INVALID_DATA, "e-42")
        assert "`time` is more" in refusal.detail or "`ce_time` is more" in refusal.detail
        assert refusal == examine(PARTNER, headers, value, None, sent_ms)


def both_modes() -> list[tuple[list[tuple[str, bytes]], bytes]]:
    """One event, happened at HAPPENED, in each content mode."""
    event = envelope("class.completed.v1")
    data = event.pop("data")
    return [
        encode_structured({k: v for k, v in event.items() if k != "specversion"}, data),
        encode_binary({k: v for k, v in event.items() if k != "specversion"}, data),
    ]


def test_no_sentence_ends_in_two_full_stops() -> None:
    for attribute in ("type", "id", "source", "time", "specversion"):
        detail = refused(envelope("class.completed.v1", **{attribute: None})).detail
        assert detail.endswith(".")
        assert not detail.endswith("..")


def test_personal_data_is_told_before_other_faults_of_the_data() -> None:
    data = {"participant_id": "3201234567890001", "class_code": 7}
    assert refused(envelope("class.completed.v1", data)).reason == Reason.PERSONAL_DATA


@pytest.mark.parametrize("session", [0, 999, -1])
def test_meetings_are_numbered_from_1_to_998(session: int) -> None:
    data = FULL["class.attended.v1"] | {"session": session}
    assert refused(envelope("class.attended.v1", data)).reason == Reason.INVALID_DATA
    for good in (1, 998):
        accepted(envelope("class.attended.v1", data | {"session": good}))


CODES = [f"C-{number}" for number in range(201)]


@pytest.mark.parametrize(
    ("name", "field", "of"),
    [
        ("package.published.v1", "class_codes", CODES),
        ("purchase.refunded.v1", "class_codes", CODES),
        ("purchase.paid.v1", "items", [{"class_code": code} for code in CODES]),
        ("package.published.v1", "class_codes", ["C-1"] * 201),
    ],
)
def test_one_event_names_at_most_200_classes(name: str, field: str, of: list[object]) -> None:
    accepted(envelope(name, FULL[name] | {field: of[:200]}))
    refusal = refused(envelope(name, FULL[name] | {field: of}))
    assert refusal.reason == Reason.INVALID_DATA
    assert refusal.detail.startswith(f"`data.{field}` must be a list of 1 to 200")
    assert refusal.detail.endswith("; it has 201.")
