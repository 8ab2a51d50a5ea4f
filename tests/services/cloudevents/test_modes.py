import json

import pytest

from domain.errors import Reason
from services.cloudevents.encode import encode_binary, encode_structured
from tests.services.cloudevents.samples import FULL, TYPES, accepted, envelope, refused

NAME = "class.completed.v1"
EVENT = envelope(NAME, subject="PRK-000000042", sequence="7", recordedtime="2020-06-30T09:00:00Z")
VALUE = json.dumps(EVENT)
DATA = json.dumps(EVENT["data"])
JSON_TYPE = ("content-type", b"application/json")


def headers(**changes: bytes) -> list[tuple[str, bytes]]:
    """The ``ce_`` headers of EVENT with changes."""
    attributes = {name: text.encode() for name, text in EVENT.items() if name != "data"} | changes
    return [(f"ce_{name}", content) for name, content in attributes.items()]


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/cloudevents+json",
        b"application/cloudevents+json; charset=utf-8",
        b"application/cloudevents+json;charset=UTF-8",
        b'Application/CloudEvents+JSON ; charset="utf-8"; x=y',
    ],
)
@pytest.mark.parametrize("name", ["content-type", "Content-Type"])
def test_structured_mode(content_type: bytes, name: str) -> None:
    assert accepted(VALUE, (name, content_type)) == accepted(VALUE)


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/json",
        b"application/json; charset=utf-8",
        b"APPLICATION/JSON",
        b"text/json",
        b"application/vnd.example+json",
    ],
)
def test_binary_mode(content_type: bytes) -> None:
    assert accepted(DATA, *headers(), ("content-type", content_type)) == accepted(VALUE)


def test_binary_mode_without_a_content_type() -> None:
    assert accepted(DATA, *headers()) == accepted(VALUE)


def test_names_of_headers_are_compared_without_case() -> None:
    upper = [(name.upper(), content) for name, content in headers()]
    assert accepted(DATA, *upper, ("CONTENT-TYPE", b"application/json")) == accepted(VALUE)


def test_other_headers_do_not_matter() -> None:
    others = [("traceparent", b"00-1"), ("X-Retry", b"\xff"), ("ce_extra", b"\xff"), ("x", b"")]
    assert accepted(VALUE, *others) == accepted(VALUE)
    assert accepted(DATA, *headers(), JSON_TYPE, *others) == accepted(VALUE)
    assert accepted(DATA, *others, *others, JSON_TYPE, *headers()) == accepted(VALUE)


def test_a_structured_content_type_outweighs_attributes_in_headers() -> None:
    structured = ("content-type", b"application/cloudevents+json")
    assert accepted(VALUE, structured, *headers(id=b"other")) == accepted(VALUE)


@pytest.mark.parametrize(
    ("content_type", "sentence"),
    [
        (b"application/cloudevents-batch+json", "batch mode: send one event a record"),
        (b"application/cloudevents-batch+json; charset=utf-8", "batch mode"),
        (b"application/cloudevents+avro", "must be application/cloudevents+json"),
        (b"application/cloudevents", "must be application/cloudevents+json"),
        (b"application/xml", "must be application/cloudevents+json"),
        (b"text/plain", "must be application/cloudevents+json"),
        (b"application/octet-stream", "must be application/cloudevents+json"),
        (b"", "must be application/cloudevents+json"),
        (b"\xff\x00", "must be application/cloudevents+json"),
    ],
)
def test_a_content_type_that_is_not_accepted(content_type: bytes, sentence: str) -> None:
    for value in (VALUE, DATA, "not json"):
        refusal = refused(value, *headers(), ("content-type", content_type))
        assert refusal.reason == Reason.NOT_CLOUDEVENTS
        assert sentence in refusal.detail


def test_json_without_attributes_in_headers() -> None:
    refusal = refused(VALUE, JSON_TYPE)
    assert refusal.reason == Reason.NOT_CLOUDEVENTS
    assert refusal.detail == '`ce_specversion` is missing: send "1.0" (CloudEvents 1.0).'


@pytest.mark.parametrize("attribute", ["specversion", "id", "source", "type", "time"])
def test_a_required_header_that_is_not_there(attribute: str) -> None:
    some = [header for header in headers() if header[0] != f"ce_{attribute}"]
    refusal = refused(DATA, *some, JSON_TYPE)
    assert refusal.reason == Reason.NOT_CLOUDEVENTS
    assert refusal.detail.startswith(f"`ce_{attribute}` is missing")


