"""Paths: each name is one part, a slash within it is sent as %2F, and finding takes time linear in the length."""

import time
from urllib.parse import quote

import pytest

from domain.events import (
    PARTICIPANT_STREAM,
    ClassCompleted,
    ClassPublished,
    PartnerEvent,
    PurchasePaid,
)
from services.http.paths import Paths
from services.http.problems import Problem
from tests.services.http.conftest import Api, bearer
from tests.services.http.desk import Desk

NAMES = ("a/b", "/", "//", "a/classes/b", "%2F", "a b", "a?b#c", "é/ü", "classes/history")


@pytest.fixture
def told(desk: Desk) -> Desk:
    """One class, bought and completed, for each name."""
    lane = desk.lane("tokopedia")
    for number, name in enumerate(NAMES):
        who = f"{PARTICIPANT_STREAM}{name}"
        desk.send(
            lane,
            PartnerEvent("tokopedia", f"p{number}", 1, who, PurchasePaid(name, None, ((name, 1),))),
            PartnerEvent("tokopedia", f"c{number}", 2, who, ClassCompleted(name)),
        )
    desk.follow_catalogue("tokopedia")
    desk.add_up()
    return desk


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_reached_percent_encoded(api: Api, name: str) -> None:
    sent = quote(name, safe="")
    (item,) = api.get(f"/v1/participants/{sent}/classes")["items"]
    assert (item["participant_id"], item["class_code"]) == (name, name)
    history = api.get(item["history"])
    assert [event["id"] for event in history["items"]] == [
        f"p{NAMES.index(name)}",
        f"c{NAMES.index(name)}",
    ]
    assert api.get(f"/v1/purchases/tokopedia/{sent}")["purchase_id"] == name
    assert api.get(f"/v1/classes/tokopedia/{sent}/evaluation")["class_code"] == name


@pytest.mark.parametrize(
    "path",
    [
        "/v1/participants/" + "/classes/a/" * 5_500,
        "/v1/participants" + "/classes" * 8_000,
        "/v1/classes/tokopedia/" + "a/evaluation/" * 5_000,
        "/participants/" + "/classes/a/" * 5_500,
        "/" + "%2F" * 20_000,
    ],
)
def test_a_long_path_is_refused_without_effort(season_api: Api, path: str) -> None:
    season_api.ask("/v1/nothing")
    for headers in ({}, bearer()):
        began = time.process_time()
        answer = season_api.ask(path, headers=headers)
        assert time.process_time() - began < 0.2
        assert answer.status_code in {401, 404}


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/intake/", "/v1/", "/v1/participants/a/b/c"])
def test_who_sends_no_token_does_not_learn_what_there_is(season_api: Api, path: str) -> None:
    assert season_api.ask(path).status_code == 401
    assert season_api.ask(path, headers=bearer()).status_code == 404


def test_paths_are_found_by_their_parts() -> None:
    paths = Paths({"/": 0, "/a/{one}": 1, "/a/b": 2, "/a/{one}/c/{two}": 3})
    assert paths.find(b"/") == (0, {})
    assert paths.find(b"/a/x") == (1, {"one": "x"})
    assert paths.find(b"/%61/b") == (1, {"one": "b"})
    assert paths.find(b"/a/x%2Fc%2Fy/c/z") == (3, {"one": "x/c/y", "two": "z"})
    for nothing in (b"", b"/a", b"/a/x/", b"/a/x/c", b"/a/x/d/y", b"//a/x", b"a/x", b"/a/x/c/y/z"):
        assert paths.find(nothing) is None, nothing
    for name in (b"/a/", b"/a/%00", b"/a/%FF", b"/a/\xff", b"/a/%ED%A0%80"):
        with pytest.raises(Problem) as refused:
            paths.find(name)
        assert refused.value.status == 404


def test_a_mistyped_page_is_told_to_people_as_a_page(season_api: Api) -> None:
    for path in ("/instituions", "/participants/x", "/institutions/", "/favicon.ico"):
        answer = season_api.ask(path, headers={"Accept": "text/html,*/*;q=0.8"})
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "there is no page at this address" in answer.text
        assert season_api.ask(path).headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/login", "/v1/intake", "/livez", "/readyz", "/openapi.json"])
def test_a_head_is_an_answer_without_a_body(season_api: Api, path: str) -> None:
    found = season_api.ask(path, headers=bearer())
    asked = season_api.ask(path, headers=bearer(), method="HEAD")
    assert asked.status_code == found.status_code
    assert asked.headers["content-type"] == found.headers["content-type"]


def test_an_institution_whose_name_holds_a_slash_is_reached(api: Api, desk: Desk) -> None:
    lane = desk.lane("tokopedia")
    desk.send(
        lane,
        PartnerEvent("tokopedia", "1", 1, "c:a/b", ClassPublished("a/b", "A", "In/stitution")),
    )
    desk.follow_catalogue("tokopedia")
    desk.add_up()
    answer = api.get("/v1/institutions/In%2Fstitution/evaluation")
    assert answer["institution"] == "In/stitution"
