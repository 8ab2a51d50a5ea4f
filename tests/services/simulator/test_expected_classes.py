"""The oracle on stories small enough to be answered by hand, class by class."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.simulator.expected import expected_answers
from tests.services.simulator.told import Told, told

CLASS = told(
    "c-1",
    "class.published",
    "2020-04-01T00:00:00Z",
    class_code="C-0107",
    title="Menyeduh Kopi untuk Calon Barista",
    institution="Balai Kursus Kenanga",
    mastery_score=0.7,
)
PURCHASE = told(
    "e-1",
    "purchase.paid",
    "2020-05-02T08:00:00+07:00",
    purchase_id="INV-1",
    items=[{"class_code": "C-0107", "price": 200_000}],
)


def report(event_id: str, kind: str, time: str, /, **data: Any) -> Told:
    return told(event_id, kind, time, class_code="C-0107", **data)


COMPLETED = report("e-2", "class.completed", "2020-05-09T10:00:00Z")
PASSED = report(
    "e-3",
    "class.assessed",
    "2020-05-10T10:00:00.5Z",
    kind="post_test",
    score={"raw": 4, "min": 1, "max": 5},
)


def row(*records: Told, as_of: datetime | None = None) -> dict[str, Any]:
    """The only row there is about the stories' participant."""
    found = expected_answers(records, as_of=as_of).purchased_classes
    assert len(found) == 1
    return found[0]


def test_bought_completed_and_passed() -> None:
    records = [
        CLASS,
        PURCHASE,
        report("e-4", "class.redeemed", "2020-05-02T09:00:00Z", redeem_code="PT1"),
        report("e-5", "class.assessed", "2020-05-03T09:00:00Z", kind="pre_test", score={"raw": 35}),
        report("e-6", "class.progressed", "2020-05-04T09:00:00Z", percent=40, unit=1),
        report("e-7", "class.progressed", "2020-05-05T09:00:00Z", percent=100, unit=2),
        report("e-8", "class.progressed", "2020-05-06T09:00:00Z", unit=2),
        report(
            "e-9", "class.assessed", "2020-05-08T10:00:00Z", kind="post_test", score={"raw": 69}
        ),
        COMPLETED,
        PASSED,
        report("e-10", "certificate.issued", "2020-05-11T09:00:00Z", certificate_no="SRT/1"),
        report("e-11", "class.reviewed", "2020-05-12T09:00:00Z", rating=2),
        report("e-12", "class.reviewed", "2020-05-13T09:00:00Z", rating=4, comment="bagus"),
    ]
    assert row(*records) == {
        "partner": "pintaria",
        "participant_id": "PRK-000000001",
        "class_code": "C-0107",
        "title": "Menyeduh Kopi untuk Calon Barista",
        "institution": "Balai Kursus Kenanga",
        "purchases": [
            {
                "purchase_id": "INV-1",
                "purchased_at": "2020-05-02T01:00:00Z",
                "package_code": None,
                "refunded_at": None,
            }
        ],
        "purchase": "active",
        "completion": {
            "state": "completed",
            "at": "2020-05-09T10:00:00Z",
            "percent": 100,
            "units_done": 2,
        },
        "assessment": {
            "state": "passed",
            "at": "2020-05-10T10:00:00.500000Z",
            "best_scaled": 0.75,
            "attempts": 2,
            "pre_test_scaled": 0.35,
        },
        "review": {"rating": 4, "at": "2020-05-13T09:00:00Z"},
        "certificate": {"certificate_no": "SRT/1", "at": "2020-05-11T09:00:00Z"},
        "satisfied": True,
        "flags": [],
        "money": {"paid": 200_000, "refunded": 0, "net": 200_000, "price_is": "stated"},
        "attendance": {"sessions": 0, "first_at": None, "last_at": None, "minutes": None},
        "last_reported_at": "2020-05-13T09:00:00Z",
    }


