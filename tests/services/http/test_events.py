"""What became of one event, told by its id."""

from typing import Any

from domain.errors import Reason, Refusal
from domain.events import ClassCompleted, PartnerEvent
from domain.vocabulary import PARTNER_IDS
from tests.services.http.conftest import TOKENS, Api, bearer
from tests.services.http.desk import Desk

HAPPENED = 1_593_483_300_000_000


def completed(event_id: str, class_code: str = "C-1") -> PartnerEvent:
    return PartnerEvent("pintaria", event_id, HAPPENED, "p:PRK-1", ClassCompleted(class_code))


def refused(event_id: str | None) -> Refusal:
    return Refusal(Reason.INVALID_DATA, "`data.rating` must be a whole number.", event_id)


def fate(api: Api, event_id: str) -> Any:
    return api.get(f"/v1/events/pintaria/{event_id}")


def test_an_accepted_event_says_where_it_stands(desk: Desk, api: Api) -> None:
    lane = desk.lane("pintaria", partition=3)
    desk.send(lane, completed("other"), completed("e-1"))
    desk.send(lane, completed("e-1"), completed("e-1"))
    found = fate(api, "e-1")
    accepted = found.pop("accepted")
    assert accepted.pop("recorded").endswith("Z")
    assert accepted == {
        "topic": "tuntas.partner.pintaria",
        "partition": 3,
        "offset": 1,
        "type": "id.tuntas.class.completed.v1",
        "happened": "2020-06-30T02:15:00Z",
    }
    assert [place["offset"] for place in found.pop("repeats")] == [3, 2]
    assert found.pop("freshness")
    assert found.pop("as_of").endswith("Z")
    assert found == {
        "partner": "pintaria",
        "event_id": "e-1",
        "outcome": "accepted",
        "repeated": 2,
        "rejected": 0,
        "rejections": [],
    }


def test_a_rejected_event_says_why_until_it_is_accepted(desk: Desk, api: Api) -> None:
    lane = desk.lane("pintaria")
    desk.send(lane, refused("e-1"), refused(None), refused("e-2"))
    found = fate(api, "e-1")
    assert (found["outcome"], found["accepted"], found["rejected"]) == ("rejected", None, 1)
    (rejection,) = found["rejections"]
    assert (rejection["reason"], rejection["offset"]) == ("invalid_data", 0)
    assert rejection["resolved"] is False

    desk.send(lane, completed("e-1"))
    found = fate(api, "e-1")
    assert (found["outcome"], found["rejected"]) == ("accepted", 1)
    assert found["rejections"][0]["resolved"] is True
    assert fate(api, "e-2")["rejections"][0]["resolved"] is False


def test_a_conflict_after_the_acceptance_is_not_resolved_by_it(desk: Desk, api: Api) -> None:
    lane = desk.lane("pintaria")
    desk.send(lane, completed("e-1"), completed("e-1", "C-2"))
    desk.send(lane, completed("e-1", "C-3"))
    found = fate(api, "e-1")
    assert found["outcome"] == "accepted"
    assert [(r["reason"], r["offset"], r["resolved"]) for r in found["rejections"]] == [
        ("id_conflict", 2, False),
        ("id_conflict", 1, False),
    ]


def test_an_event_that_nobody_sent_was_never_seen(desk: Desk, api: Api) -> None:
    desk.send(desk.lane("bukalapak"), refused("e-1"))
    found = fate(api, "e-1")
    assert (found["outcome"], found["repeated"], found["rejected"]) == ("never_seen", 0, 0)


def test_ids_with_odd_characters_are_found(desk: Desk, api: Api) -> None:
    odd = "a/b c?d=1&é"
    desk.send(desk.lane("pintaria"), completed(odd))
    assert fate(api, "a%2Fb%20c%3Fd%3D1%26%C3%A9")["outcome"] == "accepted"


def test_a_partner_asks_for_its_own_events_only(desk: Desk, api: Api) -> None:
    desk.send(desk.lane("pintaria"), completed("e-1"))
    path = "/v1/events/pintaria/e-1"
    assert api.ask(path, headers=bearer(TOKENS["pintaria"])).status_code == 200
    assert api.ask(path, headers=bearer(TOKENS["bukalapak"])).status_code == 403
    assert api.ask("/v1/events/nobody/e-1", headers=bearer()).status_code == 404
    assert api.ask(f"/v1/events/pintaria/{'x' * 300}", headers=bearer()).status_code == 422


def test_rejections_are_found_by_id_time_and_whether_they_are_resolved(
    desk: Desk, api: Api
) -> None:
    lane = desk.lane("pintaria")
    desk.send(lane, refused("e-1"), refused("e-2"), refused(None), refused("e-1"))
    desk.send(lane, completed("e-1"))
    desk.send(lane, completed("e-1", "C-2"))

    def offsets(**query: str) -> list[int]:
        return [item["offset"] for item in api.get("/v1/rejections", **query)["items"]]

    assert offsets() == [5, 3, 2, 1, 0]
    assert offsets(event_id="e-1") == [5, 3, 0]
    assert offsets(event_id="e-1", resolved="true") == [3, 0]
    assert offsets(resolved="true") == [3, 0]
    assert offsets(resolved="false") == [5, 2, 1]
    assert offsets(event_id="e-1", reason="id_conflict") == [5]
    assert offsets(event_id="unknown") == []
    recorded = [item["recorded"] for item in api.get("/v1/rejections")["items"]]
    assert offsets(until=recorded[0]) == [3, 2, 1, 0]
    assert offsets(since=recorded[0]) == [5]
    page = api.get("/v1/rejections", event_id="e-1", limit="2")
    assert [item["offset"] for item in page["items"]] == [5, 3]
    assert offsets(event_id="e-1", cursor=page["next_cursor"]) == [0]
    assert PARTNER_IDS["pintaria"] == 4
