"""The OULAD example alone: its events against figures computed from the tables by other means."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from docs.examples.oulad import partner_events
from tests.end_to_end.oulad_figures import DATA_DIR, Answer, answers, by_class, read

PAGE = DATA_DIR.parents[1] / "oulad.md"

Event = dict[str, Any]


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return list(partner_events.events(DATA_DIR))


@pytest.fixture(scope="module")
def season(lines: list[bytes]) -> list[Event]:
    return [json.loads(line) for line in lines]


def told(season: list[Event], name: str, **wanted: str) -> dict[tuple[str, str], Event]:
    """Events of one type by participant and class; there must be one at most."""
    found = [
        event
        for event in season
        if event["type"] == f"id.tuntas.{name}.v1"
        and all(event["data"][field] == value for field, value in wanted.items())
    ]
    by_place = {(event["data"]["participant_id"], class_of(event)): event for event in found}
    assert len(by_place) == len(found)
    return by_place


def class_of(event: Event) -> str:
    data = event["data"]
    if "items" in data:
        (item,) = data["items"]
        return str(item["class_code"])
    return str(data.get("class_code") or data["purchase_id"].rpartition("-")[0])


def test_every_row_becomes_one_event(season: list[Event]) -> None:
    registrations = read(DATA_DIR, "studentRegistration")[1:]
    results = Counter(row[-1] for row in read(DATA_DIR, "studentResult")[1:])
    assert Counter(event["type"] for event in season) == {
        "id.tuntas.class.published.v1": len(read(DATA_DIR, "courses")) - 1,
        "id.tuntas.purchase.paid.v1": len(registrations),
        "id.tuntas.purchase.refunded.v1": sum(row[-1] != "" for row in registrations),
        "id.tuntas.class.assessed.v1": len(read(DATA_DIR, "studentAssessment")) - 1,
        "id.tuntas.class.completed.v1": results["Pass"] + results["Distinction"],
    }


def test_purchases_and_refunds_are_the_registrations(season: list[Event]) -> None:
    paid = told(season, "purchase.paid")
    refunded = told(season, "purchase.refunded")
    assert {place: event["time"] for place, event in paid.items()} == {
        place(answer): answer.purchased_at for answer in answers()
    }
    assert {place: event["time"] for place, event in refunded.items()} == {
        place(answer): answer.refunded_at for answer in answers() if answer.refunded_at
    }
    for bought, event in refunded.items():
        assert event["data"]["purchase_id"] == paid[bought]["data"]["purchase_id"]
    assert len({event["data"]["purchase_id"] for event in paid.values()}) == len(paid)


def test_completions_are_the_passed_presentations(season: list[Event]) -> None:
    completed = told(season, "class.completed")
    assert {place: event["time"] for place, event in completed.items()} == {
        place(answer): answer.completed_at for answer in answers() if answer.completed_at
    }


def test_one_result_assesses_each_student_who_handed_in_anything(season: list[Event]) -> None:
    results = told(season, "class.assessed", kind="post_test")
    verdicts = {place: (verdict(event), event["time"]) for place, event in results.items()}
    assert verdicts == {
        place(answer): (answer.assessment, answer.assessed_at)
        for answer in answers()
        if answer.attempts
    }
    kinds = Counter(event["data"]["kind"] for event in season if "kind" in event["data"])
    assert kinds == {"post_test": 11_830, "assignment": 24_354}


def place(answer: Answer) -> tuple[str, str]:
    return answer.participant_id, answer.class_code


def verdict(event: Event) -> str:
    """What the contract makes of a result without a verdict of its own, in whole marks."""
    score = event["data"].get("score")
    if score is None:
        return "assessed"
    assert score["max"] == 100
    return "passed" if score["raw"] >= 40 else "failed"


def test_every_class_carries_the_pass_mark(season: list[Event]) -> None:
    published = [event["data"] for event in season if event["type"].endswith("published.v1")]
    assert {data["mastery_score"] for data in published} == {0.4}
    assert {data["institution"] for data in published} == {"Open University"}
    assert [figure.class_code for figure in by_class()] == sorted(
        data["class_code"] for data in published
    )


def test_ids_are_unique_and_within_the_contract(season: list[Event], lines: list[bytes]) -> None:
    ids = {event["id"] for event in season}
    assert len(ids) == len(season)
    assert max(map(len, ids)) <= 128
    assert {event["source"] for event in season} == {"/partners/pintaria"}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:00:00Z", event["time"]) for event in season)
    keys = {partner_events.key_of(line) for line in lines}
    participants = {key for key in keys if key.startswith("OU-")}
    assert all(re.fullmatch(r"OU-\d{9}", key) for key in participants)
    assert keys - participants == {figure.class_code for figure in by_class()}


def test_the_figures_are_the_known_ones() -> None:
    """Counted once by hand-written loops over the files; a wrong view cannot agree with itself."""
    everything = answers()
    assert len(everything) == 12_489
    assert Counter((answer.completion, answer.assessment) for answer in everything) == {
        ("completed", "passed"): 8_771,
        ("completed", "failed"): 137,
        ("completed", "assessed"): 3,
        ("completed", "not_assessed"): 6,
        ("in_progress", "passed"): 2_506,
        ("in_progress", "failed"): 405,
        ("in_progress", "assessed"): 8,
        ("never_reported", "not_assessed"): 653,
    }
    assert sum(answer.satisfied for answer in everything) == 8_771
    assert sum(answer.refunded_at is not None for answer in everything) == 9
    assert {answer.participant_id for answer in everything if answer.evidence_after_refund} == {
        "OU-000403052"
    }
    assert {answer.participant_id for answer in everything if answer.evidence_before_purchase} == {
        "OU-000242149",
        "OU-000305535",
        "OU-000612443",
    }


def test_the_page_shows_these_figures() -> None:
    shown = re.findall(r"^\| ([A-Z]{3}-\d{4}[BJ]) \|(.*)\|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert [(code, [cell.strip() for cell in cells.split("|")]) for code, cells in shown] == [
        (
            figure.class_code,
            [f"{number:,}" for number in figure[1:11]] + [f"{figure.mean_scaled:.3f}"],
        )
        for figure in by_class()
    ]


def write_tables(folder: Path) -> None:
    """One presentation, four students: with an exam, without, two due on one day, nothing."""
    tables = {
        "courses": "code_module,code_presentation,module_presentation_length\nXXX,2013B,200\n",
        "assessments": "code_module,code_presentation,id_assessment,assessment_type,date,weight\n"
        "XXX,2013B,10,TMA,20,30\nXXX,2013B,9,TMA,90,70\nXXX,2013B,11,CMA,90,5\n"
        "XXX,2013B,8,Exam,,100\n",
        "studentRegistration": "code_module,code_presentation,id_student,date_registration,"
        "date_unregistration\nXXX,2013B,1,-9,\nXXX,2013B,2,-9,\nXXX,2013B,3,5,\nXXX,2013B,4,0,12\n",
        "studentAssessment": "id_assessment,id_student,date_submitted,is_banked,score\n"
        "8,1,195,0,39\n9,1,80,0,90\n10,2,18,0,40\n11,3,91,0,100\n9,3,-1,1,\n",
        "studentResult": "code_module,code_presentation,id_student,num_of_prev_attempts,"
        "final_result\nXXX,2013B,1,0,Fail\nXXX,2013B,2,2,Pass\nXXX,2013B,3,0,Distinction\n"
        "XXX,2013B,4,0,Fail\n",
    }
    for table, text in tables.items():
        (folder / f"{table}.csv").write_text(text, encoding="utf-8")


def test_what_assesses_a_class_by_hand(tmp_path: Path) -> None:
    write_tables(tmp_path)
    season = [json.loads(line) for line in partner_events.events(tmp_path)]
    closing = {
        event["data"]["participant_id"]: (event["id"], verdict(event), event["time"])
        for event in season
        if event["data"].get("kind") == "post_test"
    }
    assert closing == {
        "OU-000000001": ("submitted-8-1", "failed", "2013-08-15T12:00:00Z"),
        "OU-000000002": ("submitted-10-2", "passed", "2013-02-19T12:00:00Z"),
        "OU-000000003": ("submitted-9-3", "assessed", "2013-01-31T12:00:00Z"),
    }
    figures = answers(data_dir=tmp_path)
    assert {
        answer.participant_id: (answer.assessment, answer.assessed_at)
        for answer in figures
        if answer.attempts
    } == {participant: result[1:] for participant, result in closing.items()}
    assert [(answer.completion, answer.satisfied) for answer in figures] == [
        ("in_progress", 0),
        ("completed", 1),
        ("completed", 0),
        ("never_reported", 0),
    ]
    again = [event for event in season if event["data"].get("attempt") == 3]
    assert [event["id"] for event in again] == ["submitted-10-2"]


def test_the_script_needs_nothing_but_python(tmp_path: Path) -> None:
    write_tables(tmp_path)
    script = Path(partner_events.__file__)
    ran = subprocess.run(
        [sys.executable, "-I", "-S", script, tmp_path], capture_output=True, check=True, timeout=60
    )
    assert ran.stdout.splitlines() == list(partner_events.events(tmp_path))
    assert ran.stderr == b""
