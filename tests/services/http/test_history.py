"""The history of an answer: each event behind it, where it stands in Kafka, and the state after it."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.events import (
    CLASS_STREAM,
    PACKAGE_STREAM,
    PARTICIPANT_STREAM,
    ClassAssessed,
    ClassCompleted,
    ClassProgressed,
    ClassPublished,
    EventVoided,
    Fact,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from services.simulator.expected import Expected
from tests.services.http.conftest import Api
from tests.services.http.desk import Desk

PARTNER = "tokopedia"
DAY = 86_400_000_000
START = 1_590_969_600_000_000
"""2020-06-01T00:00:00Z."""
HISTORY = f"/v1/participants/PRK-1/classes/{PARTNER}/C-1/history"


def event(number: int, fact: Fact, stream: str = f"{PARTICIPANT_STREAM}PRK-1") -> PartnerEvent:
    """Event ``e<number>``, which happened on that day."""
    return PartnerEvent(PARTNER, f"e{number}", START + number * DAY, stream, fact)


def day(number: int) -> str:
    return datetime.fromtimestamp((START + number * DAY) / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


STORY = (
    event(1, PurchasePaid("INV/1", None, (("C-1", 150_000), ("C-2", None)), 400_000)),
    event(2, ClassProgressed("C-1", percent=40)),
    event(3, ClassProgressed("C-2", percent=90)),
    event(4, ClassAssessed("C-1", "post_test", raw=8, minimum=0, maximum=10)),
    event(5, ClassCompleted("C-1")),
    event(6, EventVoided("e5", "reported for somebody else")),
    event(7, PurchaseRefunded("INV/1", ("C-2",), "not wanted")),
    event(8, PurchaseRefunded("INV/1", ("C-1",), "not wanted")),
)


def states(items: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [
        (
            item["state"]["purchase"],
            item["state"]["completion"]["state"],
            item["state"]["assessment"]["state"],
        )
        for item in items
    ]


def test_events_that_concern_the_class_stand_in_the_order_in_which_they_happened(
    desk: Desk, api: Api
) -> None:
    desk.send(desk.lane(PARTNER, partition=3), *reversed(STORY))
    answer = api.get(HISTORY)
    items = answer["items"]
    assert [item["id"] for item in items] == ["e1", "e2", "e4", "e5", "e6", "e8"]
    assert [item["happened"] for item in items] == [day(n) for n in (1, 2, 4, 5, 6, 8)]
    assert [item["offset"] for item in items] == [7, 6, 4, 3, 2, 0]
    assert {(item["topic"], item["partition"]) for item in items} == {
        ("tuntas.partner.tokopedia", 3)
    }
    assert states(items) == [
        ("active", "never_reported", "not_assessed"),
        ("active", "in_progress", "not_assessed"),
        ("active", "in_progress", "passed"),
        ("active", "completed", "passed"),
        ("active", "in_progress", "passed"),
        ("refunded", "in_progress", "passed"),
    ]
    (current,) = (
        item
        for item in api.get("/v1/participants/PRK-1/classes")["items"]
        if item["class_code"] == "C-1"
    )
    assert items[-1]["state"] == current
    assert current["history"] == HISTORY
    assert answer.keys() == {
        "participant_id",
        "partner",
        "class_code",
        "items",
        "next_cursor",
        "as_of",
        "known_at",
        "freshness",
    }


def test_events_are_shown_in_the_words_of_the_contract(desk: Desk, api: Api) -> None:
    desk.send(desk.lane(PARTNER), *STORY)
    paid, progressed, assessed, completed, voided, refunded = api.get(HISTORY)["items"]
    assert paid["type"] == "id.tuntas.purchase.paid.v1"
    assert paid["data"] == {
        "participant_id": "PRK-1",
        "purchase_id": "INV/1",
        "items": [{"class_code": "C-1", "price": 150_000}, {"class_code": "C-2"}],
        "amount": 400_000,
    }
    assert progressed["data"] == {"participant_id": "PRK-1", "class_code": "C-1", "percent": 40}
    assert assessed["type"] == "id.tuntas.class.assessed.v1"
    assert assessed["data"] == {
        "participant_id": "PRK-1",
        "class_code": "C-1",
        "kind": "post_test",
        "score": {"raw": 8, "min": 0, "max": 10},
    }
    assert (completed["voided_at"], completed["voided_by"]) == (day(6), "e6")
    assert voided["data"]["target_id"] == "e5"
    assert refunded["data"]["class_codes"] == ["C-1"]
    assert all(item["voided_by"] is None for item in (paid, progressed, assessed, voided))


def test_as_of_leaves_out_what_happened_later(desk: Desk, api: Api) -> None:
    desk.send(desk.lane(PARTNER), *STORY)
    items = api.get(HISTORY, as_of=day(5))["items"]
    assert [item["id"] for item in items] == ["e1", "e2", "e4", "e5"]
    assert items[-1]["voided_at"] is None
    assert states(items)[-1] == ("active", "completed", "passed")
    assert api.status(HISTORY, as_of=day(0)) == 404


def test_known_at_leaves_out_what_was_recorded_later(desk: Desk, api: Api) -> None:
    lane = desk.lane(PARTNER)
    mild = ClassPublished("C-1", "A class", "An institution", mastery_score=0.5)
    desk.send(lane, event(0, mild, f"{CLASS_STREAM}C-1"), *STORY[:4])
    known_at = datetime.fromtimestamp(time.time(), UTC).isoformat()
    strict = ClassPublished("C-1", "A class", "An institution", mastery_score=0.9)
    desk.send(lane, event(9, strict, f"{CLASS_STREAM}C-1"), *STORY[4:])
    assert states(api.get(HISTORY)["items"])[-1] == ("refunded", "in_progress", "failed")
    answer = api.get(HISTORY, known_at=known_at)
    assert [item["id"] for item in answer["items"]] == ["e1", "e2", "e4"]
    assert states(answer["items"])[-1] == ("active", "in_progress", "passed")
    assert answer["known_at"] == known_at.replace("+00:00", "Z")


def test_a_package_purchase_is_in_the_history_of_its_classes(desk: Desk, api: Api) -> None:
    desk.send(
        desk.lane(PARTNER),
        event(1, PurchasePaid("INV-2", "K-1")),
        event(2, PurchasePaid("INV-3", "K-2")),
        event(3, PurchaseRefunded("INV-2")),
        event(4, PurchaseRefunded("INV-3")),
        event(5, PackagePublished("K-1", "Both", ("C-1", "C-2")), f"{PACKAGE_STREAM}K-1"),
        event(6, PackagePublished("K-2", "Others", ("C-3",)), f"{PACKAGE_STREAM}K-2"),
    )
    assert [item["id"] for item in api.get(HISTORY)["items"]] == ["e1", "e3"]


def test_a_long_history_is_read_page_by_page(desk: Desk, api: Api) -> None:
    desk.send(desk.lane(PARTNER), *STORY)
    whole = api.get(HISTORY)["items"]
    assert api.items(HISTORY, limit=1) == whole
    assert api.items(HISTORY, limit=4) == whole
    assert api.get(HISTORY, limit=6)["next_cursor"] is None


def test_of_a_class_that_nobody_spoke_of_there_is_no_history(desk: Desk, api: Api) -> None:
    desk.send(desk.lane(PARTNER), *STORY)
    for path in (
        f"/v1/participants/PRK-2/classes/{PARTNER}/C-1/history",
        f"/v1/participants/PRK-1/classes/{PARTNER}/C-9/history",
        "/v1/participants/PRK-1/classes/pintaria/C-1/history",
        "/v1/participants/PRK-1/classes/nobody/C-1/history",
    ):
        assert api.status(path) == 404


@pytest.mark.parametrize("purchase", ["active", "refunded", "none"])
def test_the_state_after_the_last_event_is_the_answer(
    season_api: Api, expected: Expected, purchase: str
) -> None:
    judged = [each for each in expected.purchased_classes if each["purchase"] == purchase]
    for each in judged[:: max(len(judged) // 40, 1)]:
        path = f"/v1/participants/{each['participant_id']}/classes"
        (answer,) = (
            item
            for item in season_api.get(path, purchase=purchase, partner=each["partner"])["items"]
            if item["class_code"] == each["class_code"]
        )
        items = season_api.get(answer["history"])["items"]
        assert items[-1]["state"] == answer
        assert [item["happened"] for item in items] == sorted(item["happened"] for item in items)
