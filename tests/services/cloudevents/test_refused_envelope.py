"""Records that are no JSON, and events whose attributes are wrong; in both, in structured mode."""

import json

import pytest

from domain.errors import Reason, Refusal
from services.cloudevents.decode import decode
from tests.services.cloudevents.samples import PARTNER, TYPES, Json, accepted, envelope, refused

GOOD = json.dumps(envelope("class.completed.v1"))
LIMIT = 256 * 1024


def with_note(note: str) -> str:
    """A good event with this JSON text as an unknown field of its data."""
    return GOOD.replace('"class_code"', f'"note": {note}, "class_code"')


def test_the_samples_are_good() -> None:
    assert accepted(GOOD).unknown_fields == 0
    assert accepted(with_note("1")).unknown_fields == 1


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (b"", "The value is empty"),
        (b" \r\n\t", "The value is empty"),
        (b"\x00\x01\x02", "it breaks at line 1, column 1"),
        (b"halo", "it breaks at line 1, column 1"),
        (b"{", "it breaks"),
        (b"<event/>", "it breaks"),
        (b"{'id': 1}", "it breaks"),
        (GOOD[:-1], "it breaks"),
        (GOOD + "}", "it breaks"),
        (GOOD + GOOD, "it breaks"),
        (GOOD + "\n" + GOOD, "it breaks at line 2, column 1"),
        (GOOD.replace("}", ",}", 1), "it breaks"),
        (GOOD.replace("e-42", "e\n42"), "it breaks"),
        (GOOD.replace("e-42", "e\x0042"), "it breaks"),
        (GOOD.replace("e-42", "e\\q42"), "it breaks"),
        (GOOD.replace("e-42", "e\\u12"), "it breaks"),
        (GOOD + "/* comment */", "it breaks"),
        ("\ufeff" + GOOD, "byte order mark"),
        (GOOD.encode("utf-16"), "not UTF-8"),
        (GOOD.encode("utf-32-le"), "it breaks"),
        (GOOD.encode().replace(b"e-42", b"e-\xff"), "not UTF-8"),
        (GOOD.encode().replace(b"e-42", b"e-\xed\xa0\x80"), "not UTF-8"),
        (GOOD.encode().replace(b"e-42", b"e-\xc0\x80"), "not UTF-8"),
        (with_note('"\u00ff"').encode("latin-1"), "not UTF-8"),
        (with_note('"\x01"'), "it breaks"),
        (with_note("NaN"), "NaN or Infinity"),
        (with_note("[-Infinity]"), "NaN or Infinity"),
        (with_note("Infinity"), "NaN or Infinity"),
        (with_note("01"), "it breaks"),
        (with_note("+1"), "it breaks"),
        (with_note("1."), "it breaks"),
        (with_note(".5"), "it breaks"),
        (with_note("0x10"), "it breaks"),
        (with_note("undefined"), "it breaks"),
        (with_note("[" * 63 + "]" * 63), "nested deeper than 64 levels"),
        (with_note("[" * 100_000 + "]" * 100_000), "nested deeper than 64 levels"),
        (with_note('{"a":' * 40_000 + "1" + "}" * 40_000), "nested deeper than 64 levels"),
        ("[" * 200_000, "nested deeper than 64 levels"),
    ],
    ids=range(38),
)
def test_a_value_that_is_not_json(value: bytes | str, sentence: str) -> None:
    refusal = refused(value)
    assert refusal.reason == Reason.NOT_JSON
    assert sentence in refusal.detail


@pytest.mark.parametrize(
    "note",
    [
        "[" * 62 + "]" * 62,
        "[" + "[[]]," * 500 + "1]",
        json.dumps("[{" * 500),
        json.dumps('\\"[{' * 500),
        "9" * 5000,
        "-" + "9" * 5000,
        "1e999",
        '"\\ud800"',
        '"\\u0000"',
        '{"a": 1, "a": 2}',
        '"3201234567890001"',
    ],
    ids=ascii,
)
def test_an_unknown_field_may_hold_any_json(note: str) -> None:
    event = accepted(with_note(note))
    assert (event.unknown_fields, event.fact) == (1, accepted(GOOD).fact)


def test_a_tombstone() -> None:
    refusal = decode(PARTNER, b"PRK-000000042", [], None)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == Reason.NOT_JSON
    assert "tombstone" in refusal.detail
    assert "id.tuntas.event.voided.v1" in refusal.detail


def test_the_limit_is_256_kib() -> None:
    at_the_limit = GOOD + " " * (LIMIT - len(GOOD))
    assert accepted(at_the_limit) == accepted(GOOD)
    assert refused(at_the_limit + " ").reason == Reason.TOO_LARGE
    assert refused(b"\xff" * (LIMIT + 1)).reason == Reason.TOO_LARGE


@pytest.mark.parametrize("value", ["7", '"text"', "null", "true", "1.5"])
def test_json_that_is_no_object(value: str) -> None:
    refusal = refused(value)
    assert refusal.reason == Reason.NOT_CLOUDEVENTS
    assert "must be a JSON object" in refusal.detail


@pytest.mark.parametrize("value", ["[]", f"[{GOOD}]", f"[{GOOD}, {GOOD}]"])
def test_a_batch(value: str) -> None:
    refusal = refused(value)
    assert refusal.reason == Reason.NOT_CLOUDEVENTS
    assert "batch mode is not accepted" in refusal.detail


