"""The right word behind a wrong one, and what is accepted and looks odd."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.app import application
from services.cloudevents.hints import Kind
from services.intake.offline import check_lines
from tests.services.cloudevents.samples import FULL, PARTNER, Json, envelope, refused


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("id.tuntas.class.completed", "class.completed"),
        ("id.tuntas.class.completed.v2", "class.completed"),
        ("class.completed.v1", "class.completed"),
        ("ID.TUNTAS.CLASS.COMPLETED.V1", "class.completed"),
        ("id.tuntas.class.complete.v1", "class.completed"),
        ("id.tuntas.classCompleted.v1", "class.completed"),
        ("id.tuntas.purchase_paid.v1", "purchase.paid"),
        ("id.tuntas.class.assesed.v1", "class.assessed"),
    ],
)
def test_a_type_that_is_spelled_otherwise(sent: str, meant: str) -> None:
    detail = refused(envelope("class.completed.v1", type=sent)).detail
    assert detail.endswith(f" Did you mean `id.tuntas.{meant}.v1`?")


@pytest.mark.parametrize("sent", ["org.example.order.created", "x", "id.tuntas.", "y" * 500])
def test_a_type_that_is_like_none(sent: str) -> None:
    assert "Did you mean" not in refused(envelope("class.completed.v1", type=sent)).detail


@pytest.mark.parametrize("name", ["classCode", "Class_Code", "class-code", "clas_code"])
def test_a_missing_field_that_is_there_under_another_name(name: str) -> None:
    data: Json = {"participant_id": "P", name: "C-0107"}
    detail = refused(envelope("class.completed.v1", data)).detail
    assert detail.startswith("`data.class_code` is missing")
    assert detail.endswith(" Did you mean `class_code` by a field that is not known?")
    assert name not in detail or name == "class_code"


def test_a_missing_field_that_is_not_there_at_all() -> None:
    data: Json = {"participant_id": "P", "note": "C-0107"}
    assert "Did you mean" not in refused(envelope("class.completed.v1", data)).detail


@pytest.mark.parametrize(
    ("name", "change", "meant"),
    [
        ("class.assessed.v1", {"kind": "POST_TEST"}, "post_test"),
        ("class.assessed.v1", {"kind": "posttest"}, "post_test"),
        ("class.published.v1", {"move_on": "passed"}, "Passed"),
        ("class.attended.v1", {"mode": "Online"}, "online"),
    ],
)
def test_a_word_in_another_case(name: str, change: Json, meant: str) -> None:
    detail = refused(envelope(name, FULL[name] | change)).detail
    assert detail.endswith(f" Did you mean `{meant}`?")


def hinted(name: str, data: Json) -> list[tuple[Kind, str]]:
    (line,) = check_lines([json.dumps(envelope(name, FULL[name] | data)).encode()], PARTNER)
    assert line.outcome == "accepted"
    return [(hint.kind, hint.detail) for hint in line.hints]


def test_a_good_event_has_none() -> None:
    for name in FULL:
        assert hinted(name, {}) == []


def test_an_unknown_field_is_named_with_what_it_may_be() -> None:
    assert hinted("class.reviewed.v1", {"note": 1, "instructorRatings": 5}) == [
        (Kind.UNKNOWN_FIELD, "`data.note` is not known, and ignored."),
        (Kind.UNKNOWN_FIELD, "`data.instructorRatings` is not known, and ignored."),
    ]
    data = {name: value for name, value in FULL["class.reviewed.v1"].items() if name != "comment"}
    line = envelope("class.reviewed.v1", data | {"coment": "x"})
    (checked,) = check_lines([json.dumps(line).encode()], PARTNER)
    assert [hint.detail for hint in checked.hints] == [
        "`data.coment` is not known, and ignored. Did you mean `comment`?"
    ]


@pytest.mark.parametrize("percent", [0.01, 0.625, 1, 1.0])
def test_a_percent_that_may_be_a_share(percent: float) -> None:
    ((kind, _),) = hinted("class.progressed.v1", {"percent": percent})
    assert kind == Kind.PERCENT_AS_SHARE


@pytest.mark.parametrize("percent", [0, 1.01, 100])
def test_a_percent_that_is_one(percent: float) -> None:
    assert hinted("class.progressed.v1", {"percent": percent}) == []


@pytest.mark.parametrize(
    ("participant_id", "kinds"),
    [
        ("081200000000", [Kind.LOOKS_LIKE_PHONE]),
        ("+62 812-0000-0000", [Kind.LOOKS_LIKE_PHONE]),
        ("somebody@example.org", [Kind.LOOKS_LIKE_EMAIL]),
        ("NIK0000000000000000", [Kind.LOOKS_LIKE_NATIONAL_ID]),
        ("KTP-0000000000000000", [Kind.LOOKS_LIKE_NATIONAL_ID]),
        ("PRK-0000000000000000", []),
        ("PRK-000000042", []),
        ("000000042", []),
    ],
)
def test_a_participant_who_may_be_told_by_who_they_are(
    participant_id: str, kinds: list[Kind]
) -> None:
    found = hinted("class.completed.v1", {"participant_id": participant_id})
    assert [kind for kind, _ in found] == kinds
    assert all(participant_id not in detail for _, detail in found)


def test_check_counts_them_by_kind_with_the_last_of_each(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    lines = [
        envelope("class.progressed.v1", FULL["class.progressed.v1"] | {"percent": 0.5}, id=f"e-{n}")
        for n in range(3)
    ]
    file.write_text("\n".join(json.dumps(line) for line in lines))
    ran = CliRunner().invoke(application(()), ["check", str(file)])
    assert ran.exit_code == 0
    assert "percent_as_share 3: events.jsonl:3: `data.percent` is 1 or less" in ran.output
