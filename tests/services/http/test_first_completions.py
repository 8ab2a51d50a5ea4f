"""First completions over HTTP: across partners, for evaluators only, as the oracle's rows say, now and as of then."""

from typing import Any

import pytest

from domain.events import (
    CertificateIssued,
    ClassCompleted,
    ClassReviewed,
    Fact,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from services.simulator.expected import Expected
from tests.services.http.conftest import TOKENS, Api, bearer
from tests.services.http.desk import Desk

PATH = "/v1/first-completions"
DAY = 86_400_000_000
MAY = 1_588_291_200_000_000
"""2020-05-01T00:00:00Z."""
Items = list[dict[str, Any]]


def of_rows(rows: Items, partners: list[str]) -> dict[str, dict[str, Any]]:
    """Each person's state, first class and what it lacks, worked out from the rows of purchased classes."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["purchase"] != "none":
            found.setdefault(row["participant_id"], {"state": "none", "rows": []})
        if row["purchase"] == "active" and row["completion"]["state"] == "completed":
            found[row["participant_id"]]["rows"].append(row)
    for person in found.values():
        done = sorted(
            person.pop("rows"),
            key=lambda row: (
                row["completion"]["at"],
                partners.index(row["partner"]),
                row["class_code"],
            ),
        )
        if not done:
            continue
        first = done[0]
        lacking = [name for name in ("certificate", "review") if first[name] is None]
        person.update(
            state="missing" if lacking else "ready",
            missing=lacking,
            partner=first["partner"],
            class_code=first["class_code"],
            completed_at=first["completion"]["at"],
        )
    return found


@pytest.fixture(scope="module")
def partners(season_api: Api) -> list[str]:
    return [each["partner"] for each in season_api.get("/v1/partners")["items"]]


@pytest.fixture(scope="module")
def listed(season_api: Api) -> Items:
    return season_api.items(PATH, limit=1000)


def told_of(item: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in wanted}


def test_everybody_who_bought_a_class_is_listed_once_with_their_first_completion(
    listed: Items, expected: Expected, partners: list[str]
) -> None:
    wanted = of_rows(list(expected.purchased_classes), partners)
    assert {each["participant_id"] for each in listed} == wanted.keys()
    assert len(listed) == len(wanted)
    assert {each["state"] for each in listed} == {"ready", "missing", "none"}
    for item in listed:
        of = wanted[item["participant_id"]]
        assert told_of(item, of) == of


@pytest.mark.parametrize("state", ["ready", "missing", "none"])
def test_states_narrow_the_list(season_api: Api, listed: Items, state: str) -> None:
    wanted = [each for each in listed if each["state"] == state]
    assert wanted
    assert season_api.items(PATH, state=state, limit=11) == wanted


def test_times_narrow_the_list(season_api: Api, listed: Items) -> None:
    since, until = "2020-06-01T00:00:00Z", "2020-08-01T00:00:00Z"
    wanted = [each for each in listed if each["since"] and since <= each["since"] < until]
    assert wanted
    query = {"from": since, "to": until}
    assert season_api.items(PATH, limit=300, **query) == wanted
    ready = [each for each in wanted if each["state"] == "ready"]
    assert season_api.items(PATH, state="ready", limit=300, **query) == ready


def test_a_person_is_answered_as_in_the_list(season_api: Api, listed: Items) -> None:
    for item in listed[::23]:
        path = f"/v1/participants/{item['participant_id']}/first-completion"
        answer = season_api.get(path)
        assert {name: answer[name] for name in item} == item
        assert answer["freshness"]["events"] is not None or answer["freshness"]["unknown"]
    nobody = season_api.get("/v1/participants/PRK-nobody/first-completion")
    assert (nobody["state"], nobody["since"], nobody["missing"]) == ("none", None, [])


@pytest.mark.parametrize("instant", ["2020-06-20T00:00:00Z", "2020-09-01T00:00:00Z"])
def test_as_of_an_instant_it_is_the_answer_of_then(
    season_api: Api, partners: list[str], instant: str
) -> None:
    rows = season_api.items("/v1/purchased-classes", as_of=instant, limit=1000)
    wanted = of_rows(rows, partners)
    found = season_api.items(PATH, as_of=instant, limit=400)
    assert {each["participant_id"] for each in found} == wanted.keys()
    for item in found:
        of = wanted[item["participant_id"]]
        assert told_of(item, of) == of
        assert item["state"] != "ready" or item["since"] <= instant
    ready = [each for each in found if each["state"] == "ready"]
    assert season_api.items(PATH, as_of=instant, state="ready", limit=400) == ready


@pytest.mark.parametrize("path", [PATH, "/v1/participants/PRK-1/first-completion"])
def test_partners_are_refused_and_so_is_who_has_no_token(season_api: Api, path: str) -> None:
    for token in TOKENS.values():
        answer = season_api.ask(path, headers=bearer(token))
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
    assert season_api.ask(path).status_code == 401
    documented = season_api.ask("/openapi.json").json()["paths"]
    assert all("403" in documented[of]["get"]["responses"] for of in documented if "first-" in of)


@pytest.mark.parametrize(
    "query",
    [
        {"state": "paid"},
        {"from": "2020-06-01"},
        {"to": ""},
        {"partner": "pintaria"},
        {"as_of": "x"},
    ],
)
def test_what_cannot_be_understood_is_refused(season_api: Api, query: dict[str, str]) -> None:
    answer = season_api.ask(PATH, query, bearer())
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == next(iter(query))


@pytest.mark.parametrize("media", ["text/csv", "application/x-ndjson"])
def test_files_hold_everybody(season_api: Api, listed: Items, media: str) -> None:
    answer = season_api.ask(PATH, None, bearer() | {"Accept": media})
    assert len(answer.text.splitlines()) == len(listed) + (media == "text/csv")


def test_the_first_is_found_across_partners(desk: Desk, api: Api) -> None:
    numbers = iter(range(100))

    def event(partner: str, day: int, fact: Fact) -> PartnerEvent:
        return PartnerEvent(partner, f"e-{next(numbers)}", MAY + day * DAY, "p:PRK-1", fact)

    def item(code: str) -> tuple[tuple[str, int], ...]:
        return ((code, 100),)

    later = desk.lane("pintaria")
    desk.send(
        later,
        event("pintaria", 1, PurchasePaid("1", None, item("C-1"), 100)),
        event("pintaria", 9, ClassCompleted("C-1")),
        event("pintaria", 10, CertificateIssued("C-1", "n")),
        event("pintaria", 11, ClassReviewed("C-1", 5)),
    )
    path = "/v1/participants/PRK-1/first-completion"
    answer = api.get(path)
    assert (answer["state"], answer["partner"], answer["since"]) == (
        "ready",
        "pintaria",
        "2020-05-12T00:00:00Z",
    )
    desk.send(
        desk.lane("tokopedia"),
        event("tokopedia", 1, PurchasePaid("1", None, item("C-7"), 100)),
        event("tokopedia", 5, ClassCompleted("C-7")),
    )
    answer = api.get(path)
    assert (answer["state"], answer["partner"], answer["class_code"]) == (
        "missing",
        "tokopedia",
        "C-7",
    )
    assert answer["missing"] == ["certificate", "review"]
    assert answer["instead"] == {
        "partner": "pintaria",
        "class_code": "C-1",
        "since": "2020-05-12T00:00:00Z",
    }
    assert api.items(PATH) == [{name: answer[name] for name in api.items(PATH)[0]}]


def test_what_was_given_back_later_counted_until_then(desk: Desk, api: Api) -> None:
    facts: list[tuple[int, Fact]] = [
        (1, PurchasePaid("1", None, (("C-1", 100),), 100)),
        (5, ClassCompleted("C-1")),
        (6, CertificateIssued("C-1", "n")),
        (9, ClassReviewed("C-1", 5)),
        (20, PurchaseRefunded("1")),
    ]
    events = [
        PartnerEvent("pintaria", f"e-{day}", MAY + day * DAY, "p:PRK-1", fact)
        for day, fact in facts
    ]
    desk.send(desk.lane("pintaria"), *events)
    desk.add_up()
    for as_of, state in (("2020-05-08", "missing"), ("2020-05-12", "ready"), (None, "none")):
        for asked in ("missing", "ready", "none"):
            query = {"state": asked} | ({"as_of": f"{as_of}T00:00:00Z"} if as_of else {})
            assert len(api.items(PATH, **query)) == (asked == state), (as_of, asked)
