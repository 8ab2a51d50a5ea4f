"""`tuntas check`: each line ends as the intake would end it, whatever is in it."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from domain.errors import Reason
from domain.vocabulary import PARTNERS
from services.cli.app import application
from services.cloudevents.decode import decode
from services.intake.offline import check_lines
from tests.services.cli.commands import command
from tests.services.cloudevents.samples import PARTNER, envelope
from tests.services.xapi import statements

DATA = {"participant_id": "P", "class_code": "C"}

LINES = {
    "half of a surrogate pair in a field's name": envelope(
        "class.completed.v1", DATA | {"\udfaa": 0}
    ),
    "half of a surrogate pair below an unknown field": envelope(
        "class.completed.v1", DATA | {"zzz": ["\udfaa"]}
    ),
    "half of a surrogate pair in an unknown attribute": envelope(
        "class.completed.v1", DATA, zzz="\udfaa"
    ),
    "a name of an attribute with it": envelope("class.completed.v1", DATA, **{"\udfaa": 1}),
    "a number of 5,000 digits": envelope("class.completed.v1", DATA | {"zzz": 10**4000}),
}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("partner", [PARTNER, None])
def test_a_line_ends_as_the_intake_ends_it_with_and_without_a_partner(
    name: str, partner: str | None
) -> None:
    value = json.dumps(LINES[name]).encode()
    (line,) = check_lines([value], partner)
    outcome = decode(PARTNER, None, (), value)
    assert line.reason == getattr(outcome, "reason", None)


def test_a_line_that_names_another_partner_is_refused_for_the_partner_it_is_meant_for() -> None:
    value = json.dumps(envelope("class.completed.v1", DATA)).encode()
    (line,) = check_lines([value], "tokopedia")
    assert line.reason == Reason.SOURCE_MISMATCH


def test_a_line_whose_source_names_nobody_is_told_of_every_platform() -> None:
    value = json.dumps(envelope("class.completed.v1", DATA, source="https://lms.example")).encode()
    (line,) = check_lines([value])
    assert line.reason == Reason.SOURCE_MISMATCH
    assert line.detail
    assert all(partner in line.detail for partner in PARTNERS)
    (line,) = check_lines([value], "tokopedia")
    assert line.detail == "`source` must be /partners/tokopedia: the topic says who is speaking."


def test_no_line_of_a_file_ends_the_command(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in LINES.values()))
    result = CliRunner().invoke(application(["check"]), ["check", str(file)])
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "events.jsonl:1: invalid_data" in result.output


def test_activities_are_mapped_as_the_intake_maps_them(tmp_path: Path) -> None:
    activity = "https://learn.example/course?id=7"
    classes = tmp_path / "xapi.json"
    classes.write_text(json.dumps({statements.PARTNER: {activity: "C-7"}}))
    file = tmp_path / "statements.jsonl"
    file.write_text(json.dumps(statements.statement(object={"id": activity})))
    check = application(["check"])
    alone = CliRunner().invoke(check, ["check", "--partner", statements.PARTNER, str(file)])
    assert "unmapped_activity" in alone.output
    for partner in (["--partner", statements.PARTNER], []):  # a statement does not name it
        mapped = CliRunner().invoke(
            check, ["check", *partner, str(file)], env={"TUNTAS_XAPI_CLASSES": str(classes)}
        )
        assert (mapped.exit_code, "unmapped_activity" in mapped.output) == (0, False), mapped.output


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, {"id": []}, {"id": {}}])
def test_a_statement_with_an_odd_object_is_refused_as_the_intake_would(odd: object) -> None:
    value = json.dumps(statements.statement(object=odd)).encode()
    (line,) = check_lines([value], activities={"tokopedia": {"x": "C"}})
    assert line.reason == Reason.INVALID_DATA


def test_standard_input_is_a_file_called_dash() -> None:
    lines = [*(json.dumps(line) for line in LINES.values()), "no json"]
    ran = subprocess.run(
        command(["check", "-"]), input="\n".join(lines), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert f"<stdin>:{len(lines)}: not_json" in ran.stdout
    assert f"<stdin>: {len(lines)} lines" in ran.stdout