def test_silence_is_not_failure() -> None:
    assert row(PURCHASE) == {
        "partner": "pintaria",
        "participant_id": "PRK-000000001",
        "class_code": "C-0107",
        "title": None,
        "institution": None,
        "purchases": [
            {
                "purchase_id": "INV-1",
                "purchased_at": "2020-05-02T01:00:00Z",
                "package_code": None,
                "refunded_at": None,
            }
        ],
        "purchase": "active",
        "completion": {"state": "never_reported", "at": None, "percent": None, "units_done": 0},
        "assessment": {
            "state": "not_assessed",
            "at": None,
            "best_scaled": None,
            "attempts": 0,
            "pre_test_scaled": None,
        },
        "review": None,
        "certificate": None,
        "satisfied": False,
        "flags": [],
        "money": {"paid": 200_000, "refunded": 0, "net": 200_000, "price_is": "stated"},
        "attendance": {"sessions": 0, "first_at": None, "last_at": None, "minutes": None},
        "last_reported_at": None,
    }


def test_a_certificate_or_all_of_the_progress_is_not_completion() -> None:
    certificate = report("e-4", "certificate.issued", "2020-05-05T00:00:00Z", certificate_no="S")
    watched = report("e-5", "class.progressed", "2020-05-04T00:00:00Z", percent=100)
    found = row(CLASS, PURCHASE, certificate, watched)
    assert found["completion"]["state"] == "in_progress"
    assert found["completion"]["percent"] == 100
    assert found["flags"] == ["certificate_without_completion"]
    assert found["satisfied"] is False


@pytest.mark.parametrize("void_happened", ["2020-05-09T12:00:00Z", "2020-05-01T00:00:00Z"])
def test_a_void_that_arrives_before_its_target(void_happened: str) -> None:
    void = told("v-1", "event.voided", void_happened, target_id="e-2", reason="salah peserta")
    found = row(void, CLASS, PURCHASE, COMPLETED, PASSED)
    assert found["completion"] == {
        "state": "in_progress",
        "at": None,
        "percent": None,
        "units_done": 0,
    }
    assert found["assessment"]["state"] == "passed"
    assert found["satisfied"] is False


def test_a_void_of_a_void_and_a_void_by_another_participant_change_nothing() -> None:
    void = told("v-1", "event.voided", "2020-05-09T12:00:00Z", target_id="e-2", reason="x")
    again = told("v-2", "event.voided", "2020-05-09T13:00:00Z", target_id="v-1", reason="x")
    assert row(PURCHASE, COMPLETED, void, again) == row(PURCHASE, COMPLETED, void)
    assert row(PURCHASE, COMPLETED, again, void)["completion"]["state"] == "never_reported"
    other = told(
        "v-3",
        "event.voided",
        "2020-05-09T12:00:00Z",
        participant_id="PRK-000000002",
        target_id="e-2",
        reason="x",
    )
    assert row(PURCHASE, COMPLETED, other)["completion"]["state"] == "completed"


def test_a_refund_and_what_was_reported_after_it() -> None:
    refund = told("r-1", "purchase.refunded", "2020-05-08T00:00:00Z", purchase_id="INV-1")
    found = row(CLASS, PURCHASE, refund, COMPLETED)
    assert found["purchase"] == "refunded"
    assert found["purchases"][0]["refunded_at"] == "2020-05-08T00:00:00Z"
    assert found["flags"] == ["completed_without_assessment", "evidence_after_refund"]


def test_a_partial_refund_touches_the_class_it_names_only() -> None:
    both = [{"class_code": "C-0107"}, {"class_code": "C-0200"}]
    purchase = told("e-1", "purchase.paid", "2020-05-02T00:00:00Z", purchase_id="INV-1", items=both)
    refund = told(
        "r-1",
        "purchase.refunded",
        "2020-05-08T00:00:00Z",
        purchase_id="INV-1",
        class_codes=["C-0200"],
    )
    rows = expected_answers([purchase, refund]).purchased_classes
    assert [(each["class_code"], each["purchase"]) for each in rows] == [
        ("C-0107", "active"),
        ("C-0200", "refunded"),
    ]


def test_evidence_without_and_before_a_purchase() -> None:
    early = report("e-4", "class.progressed", "2020-05-01T00:00:00Z", percent=5)
    assert row(early)["purchase"] == "none"
    assert row(early)["flags"] == []
    assert row(early, PURCHASE)["flags"] == ["evidence_before_purchase"]