@pytest.mark.parametrize("attribute", ["id", "time", "subject", "sequence", "recordedtime"])
@pytest.mark.parametrize("content", [b"\xff", b"a\x00", b"", b"x" * 129, b"\xed\xa0\x80"])
def test_a_header_with_a_value_that_it_does_not_take(attribute: str, content: bytes) -> None:
    refusal = refused(DATA, *headers(**{attribute: content}), JSON_TYPE)
    assert refusal.reason == Reason.NOT_CLOUDEVENTS
    assert f"`ce_{attribute}`" in refusal.detail


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"specversion": b"0.3"}, Reason.NOT_CLOUDEVENTS),
        ({"source": b"/partners/tokopedia"}, Reason.SOURCE_MISMATCH),
        ({"type": b"id.tuntas.class.finished.v1"}, Reason.UNKNOWN_TYPE),
        ({"id": b"3201 2345 6789 0001"}, Reason.PERSONAL_DATA),
        ({"subject": b"3201234567890001"}, Reason.PERSONAL_DATA),
        ({"type": b"id.tuntas.class.reviewed.v1"}, Reason.INVALID_DATA),
    ],
)
def test_a_refusal_in_binary_mode_names_the_header(
    changes: dict[str, bytes], reason: Reason
) -> None:
    refusal = refused(DATA, *headers(**changes), JSON_TYPE)
    assert refusal.reason == reason
    named = "data.rating" if reason == Reason.INVALID_DATA else f"ce_{next(iter(changes))}"
    assert f"`{named}`" in refusal.detail


@pytest.mark.parametrize("name", ["ce_id", "CE_ID", "ce_sequence", "content-type", "Content-Type"])
def test_a_header_that_is_there_twice(name: str) -> None:
    refusal = refused(DATA, *headers(), JSON_TYPE, (name, b"application/json"))
    assert refusal.reason == Reason.NOT_CLOUDEVENTS
    assert refusal.detail == f"The header `{name.lower()}` is there twice: send it once."


@pytest.mark.parametrize("attribute", ["subject", "sequence", "recordedtime", "id"])
def test_a_header_without_a_value_is_absent(attribute: str) -> None:
    # The Kafka protocol has null header values; the client hands them on as None.
    null: list[tuple[str, bytes]] = json.loads(json.dumps([[f"ce_{attribute}", None]]))
    rest = [header for header in headers() if header[0] != f"ce_{attribute}"]
    if attribute == "id":
        assert refused(DATA, *rest, *null).detail.startswith("`ce_id` is missing")
    else:
        assert accepted(DATA, *rest, *null) == accepted(DATA, *rest)


@pytest.mark.parametrize("data", ["[]", "null", "7", '"text"', "[{}]"])
def test_data_in_binary_mode_must_be_an_object(data: str) -> None:
    refusal = refused(data, *headers(), JSON_TYPE)
    assert (refusal.reason, refusal.event_id) == (Reason.INVALID_DATA, "e-42")


@pytest.mark.parametrize("data", ["", "{", "NaN", "\ufeff{}", "{}{}"])
def test_a_value_in_binary_mode_must_be_json(data: str) -> None:
    assert refused(data, *headers(), JSON_TYPE).reason == Reason.NOT_JSON


@pytest.mark.parametrize("name", TYPES)
def test_both_modes_give_the_same_event(name: str) -> None:
    attributes = {
        "id": "e-ü 42",
        "source": "/partners/pijar-mahir",
        "type": f"id.tuntas.{name}",
        "time": "2020-06-30T09:15:00.123456789+07:00",
        "subject": "PRK-000000042",
        "sequence": "8",
        "recordedtime": "2020-06-30T02:16:00z",
    }
    data = FULL[name] | {"unknown": {"a": 1}}
    structured_headers, structured = encode_structured(attributes, data)
    binary_headers, binary = encode_binary(attributes, data)
    event = accepted(structured, *structured_headers)
    assert event == accepted(binary, *binary_headers)
    assert (event.unknown_fields, event.happened % 1_000_000) == (1, 123_456)
    nothing = {"participant_id": None}
    assert refused(*swap(encode_structured(attributes, nothing))).reason == Reason.INVALID_DATA
    assert refused(*swap(encode_binary(attributes, nothing))).reason == Reason.INVALID_DATA


def swap(
    record: tuple[list[tuple[str, bytes]], bytes],
) -> tuple[bytes, *tuple[tuple[str, bytes], ...]]:
    """Value first, then headers, as the samples take them."""
    return record[1], *record[0]
