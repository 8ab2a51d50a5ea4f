"""Half of a surrogate pair, written as an escape, wherever JSON can hold it: each record ends in an outcome."""

import json
import logging

import pytest

from domain.errors import Reason, Refusal
from domain.events import PartnerEvent
from domain.vocabulary import TYPE_PREFIX
from projections.storage.facts import encode
from services.cloudevents import decode as decoding
from services.cloudevents.decode import decode
from tests.services.cloudevents.samples import (
    FULL,
    PARTNER,
    TYPES,
    Json,
    accepted,
    envelope,
    read,
    refused,
)

HALF = "\udfaa"
BINARY = [
    ("content-type", b"application/json"),
    ("ce_specversion", b"1.0"),
    ("ce_id", b"e-42"),
    ("ce_source", f"/partners/{PARTNER}".encode()),
    ("ce_time", b"2020-06-30T09:15:00+07:00"),
]

NESTED = {"purchase.paid.v1": ("items", 0), "class.assessed.v1": ("score", None)}


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("text", [HALF, "class_code" + HALF, "\ud83d", "\x00"])
def test_a_field_named_with_it_is_refused_in_both_modes(name: str, text: str) -> None:
    data = FULL[name] | {text: 0}
    refusal = refused(envelope(name, data))
    assert refusal.reason == Reason.INVALID_DATA
    assert refusal.detail.startswith("A field's name in `data`")
    headers = [*BINARY, ("ce_type", (TYPE_PREFIX + name).encode())]
    assert decode(PARTNER, None, headers, json.dumps(data).encode()) == refusal


@pytest.mark.parametrize("name", NESTED)
def test_a_field_of_an_inner_object_named_with_it_is_refused(name: str) -> None:
    field, index = NESTED[name]
    data = json.loads(json.dumps(FULL[name]))
    inner = data[field] if index is None else data[field][index]
    inner[HALF] = 0
    assert refused(envelope(name, data)).reason == Reason.INVALID_DATA


@pytest.mark.parametrize("name", TYPES)
def test_every_field_with_it_as_value_ends_in_an_outcome_that_can_be_stored(name: str) -> None:
    for field in FULL[name]:
        for wrong in (HALF, [HALF], {HALF: HALF}, [{HALF: 1}], {"raw": HALF}):
            outcome = read(envelope(name, FULL[name] | {field: wrong}))
            assert isinstance(outcome, Refusal)
            assert outcome.reason == Reason.INVALID_DATA


@pytest.mark.parametrize(
    "unknown",
    [{"zzz": HALF}, {"zzz": {HALF: HALF}}, {"zzz": [[HALF]]}, {"zzz": "\ud83d\ude00"}],
)
def test_what_is_below_an_unknown_field_is_not_looked_at(unknown: Json) -> None:
    event = accepted(envelope("class.completed.v1", FULL["class.completed.v1"] | unknown))
    assert event.unknown_fields == 1
    assert encode(event.fact)


@pytest.mark.parametrize(
    "attribute",
    ["id", "source", "type", "time", "subject", "sequence", "recordedtime", "datacontenttype"],
)
def test_an_attribute_with_it_is_refused(attribute: str) -> None:
    assert refused(envelope("class.completed.v1", **{attribute: f"a{HALF}"})).reason in {
        Reason.NOT_CLOUDEVENTS,
        Reason.SOURCE_MISMATCH,
    }


def test_an_unknown_attribute_with_it_is_ignored() -> None:
    assert isinstance(read(envelope("class.completed.v1", **{HALF: HALF})), PartnerEvent)


def test_whatever_reading_raises_is_the_refusal_of_that_record(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unforeseen(*_: object) -> PartnerEvent:
        raise KeyError("PRK-000000042")

    monkeypatch.setattr(decoding, "_well_formed", unforeseen)
    monkeypatch.setattr(decoding, "examine", unforeseen)
    caplog.set_level(logging.ERROR)
    refusal = refused(envelope("class.completed.v1"))
    assert refusal.reason == Reason.INVALID_DATA
    assert "error=KeyError" in caplog.text
    assert "unforeseen" in caplog.text
    assert "PRK-000000042" not in caplog.text
