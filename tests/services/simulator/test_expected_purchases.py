"""The oracle on purchases, packages and evaluations small enough to be answered by hand."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.simulator.expected import expected_answers, write_expected
from tests.services.simulator.told import Told, told


def package(time: str = "2020-04-01T00:00:00Z", *codes: str) -> Told:
    return told(
        "p-1",
        "package.published",
        time,
        package_code="P-001",
        title="Paket Siap Kerja",
        class_codes=list(codes or ("A", "B", "C")),
    )


PURCHASE = told(
    "e-1",
    "purchase.paid",
    "2020-05-02T00:00:00Z",
    purchase_id="INV-1",
    package_code="P-001",
    amount=900_000,
)


def completed(class_code: str) -> Told:
    return told(f"d-{class_code}", "class.completed", "2020-05-09T00:00:00Z", class_code=class_code)


def sold(*records: Told, as_of: datetime | None = None) -> dict[str, Any]:
    found = expected_answers(records, as_of=as_of).package_purchases
    assert len(found) == 1
    return found[0]


def test_a_package_that_misses_one_class() -> None:
    assert sold(package(), PURCHASE, completed("C"), completed("A")) == {
        "partner": "pintaria",
        "purchase_id": "INV-1",
        "participant_id": "PRK-000000001",
        "package_code": "P-001",
        "title": "Paket Siap Kerja",
        "purchased_at": "2020-05-02T00:00:00Z",
        "after_sales_end": False,
        "unresolved": False,
        "class_codes": ["A", "B", "C"],
        "money": {
            "paid": 900_000,
            "refunded": 0,
            "net": 900_000,
            "price_is": "allocated",
            "unallocated": 0,
        },
        "missing": ["B"],
        "complete": False,
        "flags": [],
    }


def test_a_complete_package() -> None:
    found = sold(package(), PURCHASE, *map(completed, "ABC"))
    assert (found["missing"], found["complete"]) == ([], True)


def test_a_package_is_unresolved_until_it_is_published() -> None:
    late = package("2020-06-01T00:00:00Z")
    unresolved = sold(PURCHASE, completed("A"))
    assert (unresolved["unresolved"], unresolved["class_codes"]) == (True, [])
    assert (unresolved["complete"], unresolved["missing"]) == (None, [])
    assert unresolved["money"] == {
        "paid": 0,
        "refunded": 0,
        "net": 0,
        "price_is": None,
        "unallocated": 900_000,
    }
    assert sold(PURCHASE, completed("A"), late)["missing"] == ["B", "C"]
    before = datetime(2020, 5, 31, tzinfo=UTC)
    assert sold(PURCHASE, completed("A"), late, as_of=before) == unresolved
    rows = expected_answers([PURCHASE, completed("A")]).purchased_classes
    assert [(each["class_code"], each["purchase"]) for each in rows] == [("A", "none")]
    rows = expected_answers([PURCHASE, completed("A"), late]).purchased_classes
    assert [(each["class_code"], each["purchase"]) for each in rows] == [
        ("A", "active"),
        ("B", "active"),
        ("C", "active"),
    ]


def test_package_sales_end_is_the_first_forbidden_instant() -> None:
    def sold_at(time: str) -> bool:
        purchase = told("e-1", "purchase.paid", time, purchase_id="INV-1", package_code="P-001")
        return bool(sold(package(), purchase)["after_sales_end"])

    assert sold_at("2020-06-30T00:00:00+07:00") is True
    assert sold_at("2020-06-29T23:59:59.999999+07:00") is False


def test_a_purchase_told_again_adds_items_and_keeps_the_earliest_time() -> None:
    def paid(event_id: str, time: str, *codes: str) -> Told:
        items = [{"class_code": code, "price": 100_000} for code in codes]
        return told(event_id, "purchase.paid", time, purchase_id="INV-1", items=items)

    again = paid("e-2", "2020-05-05T00:00:00Z", "A", "B")
    first = paid("e-1", "2020-05-02T00:00:00Z", "A")
    refund = told(
        "r-1",
        "purchase.refunded",
        "2020-05-08T00:00:00Z",
        purchase_id="INV-1",
        class_codes=["B"],
    )
    (purchase,) = expected_answers([again, refund, first]).purchases
    classes = purchase.pop("classes")
    assert purchase == {
        "partner": "pintaria",
        "purchase_id": "INV-1",
        "participant_id": "PRK-000000001",
        "purchased_at": "2020-05-02T00:00:00Z",
        "package_code": None,
        "amount": None,
        "amount_differs": False,
        "money": {
            "paid": 200_000,
            "refunded": 100_000,
            "net": 100_000,
            "price_is": "stated",
            "unallocated": 0,
        },
        "unresolved": False,
        "refunded_at": None,
        "flags": [],
    }
    assert [(c["class_code"], c["price"], c["refunded_at"], c["purchase"]) for c in classes] == [
        ("A", 100_000, None, "active"),
        ("B", 100_000, "2020-05-08T00:00:00Z", "refunded"),
    ]


def evaluated_story() -> list[Told]:
    """Four people bought class A: one passed, one failed, one stopped at 42 percent, one silent."""
    records = [
        told(
            "c-1",
            "class.published",
            "2020-04-01T00:00:00Z",
            class_code="A",
            title="Tata Rias",
            institution="Rumah Belajar Melati",
        )
    ]

    def add(person: int, kind: str, day: int, /, **data: Any) -> None:
        who = f"PRK-00000000{person}"
        number = f"e-{len(records)}"
        time = f"2020-05-{day:02d}T00:00:00Z"
        records.append(told(number, kind, time, participant_id=who, **data))

    for person in range(1, 5):
        items = [{"class_code": "A"}]
        paid = {"purchase_id": f"INV-{person}", "items": items, "amount": 100_000 * person}
        add(person, "purchase.paid", 1, **paid)
    for person, raw in ((1, 90), (2, 50)):
        add(person, "class.assessed", 2, class_code="A", kind="pre_test", score={"raw": 30})
        add(person, "class.completed", 4 + 2 * person, class_code="A")
        add(person, "class.assessed", 9, class_code="A", kind="post_test", score={"raw": raw})
    add(1, "class.reviewed", 10, class_code="A", rating=5)
    add(3, "class.progressed", 3, class_code="A", percent=42)
    return records


def test_an_evaluation() -> None:
    found = expected_answers(evaluated_story(), as_of=datetime(2020, 6, 1, tzinfo=UTC)).evaluations
    figures = {
        "purchased": 4,
        "refunded": 0,
        "never_reported": 1,
        "started": 3,
        "completed": 2,
        "assessed": 2,
        "passed": 1,
        "failed": 1,
        "satisfied": 1,
        "reviewed": 1,
        "score_histogram": [0, 0, 0, 0, 0, 1, 0, 0, 0, 1],
        "score_mean": 0.7,
        "score_median": 0.7,
        "gain_mean": 0.4,
        "gain_count": 2,
        "rating_mean": 5.0,
        "rating_distribution": {"1": 0, "2": 0, "3": 0, "4": 0, "5": 1},
        "median_days_to_completion": 6.0,
        "drop_off": [0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
        "drop_off_without_percent": 0,
        "flags": {
            "package_after_sales_end": 0,
            "certificate_without_completion": 0,
            "completed_without_assessment": 0,
            "evidence_before_purchase": 0,
            "evidence_after_refund": 0,
            "purchased_twice": 0,
        },
        "silence": {
            "under_24_hours": 0,
            "24_to_48_hours": 0,
            "2_to_7_days": 0,
            "7_to_30_days": 0,
            "30_to_90_days": 1,
            "90_days_or_more": 0,
        },
        "money": {
            "paid": 1_000_000,
            "refunded": 0,
            "net": 1_000_000,
            "net_by_completion": {
                "completed": 300_000,
                "in_progress": 300_000,
                "never_reported": 400_000,
            },
            "net_by_assessment": {
                "passed": 100_000,
                "failed": 200_000,
                "assessed": 0,
                "not_assessed": 700_000,
            },
            "net_satisfied": 100_000,
            "net_not_satisfied": 900_000,
            "net_attended": 0,
            "net_not_attended": 1_000_000,
            "allocated": 1_000_000,
            "unallocated": 0,
            "unpriced": 0,
        },
    }
    assert found["classes"] == [
        {
            "partner": "pintaria",
            "class_code": "A",
            "title": "Tata Rias",
            "institution": "Rumah Belajar Melati",
            **figures,
        }
    ]
    assert found["institutions"] == [
        {
            "institution": "Rumah Belajar Melati",
            "partners": ["pintaria"],
            "completed_of_started": {
                "share": 2 / 3,
                "low": pytest.approx(0.2077, abs=5e-5),
                "high": pytest.approx(0.9385, abs=5e-5),
                "few": True,
            },
            **figures,
        }
    ]
    none_sold = {
        "purchases": 0,
        "complete": 0,
        "share_complete": None,
        "incomplete": 0,
        "unresolved": 0,
        "after_sales_end": 0,
    }
    assert found["partners"] == [{"partner": "pintaria", "packages": none_sold, **figures}]
    assert found["packages"] == []


def silent(hours: float) -> dict[str, int]:
    """The silence of one purchase at half past nine, so many hours later."""
    bought = datetime(2020, 5, 1, 9, 30, tzinfo=UTC)
    record = told(
        "e-1",
        "purchase.paid",
        "2020-05-01T09:30:00Z",
        participant_id="PRK-000000001",
        purchase_id="INV-1",
        items=[{"class_code": "A"}],
    )
    (found,) = expected_answers([record], bought + timedelta(hours=hours)).evaluations["partners"]
    return {age: count for age, count in found["silence"].items() if count}


def test_silences_are_counted_by_age() -> None:
    assert silent(0) == silent(23.4) == {"under_24_hours": 1}
    assert silent(23.5) == silent(47) == {"24_to_48_hours": 1}
    assert silent(48) == {"2_to_7_days": 1}
    assert silent(7 * 24) == {"7_to_30_days": 1}
    assert silent(30 * 24) == {"30_to_90_days": 1}
    assert silent(90 * 24) == silent(1_000 * 24) == {"90_days_or_more": 1}


def test_a_package_is_evaluated_class_by_class() -> None:
    records = [package(), PURCHASE, *map(completed, "AB")]
    (found,) = expected_answers(records).evaluations["packages"]
    classes = found.pop("classes")
    assert found.pop("money")["paid"] == sum(of["money"]["paid"] for of in classes)
    assert found == {
        "partner": "pintaria",
        "package_code": "P-001",
        "title": "Paket Siap Kerja",
        "purchases": 1,
        "complete": 0,
        "share_complete": 0.0,
        "incomplete": 1,
        "unresolved": 0,
        "after_sales_end": 0,
    }
    assert [(c["class_code"], c["purchased"], c["completed"]) for c in classes] == [
        ("A", 1, 1),
        ("B", 1, 1),
        ("C", 1, 0),
    ]


def test_the_answers_are_written_as_json(tmp_path: Path) -> None:
    records = [*evaluated_story(), told("e-1", "class.completed", "2020-05-09T00:00:00Z")]
    write_expected(tmp_path / "expected.json", records)
    written = json.loads((tmp_path / "expected.json").read_text(encoding="utf-8"))
    assert written == asdict(expected_answers(records))
    assert len(written["purchased_classes"]) == 4
    assert written["counts"] == {
        "tuntas.partner.pintaria": {
            "accepted": 13,
            "duplicate": 0,
            "rejected": 1,
            "reasons": {"invalid_data": 1},
        }
    }
