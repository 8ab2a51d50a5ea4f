"""Every answer says how far it is behind, and is never judged by an older catalogue than its rows."""

import time
from typing import Any

import pytest

from domain.events import (
    CLASS_STREAM,
    PARTICIPANT_STREAM,
    ClassAssessed,
    ClassPublished,
    PartnerEvent,
    PurchasePaid,
)
from services.http import sources
from tests.services.http.conftest import Api
from tests.services.http.desk import Desk

PEOPLE = "/v1/participants/PRK-1/classes"
WHO = f"{PARTICIPANT_STREAM}PRK-1"
BOUGHT = PartnerEvent("sisnaker", "1", 1, WHO, PurchasePaid("P-1", None, (("C-1", None),)))
RESULT = PartnerEvent("sisnaker", "2", 2, WHO, ClassAssessed("C-1", "post_test", raw=70))


def published(number: int, mastery_score: float) -> PartnerEvent:
    fact = ClassPublished("C-1", f"Edition {number}", "Here", mastery_score=mastery_score)
    return PartnerEvent("sisnaker", f"c{number}", number, f"{CLASS_STREAM}C-1", fact)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Freshness is read for every answer, so that a test need not wait for it."""
    monkeypatch.setattr(sources, "EXPIRED_SECONDS", -1.0)


def freshness(api: Api, path: str = "/v1/purchased-classes", **query: str) -> Any:
    return api.get(path, **query)["freshness"]


def test_what_kafka_holds_beyond_the_lanes_is_counted_per_partner(desk: Desk, api: Api) -> None:
    desk.send(desk.lane("sisnaker"), BOUGHT, waiting=5)
    desk.send(desk.lane("sisnaker", partition=1), RESULT, waiting=7)
    desk.send(desk.lane("pintaria"), waiting=0)
    desk.execute("UPDATE ledger.lane SET last_read = now() - interval '90 s' WHERE partition = 1")
    found = freshness(api)
    assert found["events"] == 12
    assert found["seconds"] == pytest.approx(90, abs=20)
    assert freshness(api, partner="sisnaker")["events"] == 12
    assert freshness(api, partner="pintaria") == {"events": 0, "seconds": 0.0}
    assert freshness(api, PEOPLE)["events"] == 12
    assert freshness(api, "/v1/purchases/sisnaker/P-1")["events"] == 12


def test_a_catalogue_change_that_rows_do_not_follow_yet_is_counted(desk: Desk, api: Api) -> None:
    lane = desk.lane("sisnaker")
    desk.send(lane, BOUGHT)
    assert freshness(api) == {"events": 0, "seconds": 0.0}
    desk.send(lane, published(1, 0.5))
    assert freshness(api)["events"] == 1
    assert freshness(api, partner="pintaria")["events"] == 0
    desk.follow_catalogue("sisnaker")
    assert freshness(api) == {"events": 0, "seconds": 0.0}


def test_answers_follow_the_catalogue_at_once(desk: Desk, api: Api) -> None:
    lane = desk.lane("sisnaker")
    desk.send(lane, BOUGHT, RESULT)
    (item,) = api.get(PEOPLE)["items"]
    assert (item["title"], item["assessment"]["state"]) == (None, "passed")
    for number, mastery_score, state in (
        (1, 0.8, "failed"),
        (2, 0.7, "passed"),
        (3, 0.9, "failed"),
    ):
        desk.send(lane, published(number, mastery_score))
        (item,) = api.get(PEOPLE)["items"]
        assert (item["title"], item["assessment"]["state"]) == (f"Edition {number}", state)
        (item,) = api.get("/v1/purchased-classes", partner="sisnaker")["items"]
        assert item["assessment"]["state"] == state


def test_a_list_shows_what_its_filter_says_even_before_rows_follow(desk: Desk, api: Api) -> None:
    lane = desk.lane("sisnaker")
    desk.send(lane, BOUGHT, RESULT)
    desk.send(lane, published(1, 0.8))
    assert api.get("/v1/purchased-classes", assessment="passed")["items"] == []
    desk.follow_catalogue("sisnaker")
    (item,) = api.get("/v1/purchased-classes", assessment="failed")["items"]
    assert item["class_code"] == "C-1"


def test_freshness_is_kept_for_half_a_second_at_most(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "EXPIRED_SECONDS", 0.5)
    lane = desk.lane("sisnaker")
    desk.send(lane, BOUGHT)
    assert freshness(api)["events"] == 0
    desk.send(lane, RESULT, waiting=3)
    deadline = time.monotonic() + 5
    written = time.monotonic()
    while freshness(api)["events"] != 3:
        assert time.monotonic() < deadline
    # The machine may be slow; what is shown is not kept longer than promised.
    assert time.monotonic() - written < 5
