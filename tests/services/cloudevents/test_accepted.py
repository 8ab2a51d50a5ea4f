import json
from typing import Any

import pytest
from msgspec.structs import replace

from domain import events
from domain.events import Fact
from projections.storage.facts import decode, encode
from services.cloudevents.event_types import DATA
from tests.services.cloudevents.samples import (
    FULL,
    HAPPENED,
    MINIMAL,
    PARTNER,
    TYPES,
    Json,
    accepted,
    envelope,
)

PARTICIPANT = "p:PRK-000000042"
BOUGHT = (("C-0107", 350_000), ("C-0108", None))

FULL_FACTS: dict[str, tuple[str, Fact]] = {
    "class.published.v1": (
        "c:C-0107",
        events.ClassPublished(
            "C-0107", "Bahasa Inggris untuk Pengemudi", "Lembaga Contoh", 12, "Passed", 0.7
        ),
    ),
    "package.published.v1": (
        "k:K-01",
        events.PackagePublished("K-01", "Paket Pengemudi", ("C-0107", "C-0108")),
    ),
    "purchase.paid.v1": (
        PARTICIPANT,
        events.PurchasePaid("INV-0001", "K-01", BOUGHT, 500_000),
    ),
    "purchase.refunded.v1": (
        PARTICIPANT,
        events.PurchaseRefunded("INV-0001", ("C-0107",), "the class was cancelled"),
    ),
    "class.redeemed.v1": (PARTICIPANT, events.ClassRedeemed("C-0107", "R-77", "INV-0001")),
    "class.started.v1": (PARTICIPANT, events.ClassStarted("C-0107", "INV-0001")),
    "class.attended.v1": (
        PARTICIPANT,
        events.ClassAttended("C-0107", 3, "offline", 90, "INV-0001"),
    ),
    "class.progressed.v1": (
        PARTICIPANT,
        events.ClassProgressed("C-0107", 62.5, "Pelajaran 5", "INV-0001"),
    ),
    "class.completed.v1": (PARTICIPANT, events.ClassCompleted("C-0107", "INV-0001")),
    "class.assessed.v1": (
        PARTICIPANT,
        events.ClassAssessed("C-0107", "post_test", 41.0, 1.0, 51.0, True, 2, "INV-0001"),
    ),
    "certificate.issued.v1": (
        PARTICIPANT,
        events.CertificateIssued("C-0107", "CERT/2020/42", "INV-0001"),
    ),
    "class.reviewed.v1": (
        PARTICIPANT,
        events.ClassReviewed("C-0107", 4, 5, 3, "jelas dan berguna", "INV-0001"),
    ),
    "event.voided.v1": (PARTICIPANT, events.EventVoided("e-1", "sent by mistake")),
    "totals.declared.v1": (
        "d:",
        events.TotalsDeclared(1_593_536_400_000_000, 1200, 150, 90, 52_500_000),
    ),
}

MINIMAL_FACTS: dict[str, Fact] = {
    "class.published.v1": events.ClassPublished(
        "C-0107",
        "Bahasa Inggris untuk Pengemudi",
        "Lembaga Contoh",
        None,
        "CompletedAndPassed",
        0.6,
    ),
    "package.published.v1": events.PackagePublished(
        "K-01", "Paket Pengemudi", ("C-0107", "C-0108")
    ),
    "purchase.paid.v1": events.PurchasePaid("INV-0001", None, BOUGHT, None),
    "purchase.refunded.v1": events.PurchaseRefunded("INV-0001", None, None),
    "class.redeemed.v1": events.ClassRedeemed("C-0107", None, None),
    "class.started.v1": events.ClassStarted("C-0107", None),
    "class.attended.v1": events.ClassAttended("C-0107", 3, None, None, None),
    "class.progressed.v1": events.ClassProgressed("C-0107", 62.5, None, None),
    "class.completed.v1": events.ClassCompleted("C-0107", None),
    "class.assessed.v1": events.ClassAssessed("C-0107", "post_test", None, 0.0, 100.0),
    "certificate.issued.v1": events.CertificateIssued("C-0107", "CERT/2020/42", None),
    "class.reviewed.v1": events.ClassReviewed("C-0107", 4, None, None, None, None),
    "event.voided.v1": events.EventVoided("e-1", "sent by mistake"),
    "totals.declared.v1": events.TotalsDeclared(1_593_536_400_000_000, 1200),
}


