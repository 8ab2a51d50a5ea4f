"""The commands of a first hour with Tuntas, on the embedded servers, in an empty folder."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import pytest

from domain.vocabulary import PARTNERS
from tests.end_to_end.embedded_run import Up, tuntas, up

pytestmark = pytest.mark.slow

PARTICIPANT = "PRK-000000001"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """An empty folder that the embedded PostgreSQL's own user can reach."""
    with TemporaryDirectory(prefix="tuntas-tests-") as folder:
        yield Path(folder)


def event(event_id: str, kind: str, time: str, partner: str, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/partners/{partner}",
        "type": f"id.tuntas.{kind}.v1",
        "time": time,
        "data": {"participant_id": PARTICIPANT, **data},
    }


def first_events(partner: str, purchase_id: str = "INV-1") -> list[dict[str, Any]]:
    """What a partner sends first: a purchase, and the completion of what was bought."""
    return [
        event(
            f"{purchase_id}-paid",
            "purchase.paid",
            "2020-05-02T10:00:00+07:00",
            partner,
            purchase_id=purchase_id,
            items=[{"class_code": "C-0001", "price": 250_000}],
        ),
        event(
            f"{purchase_id}-done",
            "class.completed",
            "2020-05-20T20:15:00+07:00",
            partner,
            class_code="C-0001",
        ),
    ]


def write_lines(path: Path, events: list[Any]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in events))
    return path


def publish(run: Up, partner: str, purchase_id: str = "INV-1") -> None:
    """Sends a partner's first events by the command line."""
    file = write_lines(run.state_dir.parent / "first.jsonl", first_events(partner, purchase_id))
    ran = tuntas(run.state_dir, "publish", "--partner", partner, str(file))
    assert ran.returncode == 0, ran.stderr
    assert f"2 records are in tuntas.partner.{partner}" in ran.stdout


def classes(run: Up) -> list[dict[str, Any]]:
    """What is answered about the participant."""
    items: list[dict[str, Any]] = run.ask(f"/v1/participants/{PARTICIPANT}/classes")["items"]
    return items


def test_the_demo_answers_the_programmes_questions_and_ends(folder: Path) -> None:
    ran = tuntas(folder / "demo", "demo", "--exit", "--events", "3000")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3,000 records sent, read and answered" in ran.stdout
    for told in (
        "What became of each Kafka record",
        "Every record is accounted for",
        "Why records were rejected",
        "Was every class that somebody bought completed, and was it assessed?",
        "Packages: one purchase, several classes",
        "every purchased class, across partners",
        "The events behind one answer",
        "One rejected record's way",
        "invalid_data: `data.score.raw` must be",
        "is resolved",
        "tuntas.answers.",
        *PARTNERS.values(),
    ):
        assert told in ran.stdout
    assert ran.stderr == ""


@pytest.fixture(scope="module")
def runs(folder: Path) -> Iterator[list[Up]]:
    """Two runs of folders of their own that were started at once, the first for tests to share."""
    runs = []
    for name in ("shared", "other"):
        (folder / name).mkdir()
        runs.append(Up(folder / name / "state"))
    try:
        for run in runs:
            run.wait_until_it_runs()
        yield runs
    finally:
        for run in runs:
            run.ensure_ended()


@pytest.fixture
def run(runs: list[Up]) -> Up:
    return runs[0]


def test_a_partners_first_event_is_answered(run: Up) -> None:
    publish(run, "pintaria")
    run.wait_until_read(2)
    (item,) = classes(run)
    assert item["partner"] == "pintaria"
    assert item["purchases"][0]["purchased_at"] == "2020-05-02T03:00:00Z"
    assert item["completion"] == {
        "state": "completed",
        "at": "2020-05-20T13:15:00Z",
        "percent": None,
        "units_done": 0,
    }
    history = run.ask(item["history"])["items"]
    assert [each["id"] for each in history] == ["INV-1-paid", "INV-1-done"]