@pytest.mark.parametrize("attribute", ["specversion", "id", "source", "type", "time"])
@pytest.mark.parametrize("wrong", [None, 7, 1.0, True, [], {}, "", "\x00", "Rahasia\n", "\ud800"])
def test_an_attribute_that_is_missing_or_no_text(attribute: str, wrong: object) -> None:
    event = envelope("class.completed.v1") | {attribute: wrong}
    refusal = refused(event)
    expected = {
        ("source", ""): Reason.SOURCE_MISMATCH,
        ("type", ""): Reason.UNKNOWN_TYPE,
    }.get((attribute, str(wrong)), Reason.NOT_CLOUDEVENTS)
    assert refusal.reason == expected
    assert refusal.detail.startswith(f"`{attribute}` ")
    assert refusal.event_id == (None if attribute == "id" else "e-42")
    if wrong is None:
        del event[attribute]
        assert refused(event) == refusal
        assert "is missing" in refusal.detail


NOT_TAKEN: dict[str, list[object]] = {
    "specversion": ["0.3", "1", "1.1", "1.0.2", " 1.0"],
    "id": ["x" * 129],
    "subject": ["", "x" * 129, 7, {}, "a\x7f", "\x85", "\udc00"],
    "sequence": ["", "x" * 129, 7, True, "7\n"],
    "recordedtime": ["", 7, "2020-06-30T09:15:00", "yesterday"],
    "datacontenttype": ["", 7, "application/xml", "text/plain"],
    "time": ["2020-06-30", "2020-06-30T09:15:00", "1593483300"],
}


@pytest.mark.parametrize(
    ("attribute", "wrong"),
    [(attribute, wrong) for attribute, values in NOT_TAKEN.items() for wrong in values],
)
def test_an_attribute_with_a_value_that_it_does_not_take(attribute: str, wrong: object) -> None:
    refusal = refused(envelope("class.completed.v1", **{attribute: wrong}))
    assert refusal.reason == Reason.NOT_CLOUDEVENTS
    assert refusal.detail.startswith(f"`{attribute}` ")


def test_the_sentences_for_times() -> None:
    for time, sentence in {
        "2020-06-30T09:15:00": "`time` has no offset: add Z or an offset such as +07:00.",
        "0001-01-01T00:00:00+07:00": "`time` is outside the years 0001 to 9999 in UTC.",
        "30/06/2020": "`time` is not an RFC 3339 time such as 2020-06-30T09:15:00+07:00.",
    }.items():
        assert refused(envelope("class.completed.v1", time=time)).detail == sentence


@pytest.mark.parametrize(
    "source",
    [
        "/partners/tokopedia",
        "/partners/pijar-mahir/",
        "partners/pijar-mahir",
        "pijar-mahir",
        "/partners/Pijar-Mahir",
        "https://example.org/partners/pijar-mahir",
        " /partners/pijar-mahir",
    ],
)
def test_a_source_that_is_not_the_topics_partner(source: str) -> None:
    refusal = refused(envelope("class.completed.v1", source=source))
    assert refusal.reason == Reason.SOURCE_MISMATCH
    assert "`source` must be /partners/pijar-mahir" in refusal.detail


@pytest.mark.parametrize("name", TYPES)
def test_the_topic_says_who_is_speaking(name: str) -> None:
    value = json.dumps(envelope(name)).encode()
    refusal = decode("tokopedia", None, [], value)
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.event_id) == (Reason.SOURCE_MISMATCH, "e-42")


@pytest.mark.parametrize(
    "kind",
    [
        "id.tuntas.class.finished.v1",
        "id.tuntas.class.completed.v2",
        "id.tuntas.class.completed",
        "id.tuntas.",
        "class.completed.v1",
        "ID.TUNTAS.CLASS.COMPLETED.V1",
        "org.example.order.created",
    ],
)
def test_a_type_that_is_not_known(kind: str) -> None:
    refusal = refused(envelope("class.completed.v1", type=kind))
    assert (refusal.reason, refusal.event_id) == (Reason.UNKNOWN_TYPE, "e-42")
    assert kind not in refusal.detail.partition(" Did you mean ")[0]


@pytest.mark.parametrize(
    ("member", "sentence"),
    [
        ('"id": "e-43"', "`id` is named twice in the event"),
        ('"type": "id.tuntas.class.completed.v1"', "`type` is named twice in the event"),
        ('"time": null', "`time` is named twice in the event"),
        ('"data": {}', "`data` is named twice in the event"),
        ('"data": null', "`data` is named twice in the event"),
        ('"x": 1, "x": 1', "A field is named twice in the event"),
        ('"subject": "a", "subject": "a"', "`subject` is named twice in the event"),
    ],
)
def test_an_attribute_that_is_named_twice(member: str, sentence: str) -> None:
    for text in (GOOD[:-1] + f", {member}}}", f"{{{member}, {GOOD[1:]}"):
        refusal = refused(text)
        assert refusal.reason == Reason.NOT_CLOUDEVENTS
        assert refusal.detail == f"{sentence}: name each field once."


def test_the_first_broken_rule_gives_the_reason() -> None:
    wrong: Json = envelope(
        "class.completed.v1",
        {"participant_id": "3201234567890001"},
        specversion="0.3",
        source="/partners/tokopedia",
        type="id.tuntas.unknown",
    )
    reasons = []
    for attribute, right in {
        "specversion": "1.0",
        "source": "/partners/pijar-mahir",
        "type": "id.tuntas.class.completed.v1",
        "data": {"participant_id": "PRK-000000042"},
    }.items():
        reasons.append(refused(wrong).reason)
        wrong[attribute] = right
    reasons.append(refused(wrong).reason)
    assert reasons == [
        Reason.NOT_CLOUDEVENTS,
        Reason.SOURCE_MISMATCH,
        Reason.UNKNOWN_TYPE,
        Reason.PERSONAL_DATA,
        Reason.INVALID_DATA,
    ]