def test_there_is_a_sample_of_every_type() -> None:
    assert {f"id.tuntas.{name}" for name in TYPES} == set(DATA)


@pytest.mark.parametrize("name", TYPES)
def test_an_event_in_full(name: str) -> None:
    event = accepted(
        envelope(
            name,
            FULL[name],
            subject="PRK-000000042",
            sequence="7",
            recordedtime="2020-06-30T02:15:01Z",
        )
    )
    stream, fact = FULL_FACTS[name]
    assert event == events.PartnerEvent(
        PARTNER, "e-42", HAPPENED, stream, fact, "7", HAPPENED + 1_000_000, 0
    )


@pytest.mark.parametrize("name", TYPES)
def test_an_event_with_what_is_required(name: str) -> None:
    event = accepted(envelope(name))
    assert event.fact == MINIMAL_FACTS[name]
    assert (event.sequence, event.recordedtime, event.unknown_fields) == (None, None, 0)


@pytest.mark.parametrize("name", TYPES)
def test_null_is_the_same_as_absent(name: str) -> None:
    nulls = dict.fromkeys(FULL[name], None) | MINIMAL[name]
    event = envelope(name, nulls)
    written = json.dumps(event | {"subject": None, "sequence": None, "data_base64": None})
    assert accepted(written) == accepted(envelope(name))


@pytest.mark.parametrize("name", TYPES)
def test_unknown_fields_are_ignored_and_counted(name: str) -> None:
    data = FULL[name] | {"nested": {"deep": [1, {"deeper": None}]}, "note": "x", "flag": None}
    event = accepted(envelope(name, data, traceparent="00-1", comexampleextra={"a": [1]}))
    assert event.unknown_fields == 3
    assert event.fact == FULL_FACTS[name][1]


def test_unknown_fields_within_items_and_score_are_counted_too() -> None:
    paid = accepted(
        envelope(
            "purchase.paid.v1",
            MINIMAL["purchase.paid.v1"]
            | {"items": [{"class_code": "A", "sku": 1}, {"class_code": "B", "sku": 2}]},
        )
    )
    assert paid.unknown_fields == 2
    score = {"raw": 5, "scaled": 0.05}
    assessed = accepted(
        envelope("class.assessed.v1", MINIMAL["class.assessed.v1"] | {"score": score})
    )
    assert assessed.unknown_fields == 1


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("class.progressed.v1", {"percent": 0}, {"percent": 0.0}),
        ("class.progressed.v1", {"percent": 100}, {"percent": 100.0}),
        ("class.progressed.v1", {"percent": None, "unit": 999}, {"percent": None, "unit": 999}),
        ("class.progressed.v1", {"percent": None, "unit": "999"}, {"unit": "999"}),
        ("class.progressed.v1", {"unit": 2**63 - 1}, {"unit": 2**63 - 1}),
        ("class.progressed.v1", {"unit": -(2**63)}, {"unit": -(2**63)}),
        ("class.progressed.v1", {"unit": "x" * 256}, {"unit": "x" * 256}),
        ("class.assessed.v1", {"score": {"raw": 0}}, {"raw": 0.0, "scaled": 0.0}),
        ("class.assessed.v1", {"score": {"raw": 100}}, {"raw": 100.0, "scaled": 1.0}),
        ("class.assessed.v1", {"score": {"raw": 3, "max": 4}}, {"scaled": 0.75}),
        ("class.assessed.v1", {"score": {"raw": -5, "min": -10, "max": 0}}, {"scaled": 0.5}),
        ("class.assessed.v1", {"score": None, "passed": False}, {"raw": None, "passed": False}),
        ("class.assessed.v1", {"kind": "pre_test"}, {"kind": "pre_test"}),
        ("class.assessed.v1", {"kind": "assignment"}, {"kind": "assignment"}),
        ("class.assessed.v1", {"kind": "performance"}, {"kind": "performance"}),
        ("class.assessed.v1", {"attempt": 0}, {"attempt": 0}),
        ("class.reviewed.v1", {"rating": 1}, {"rating": 1}),
        ("class.reviewed.v1", {"rating": 5, "comment": ""}, {"comment": ""}),
        ("class.reviewed.v1", {"comment": "ü" * 2000}, {"comment": "ü" * 2000}),
        ("class.reviewed.v1", {"comment": 'a\nb\t"c" \\ 🙂'}, {"comment": 'a\nb\t"c" \\ 🙂'}),
        ("class.published.v1", {"mastery_score": 0}, {"mastery_score": 0.0}),
        ("class.published.v1", {"mastery_score": 1}, {"mastery_score": 1.0}),
        ("class.published.v1", {"move_on": "NotApplicable"}, {"move_on": "NotApplicable"}),
        ("class.published.v1", {"units": 0}, {"units": 0}),
        ("class.published.v1", {"title": ': {"a": 1}'}, {"title": ': {"a": 1}'}),
        ("package.published.v1", {"class_codes": ["B", "A", "B"]}, {"class_codes": ("B", "A")}),
        ("purchase.refunded.v1", {"class_codes": ["B", "B"]}, {"class_codes": ("B",)}),
        ("purchase.paid.v1", {"amount": 10**11}, {"amount": 10**11}),
        ("purchase.paid.v1", {"items": None, "package_code": "K"}, {"items": None}),
        (
            "purchase.paid.v1",
            {"items": [{"class_code": "A", "price": 1}, {"class_code": "A", "price": 2}]},
            {"items": (("A", 1),)},
        ),
        ("certificate.issued.v1", {"certificate_no": "9" * 256}, {"certificate_no": "9" * 256}),
        ("class.completed.v1", {"class_code": "9" * 15}, {"class_code": "9" * 15}),
        ("class.completed.v1", {"class_code": "9" * 17}, {"class_code": "9" * 17}),
        ("class.completed.v1", {"class_code": "x" * 128}, {"class_code": "x" * 128}),
        (
            "class.completed.v1",
            {"purchase_id": "INV-2020063000000042"},
            {"purchase_id": "INV-2020063000000042"},
        ),
    ],
)
def test_values_at_the_edge(name: str, change: Json, expected: dict[str, Any]) -> None:
    event = accepted(envelope(name, MINIMAL[name] | change))
    assert {field: getattr(event.fact, field) for field in expected} == expected
    assert event.unknown_fields == 0


