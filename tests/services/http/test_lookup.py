"""What became of many events, asked at once: by POST, and from a file by `tuntas events`."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli.app import application
from tests.services.http.conftest import EVALUATOR, TOKENS, Api, bearer
from tests.services.http.desk import Desk
from tests.services.http.test_events import completed, refused

PATH = "/v1/events/pintaria/lookup"


def ask(api: Api, body: object, token: str = EVALUATOR, path: str = PATH) -> Any:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api.ask(path, headers=bearer(token), method="POST", body=sent)


@pytest.fixture
def told(desk: Desk) -> None:
    """An accepted, a rejected and a repeated event."""
    lane = desk.lane("pintaria")
    desk.send(lane, completed("e-1"), refused("e-2"), completed("e-3"))
    desk.send(lane, completed("e-3"))


@pytest.mark.usefixtures("told")
def test_each_id_is_answered_in_the_order_asked(api: Api) -> None:
    answer = ask(api, {"event_ids": ["e-3", "e-9", "e-2", "e-1", "e-3"]}).json()
    assert [item["event_id"] for item in answer["items"]] == ["e-3", "e-9", "e-2", "e-1"]
    assert [item["outcome"] for item in answer["items"]] == [
        "accepted",
        "never_seen",
        "rejected",
        "accepted",
    ]
    assert answer["items"][0]["repeated"] == 1
    assert answer["outcomes"] == {"accepted": 2, "never_seen": 1, "rejected": 1}
    assert answer["freshness"]
    for item in answer["items"]:
        alone = api.get(f"/v1/events/pintaria/{item['event_id']}")
        assert {name: alone[name] for name in item} == item


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        {},
        {"event_ids": []},
        {"event_ids": "e-1"},
        {"event_ids": [1]},
        {"event_ids": [""]},
        {"event_ids": ["x" * 129]},
        {"event_ids": ["a\0b"]},
        {"event_ids": [f"e-{n}" for n in range(401)]},
        {"event_ids": ["e-1"], "also": 1},
    ],
    ids=ascii,
)
def test_another_body_is_refused(api: Api, body: object) -> None:
    answer = ask(api, body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["parameter"] in {"body", "event_ids"}


@pytest.mark.usefixtures("told")
def test_who_may_ask(api: Api) -> None:
    body = {"event_ids": ["e-1"]}
    assert ask(api, body, TOKENS["pintaria"]).status_code == 200
    assert ask(api, body, TOKENS["sisnaker"]).status_code == 403
    assert ask(api, body, "nobody").status_code == 401
    assert ask(api, body, path="/v1/events/nobody/lookup").status_code == 404


def test_an_event_may_be_called_lookup(desk: Desk, api: Api) -> None:
    desk.send(desk.lane("pintaria"), completed("lookup"))
    assert api.get("/v1/events/pintaria/lookup")["outcome"] == "accepted"
    assert ask(api, {"event_ids": ["lookup"]}).json()["outcomes"] == {"accepted": 1}
    assert ask(api, {}, path="/v1/partners").status_code == 405


def test_the_document_says_what_is_sent(api: Api) -> None:
    document = api.ask("/openapi.json").json()
    asked = document["paths"]["/v1/events/{partner}/lookup"]["post"]
    assert asked["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith(
        "/EventIds"
    )
    assert "EventIds" in document["components"]["schemas"]


@pytest.mark.usefixtures("told")
def test_a_file_of_ids_or_of_events(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNTAS_DATABASE_URL", database_url)
    file = tmp_path / "ids.txt"
    file.write_text('e-1\n\n{"id": "e-2", "type": "x"}\n{"type": "none"}\ne-9\n')
    ran = CliRunner().invoke(application(()), ["events", str(file), "--partner", "pintaria"])
    assert ran.exit_code == 1, ran.output
    found = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    assert [(one["event_id"], one["outcome"]) for one in found] == [
        ("e-1", "accepted"),
        ("e-2", "rejected"),
        ("e-9", "never_seen"),
    ]
    assert "1 accepted, 1 rejected, 1 never seen" in ran.output
    file.write_text("e-1\ne-3\n")
    assert (
        CliRunner()
        .invoke(application(()), ["events", str(file), "--partner", "pintaria"])
        .exit_code
        == 0
    )
