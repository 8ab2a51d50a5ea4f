"""The oracle's outcomes on records small enough to be judged by hand."""

import json
from typing import Any

import pytest

from services.simulator.expected import expected_answers
from tests.services.simulator.told import Told, told

WHEN = "2020-05-09T10:00:00Z"


def outcomes(*records: Told) -> list[str]:
    return [each["reason"] or each["outcome"] for each in expected_answers(records).outcomes]


def test_the_same_content_again_is_a_duplicate_in_either_mode() -> None:
    first = told("e-1", "class.completed", WHEN, class_code="C-1")
    headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", b"e-1"),
        ("ce_source", b"/partners/pintaria"),
        ("ce_type", b"id.tuntas.class.completed.v1"),
        ("ce_time", b"2020-05-09T17:00:00+07:00"),
    ]
    data = {"class_code": "C-1", "participant_id": "PRK-000000001"}
    binary = Told(first.topic, headers, json.dumps(data).encode())
    assert outcomes(first, binary, first) == ["accepted", "duplicate", "duplicate"]
    assert outcomes(binary, first) == ["accepted", "duplicate"]


def test_the_same_id_with_other_content_is_a_conflict_within_its_partner() -> None:
    first = told("e-1", "class.completed", WHEN, class_code="C-1")
    other = told("e-1", "class.completed", WHEN, class_code="C-2")
    elsewhere = told("e-1", "class.completed", WHEN, partner="tokopedia", class_code="C-2")
    assert outcomes(first, other, elsewhere, first) == [
        "accepted",
        "id_conflict",
        "accepted",
        "duplicate",
    ]


def test_a_rejected_record_does_not_take_its_id() -> None:
    wrong = told("e-1", "class.progressed", WHEN, class_code="C-1", percent="80")
    right = told("e-1", "class.progressed", WHEN, class_code="C-1", percent=80)
    assert outcomes(wrong, right, wrong) == ["invalid_data", "accepted", "invalid_data"]


def test_a_package_keeps_its_composition() -> None:
    def package(event_id: str, *codes: str) -> Told:
        return told(
            event_id,
            "package.published",
            WHEN,
            package_code="P-1",
            title="Paket",
            class_codes=list(codes),
        )

    assert outcomes(package("p-1", "A", "B"), package("p-2", "A"), package("p-3", "B", "A")) == [
        "accepted",
        "package_conflict",
        "accepted",
    ]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("class.progressed", {"percent": True}),
        ("class.progressed", {"percent": 100.5}),
        ("class.progressed", {}),
        ("class.assessed", {"kind": "post_test", "score": {"raw": 101}}),
        ("class.assessed", {"kind": "post_test", "score": {"raw": 0, "min": 0, "max": 0}}),
        ("class.reviewed", {"rating": 5.0}),
        ("class.reviewed", {"rating": 5, "comment": "a" * 2_001}),
        ("certificate.issued", {"certificate_no": ""}),
        ("purchase.paid", {"purchase_id": "INV-1"}),
        ("purchase.paid", {"purchase_id": "INV-1", "items": []}),
        ("event.voided", {"target_id": "e-0", "reason": "a\0"}),
    ],
)
def test_invalid_data(kind: str, data: dict[str, Any]) -> None:
    assert outcomes(told("e-1", kind, WHEN, class_code="C-1", **data)) == ["invalid_data"]


def test_the_envelope() -> None:
    good = told("e-1", "class.completed", WHEN, class_code="C-1")
    body = json.loads(good.value)

    def changed(**attributes: object) -> str:
        text = json.dumps({**body, **attributes}).encode()
        return outcomes(Told(good.topic, [], text))[0]

    assert changed() == "accepted"
    assert changed(unheard="of") == "accepted"
    assert changed(id="a" * 128) == "accepted"
    assert changed(id="a" * 129) == "not_cloudevents"
    assert changed(specversion="0.3") == "not_cloudevents"
    assert changed(time="2020-05-09T10:00:00") == "not_cloudevents"
    assert changed(source="/partners/tokopedia") == "source_mismatch"
    assert changed(type="id.tuntas.class.completed.v2") == "unknown_type"
    assert changed(data=[]) == "invalid_data"
    assert changed(data={**body["data"], "participant_id": "9900000000000000"}) == "personal_data"
    assert changed(data={**body["data"], "padding": "a" * 262_144}) == "too_large"
    assert outcomes(Told(good.topic, [], b"[]")) == ["not_cloudevents"]
    assert outcomes(Told(good.topic, [], b'{"specversion": NaN}')) == ["not_json"]
    assert outcomes(Told(good.topic, [], b"\xff{}")) == ["not_json"]