@pytest.mark.parametrize("number", ["62", "62.0", "6.2e1", "620e-1"])
def test_a_whole_number_is_the_same_fact_however_it_is_written(number: str) -> None:
    text = json.dumps(envelope("class.progressed.v1")).replace("62.5", number)
    fact = accepted(text).fact
    assert isinstance(fact, events.ClassProgressed)
    assert str(fact.percent) == "62"
    assert decode(fact.topic, encode(fact)) == fact
    assert len(encode(fact)) == len(encode(replace(fact, percent=62.5))) - 8


@pytest.mark.parametrize("zero", ["-0", "-0.0", "0.0", "0e5"])
def test_a_zero_is_stored_as_one_zero(zero: str) -> None:
    text = json.dumps(envelope("class.progressed.v1")).replace("62.5", zero)
    fact = accepted(text).fact
    assert isinstance(fact, events.ClassProgressed)
    assert str(fact.percent) == "0"


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x" * 128},
        {"id": "ü" * 128},
        {"id": "0b9f6c1e-7b7e-4c58-8a54-0a3a3f0f6a11"},
        {"id": "id with spaces, commas: and {braces}"},
        {"datacontenttype": "application/json"},
        {"datacontenttype": "application/json; charset=utf-8"},
        {"datacontenttype": "Application/Vnd.Example+JSON"},
        {"dataschema": "https://example.org/schema"},
        {"sequence": "0000000000000042"},
        {"recordedtime": "2020-06-30T09:15:00.5Z"},
    ],
)
def test_attributes_at_the_edge(change: dict[str, str]) -> None:
    event = accepted(envelope("class.completed.v1", **change))
    assert event.event_id == change.get("id", "e-42")
    assert event.sequence == change.get("sequence")
    assert event.unknown_fields == 0


def test_every_field_of_a_full_event_may_be_written_with_escapes() -> None:
    for name in TYPES:
        text = json.dumps(envelope(name, FULL[name]))
        escaped = text.replace("_", "\\u005f").replace("P", "\\u0050")
        assert accepted(escaped) == accepted(text)