def test_purchased_twice_and_after_package_sales_ended() -> None:
    package = told(
        "e-9",
        "purchase.paid",
        "2020-06-30T00:00:00+07:00",
        purchase_id="INV-2",
        package_code="P-001",
        items=[{"class_code": "C-0107"}],
    )
    assert row(package, PURCHASE)["flags"] == ["package_after_sales_end", "purchased_twice"]
    assert [each["purchase_id"] for each in row(package, PURCHASE)["purchases"]] == [
        "INV-1",
        "INV-2",
    ]


@pytest.mark.parametrize(
    ("result", "state", "best"),
    [
        ({"score": {"raw": 69}}, "failed", 0.69),
        ({"score": {"raw": 70}}, "passed", 0.7),
        ({"score": {"raw": 10}, "passed": True}, "passed", 0.1),
        ({"score": {"raw": 90}, "passed": False}, "failed", 0.9),
        ({"passed": True}, "passed", None),
        ({}, "assessed", None),
    ],
)
def test_the_verdict(result: dict[str, Any], state: str, best: float | None) -> None:
    assessed = report("e-3", "class.assessed", "2020-05-10T00:00:00Z", kind="performance", **result)
    found = row(CLASS, PURCHASE, assessed)["assessment"]
    assert (found["state"], found["best_scaled"]) == (state, best)
    assert (found["attempts"], found["at"]) == (1, "2020-05-10T00:00:00Z")


def test_assignments_and_pre_tests_do_not_assess() -> None:
    assignment = report(
        "e-3", "class.assessed", "2020-05-10T00:00:00Z", kind="assignment", score={"raw": 90}
    )
    assert row(CLASS, PURCHASE, assignment, COMPLETED)["flags"] == ["completed_without_assessment"]


@pytest.mark.parametrize(
    ("move_on", "completed", "passed", "both"),
    [
        ("Completed", True, False, True),
        ("Passed", False, True, True),
        ("CompletedAndPassed", False, False, True),
        ("CompletedOrPassed", True, True, True),
        ("NotApplicable", True, True, True),
    ],
)
def test_satisfied_by_the_rule_published_last(
    move_on: str, completed: bool, passed: bool, both: bool
) -> None:
    again = told(
        "c-2",
        "class.published",
        "2020-09-01T00:00:00Z",
        class_code="C-0107",
        title="Menyeduh Kopi",
        institution="Balai Kursus Kenanga",
        move_on=move_on,
    )
    assert row(again, CLASS, PURCHASE, COMPLETED)["satisfied"] is completed
    assert row(again, CLASS, PURCHASE, PASSED)["satisfied"] is passed
    assert row(again, CLASS, PURCHASE, PASSED, COMPLETED)["satisfied"] is both


def test_as_of_sees_what_had_happened_by_then() -> None:
    void = told("v-1", "event.voided", "2020-05-20T00:00:00Z", target_id="e-2", reason="x")
    records = [CLASS, void, PURCHASE, COMPLETED, PASSED]

    def state(*day: int) -> tuple[str, str]:
        found = row(*records, as_of=datetime(*day, tzinfo=UTC))  # type: ignore[arg-type, misc]
        return found["completion"]["state"], found["assessment"]["state"]

    assert expected_answers(records, as_of=datetime(2020, 5, 1, tzinfo=UTC)).purchased_classes == []
    assert state(2020, 5, 9, 9, 59) == ("never_reported", "not_assessed")
    assert state(2020, 5, 9, 10) == ("completed", "not_assessed")
    assert state(2020, 5, 19) == ("completed", "passed")
    assert state(2020, 5, 20) == ("in_progress", "passed")


def test_a_meeting_counts_once_with_its_most_minutes() -> None:
    told = [
        report("e-4", "class.attended", "2020-05-05T00:00:00Z", session=1, minutes=40),
        report("e-5", "class.attended", "2020-05-06T00:00:00Z", session=1, minutes=90),
        report("e-6", "class.attended", "2020-05-07T00:00:00Z", session=2),
        report("e-7", "class.started", "2020-05-04T00:00:00Z"),
    ]
    found = row(PURCHASE, *told)
    assert found["attendance"] == {
        "sessions": 2,
        "first_at": "2020-05-05T00:00:00Z",
        "last_at": "2020-05-07T00:00:00Z",
        "minutes": 90,
    }
    assert found["completion"]["state"] == "in_progress"
