"""The OULAD season through Kafka, ingest, PostgreSQL and HTTP: every answer as the tables give it."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from docs.examples.oulad import partner_events
from tests.end_to_end.oulad_figures import (
    DATA_DIR,
    END_OF_TIME,
    FLAGS,
    Answer,
    answers,
    by_class,
    evaluation,
)
from tests.end_to_end.running_system import RunningSystem

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PARTNER = partner_events.PARTNER
REPEATED = 1_000

Item = dict[str, Any]


@pytest.fixture(scope="module")
def season(
    running_system: RunningSystem, tmp_path_factory: pytest.TempPathFactory
) -> RunningSystem:
    """The system after the whole season: published out of order, and a part of it twice."""
    lines = list(partner_events.events(DATA_DIR))
    random.Random(2013).shuffle(lines)
    file = tmp_path_factory.mktemp("oulad") / "oulad.jsonl"
    file.write_bytes(b"\n".join(lines + lines[:REPEATED]) + b"\n")
    publish(running_system, file)
    running_system.wait_until_drained()
    return running_system


def publish(system: RunningSystem, file: Path) -> None:
    """Sends a file as a partner would, by the command line."""
    ran = subprocess.run(
        [sys.executable, "-m", "services.cli", "publish", "--partner", PARTNER, file],
        env=system.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


@contextmanager
def asking(system: RunningSystem) -> Iterator[httpx.Client]:
    token = {"Authorization": f"Bearer {system.evaluator_token}"}
    with httpx.Client(base_url=system.api_url, headers=token, timeout=60) as client:
        yield client


def purchased_classes(system: RunningSystem, **wanted: str) -> list[Item]:
    """Every purchased class of the partner, streamed."""
    query = {"partner": PARTNER, **wanted}
    as_lines = {"Accept": "application/x-ndjson"}
    with (
        asking(system) as client,
        client.stream("GET", "/v1/purchased-classes", params=query, headers=as_lines) as response,
    ):
        response.raise_for_status()
        return [json.loads(line) for line in response.iter_lines() if line]


def paged(system: RunningSystem, **wanted: str) -> list[Item]:
    """The same, page by page."""
    query = {"partner": PARTNER, "limit": "1000", **wanted}
    items: list[Item] = []
    with asking(system) as client:
        while True:
            page = client.get("/v1/purchased-classes", params=query).raise_for_status().json()
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            query["cursor"] = page["next_cursor"]


def same_instants(value: Any, name: str = "") -> Any:
    """``value`` with its times as instants, however they are written."""
    if isinstance(value, dict):
        return {key: same_instants(held, key) for key, held in value.items()}
    if isinstance(value, list):
        return [same_instants(held) for held in value]
    if isinstance(value, str) and (name == "at" or name.endswith("_at")):
        return datetime.fromisoformat(value).astimezone(UTC)
    return value


def expected(answer: Answer) -> Item:
    """The answer as the API has to give it (contract section 3, "One purchased class")."""
    module, presentation = answer.class_code.split("-")
    student = int(answer.participant_id.removeprefix("OU-"))
    return {
        "partner": PARTNER,
        "participant_id": answer.participant_id,
        "class_code": answer.class_code,
        "title": f"Module {module}, presentation {presentation}",
        "institution": "Open University",
        "purchases": [
            {
                "purchase_id": f"{answer.class_code}-{student}",
                "purchased_at": answer.purchased_at,
                "package_code": None,
                "refunded_at": answer.refunded_at,
            }
        ],
        "purchase": "refunded" if answer.refunded_at else "active",
        "completion": {
            "state": answer.completion,
            "at": answer.completed_at,
            "percent": None,
            "units_done": 0,
        },
        "assessment": {
            "state": answer.assessment,
            "at": answer.assessed_at,
            "best_scaled": answer.best_scaled,
            "attempts": answer.attempts,
            "pre_test_scaled": None,
        },
        "review": None,
        "certificate": None,
        "satisfied": bool(answer.satisfied),
        "flags": [flag for flag in FLAGS if getattr(answer, flag)],
        # The university's courses have no price in its tables, and nobody's presence is recorded there.
        "money": {"paid": 0, "refunded": 0, "net": 0, "price_is": "unpriced"},
        "attendance": {"sessions": 0, "first_at": None, "last_at": None, "minutes": None},
    }


def assert_same(items: list[Item], wanted: list[Answer]) -> None:
    """Every answer once, with every field as the tables give it."""
    got = {(item["participant_id"], item["class_code"]): same_instants(item) for item in items}
    assert len(got) == len(items)
    due = {(one.participant_id, one.class_code): same_instants(expected(one)) for one in wanted}
    assert got.keys() == due.keys()
    for item in got.values():
        del item["history"]  # a link, which other tests follow
        del item["last_reported_at"]  # the tables' views do not say it
    wrong = [(got[place], due[place]) for place in due if got[place] != due[place]]
    assert wrong[:3] == [], f"{len(wrong)} of {len(due)} answers differ"


@pytest.mark.parametrize(
    "as_of", [END_OF_TIME, "2014-12-31T23:59:59Z", "2014-01-15T00:00:00Z"], ids=lambda at: at[:10]
)
def test_every_answer_is_what_the_tables_say(season: RunningSystem, as_of: str) -> None:
    when = {} if as_of == END_OF_TIME else {"as_of": as_of}
    assert_same(purchased_classes(season, **when), answers(as_of))


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        ({"class_code": "FFF-2013J"}, lambda answer: answer.class_code == "FFF-2013J"),
        ({"completion": "never_reported"}, lambda answer: answer.completion == "never_reported"),
        ({"assessment": "assessed"}, lambda answer: answer.assessment == "assessed"),
        ({"flag": "evidence_after_refund"}, lambda answer: answer.evidence_after_refund),
        (
            {"purchased_from": "2014-09-01T00:00:00Z", "purchased_to": "2014-09-15T00:00:00Z"},
            lambda answer: "2014-09-01T00" <= answer.purchased_at < "2014-09-15T00",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_each_filter_gives_its_part_page_by_page(
    season: RunningSystem, wanted: dict[str, str], holds: Any
) -> None:
    assert_same(paged(season, **wanted), [answer for answer in answers() if holds(answer)])


def test_every_record_was_accepted_or_known_already(season: RunningSystem) -> None:
    with asking(season) as client:
        intake = client.get("/v1/intake", params={"partner": PARTNER}).raise_for_status().json()
    totals = intake["totals"]
    assert totals["accepted"] == sum(1 for _ in partner_events.events(DATA_DIR))
    assert totals["duplicate"] == REPEATED
    assert totals["rejected"] == totals["unknown_fields"] == totals["lag"] == 0


def assert_evaluated(system: RunningSystem, path: str, of: list[Answer], **as_of: str) -> None:
    """Every figure of an evaluation, once the counts are added up."""
    with asking(system) as client:

        def answer() -> Item:
            found: Item = client.get(path, params=as_of).raise_for_status().json()
            return found

        system.wait_until(lambda: answer()["freshness"]["events"] == 0, "counts are added up")
        got = answer()
    due = evaluation(of)
    assert got["flags"] == dict.fromkeys(got["flags"], 0) | due.pop("flags")
    wanted = {name: pytest.approx(value) for name, value in due.items()}
    assert {name: got[name] for name in due} == wanted


def test_each_class_is_evaluated_as_the_tables_say(season: RunningSystem) -> None:
    everything = answers()
    for figure in by_class():
        of = [answer for answer in everything if answer.class_code == figure.class_code]
        assert_evaluated(season, f"/v1/classes/{PARTNER}/{figure.class_code}/evaluation", of)


@pytest.mark.parametrize("of", [f"partners/{PARTNER}", "institutions/Open University"])
def test_all_classes_are_evaluated_together(season: RunningSystem, of: str) -> None:
    assert_evaluated(season, f"/v1/{of}/evaluation", answers())


def test_evaluations_as_of_a_day_are_of_that_day(season: RunningSystem) -> None:
    as_of = "2014-12-31T23:59:59Z"
    path = f"/v1/partners/{PARTNER}/evaluation"
    assert_evaluated(season, path, answers(as_of), as_of=as_of)
