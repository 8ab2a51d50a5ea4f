"""`tuntas check` judges statements as the intake would, were their header and key right."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from domain.errors import Reason
from services.cli.app import application
from services.intake.offline import check_lines
from tests.services.xapi.statements import PARTNER, Json, decoded, statement

LESSON = {"id": "https://learn.example/course?id=7"}

CASES: dict[str, Json] = {
    "good": statement(),
    "a lesson": statement(object=LESSON),
    "no timestamp": statement(timestamp=None),
    "a property that xAPI has not": statement(colour="red"),
    "waived": statement("https://w3id.org/xapi/adl/verbs/waived"),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("partner", [PARTNER, None])
def test_a_statement_ends_as_the_intake_ends_it(name: str, partner: str | None) -> None:
    (line,) = check_lines([json.dumps(CASES[name]).encode()], partner)
    outcome = decoded(CASES[name])
    assert line.reason == getattr(outcome, "reason", None)
    assert line.detail == getattr(outcome, "detail", None)
    assert line.hints == ()


def test_what_only_the_newer_version_allows_is_accepted() -> None:
    agents = [{"objectType": "contextAgent", "agent": {"mbox": "mailto:a@example.org"}}]
    told = statement(context={"contextAgents": agents})
    assert getattr(decoded(told), "reason", None) == Reason.INVALID_DATA
    (line,) = check_lines([json.dumps(told).encode()], PARTNER)
    assert line.outcome == "accepted"


def test_repeats_and_conflicts_are_told() -> None:
    other = statement("http://adlnet.gov/expapi/verbs/passed")
    lines = [json.dumps(tree).encode() for tree in (statement(), statement(), other)]
    told = [line.reason or line.outcome for line in check_lines(lines, PARTNER)]
    assert told == ["accepted", "duplicate", Reason.ID_CONFLICT]


def test_an_event_with_a_verb_is_an_event() -> None:
    event = {"specversion": "1.0", "verb": "x", "id": "e-1"}
    (line,) = check_lines([json.dumps(event).encode()], PARTNER)
    assert line.reason == Reason.NOT_CLOUDEVENTS


def test_a_file_says_which_class_an_activity_is(tmp_path: Path) -> None:
    file, classes = tmp_path / "statements.jsonl", tmp_path / "classes.json"
    file.write_text(json.dumps(CASES["a lesson"]))
    ran = CliRunner().invoke(application(()), ["check", str(file), "--partner", PARTNER])
    assert ran.exit_code == 1
    assert "statements.jsonl:1: unmapped_activity" in ran.output
    classes.write_text(json.dumps({PARTNER: {LESSON["id"]: "C-7"}}))
    with_classes = ["check", str(file), "--partner", PARTNER, "--classes", str(classes)]
    assert CliRunner().invoke(application(()), with_classes).exit_code == 0
    classes.write_text("[]")
    assert CliRunner().invoke(application(()), with_classes).exit_code == 2