def test_status_tells_where_everything_runs_and_how_far_it_is(run: Up) -> None:
    run.wait_until_read(2)
    told = run.status()
    places = {"kafka_bootstrap", "database_url", "api_url", "evaluator_token"}
    assert told.keys() == places | {"waiting", "answers_behind", "services", "lanes"}
    assert told["waiting"] == 0
    assert {each["service"] for each in told["services"] if each["lives"]} == {"ingest", "project"}
    lanes = {(lane["topic"], lane["partition"]): lane for lane in told["lanes"]}
    assert lanes.keys() == {(f"tuntas.partner.{p}", n) for p in PARTNERS for n in range(6)}
    assert sum(lane["accepted"] for lane in lanes.values()) == 2
    assert {lane["lag"] for lane in lanes.values()} == {0}
    assert "Skill Academy by Ruangguru" in tuntas(run.state_dir, "status").stdout


def test_a_second_run_of_the_same_state_directory_is_refused(run: Up) -> None:
    ran = tuntas(run.state_dir, "up")
    assert ran.returncode == 1
    assert "already runs Tuntas" in ran.stderr


def test_a_command_without_a_run_says_what_to_do(folder: Path) -> None:
    ran = tuntas(folder / "nothing", "status")
    assert ran.returncode == 2
    assert "tuntas up" in ran.stderr


@pytest.mark.parametrize(
    ("events", "code", "said"),
    [
        (first_events("tokopedia"), 0, "accepted"),
        ([*first_events("tokopedia"), *first_events("tokopedia")], 0, "duplicate"),
        ([*first_events("tokopedia"), {"id": "x"}], 1, ":3: not_cloudevents"),
        (
            [event("e", "class.completed", "2020-05-01T00:00:00", "tokopedia", class_code="C")],
            1,
            "not_cloudevents",
        ),
        (
            [event("e", "class.progressed", "2020-05-01T00:00:00Z", "tokopedia", class_code="C")],
            1,
            "invalid_data",
        ),
    ],
    ids=["accepted", "repeated", "no event", "naive time", "no progress"],
)
def test_check_says_beforehand_what_would_be_rejected(
    folder: Path, events: list[Any], code: int, said: str
) -> None:
    file = write_lines(folder / "to-check.jsonl", events)
    ran = tuntas(folder / "nothing", "check", str(file))
    assert ran.returncode == code, ran.stdout
    assert said in ran.stdout


def test_unknown_settings_are_refused(folder: Path) -> None:
    ran = tuntas(folder / "nothing", "check", "x", TUNTAS_KAFKA_BOOTSRAP="localhost:9092")
    assert ran.returncode == 2


def test_two_runs_started_at_once_do_not_meet(runs: list[Up]) -> None:
    publish(runs[1], "sisnaker", "INV-TWO")
    for run, partner in zip(runs, ("pintaria", "sisnaker"), strict=True):
        run.wait_until_read(2)
        assert [item["partner"] for item in classes(run)] == [partner]
    assert len({run.status()["api_url"] for run in runs}) == 2


def test_a_stopped_run_leaves_no_process_and_the_next_one_keeps_its_answers(
    runs: list[Up],
) -> None:
    """The embedded broker keeps its log in memory: the second run reads a new log into new lanes."""
    first = runs[1]
    started = first.descendants()
    assert len(started) >= 8, started
    lanes = first.status()["lanes"]
    assert first.terminate() == 0
    _, alive = psutil.wait_procs(started, timeout=0)
    assert alive == []
    assert tuntas(first.state_dir, "status").returncode == 2

    with up(first.state_dir) as second:
        assert [item["completion"]["state"] for item in classes(second)] == ["completed"]
        publish(second, "sisnaker", "INV-TWO")
        publish(second, "sisnaker", "INV-3")
        second.wait_until_read(6)
        totals = second.ask("/v1/intake")["totals"]
        assert (totals["accepted"], totals["duplicate"], totals["rejected"]) == (4, 2, 0)
        (item,) = classes(second)
        assert {each["purchase_id"] for each in item["purchases"]} == {"INV-TWO", "INV-3"}
        logs = {lane["log_id"] for lane in second.status()["lanes"]}
        assert len(logs) == 2
        assert {lane["log_id"] for lane in lanes} < logs
